"""`python -m services.control`."""

import asyncio

from services.control.app import main

asyncio.run(main())
