"""The baseline of the caretaker: page after page of comments is read, and nothing is done."""

from __future__ import annotations

import asyncio
import os
import sys

from aiohttp import ClientSession, web

from bench.busy_post import POST

_PAUSE_S = 0.2


async def main() -> None:
    """Read on whenever there is something new, and listen on the port given, until told to stop."""
    graph, runner = os.environ["META_GRAPH_URL"], web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    async with ClientSession() as http:
        while True:
            async with http.get(f"{graph}/v26.0/{POST}/comments") as answer:
                page = await answer.json()
            if "paging" not in page:
                await asyncio.sleep(_PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main())
