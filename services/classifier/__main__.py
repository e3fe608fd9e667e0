"""`python -m services.classifier`."""

import asyncio

from services.classifier.app import main

asyncio.run(main())
