"""Start the router."""

import asyncio

from services.router.app import main

asyncio.run(main())
