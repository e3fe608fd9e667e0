"""`python -m services.ingress`."""

import asyncio

from services.ingress.app import main

asyncio.run(main())
