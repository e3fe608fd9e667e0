"""Start the sender."""

import asyncio

from services.sender.app import main

asyncio.run(main())
