"""A server that answers SendMessageBatch at once and keeps nothing: the client's cost alone."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    """Say that every message was stored."""
    entries = json.loads(await request.read()).get("Entries", [])
    stored = [
        {"Id": entry["Id"], "MessageId": f"m-{entry['Id']}", "MD5OfMessageBody": "0" * 32}
        for entry in entries
    ]
    return web.json_response(
        {"Successful": stored, "Failed": []}, content_type="application/x-amz-json-1.0"
    )


async def main() -> None:
    """Serve on a port the kernel chooses, print it, and go on until standard input closes."""
    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
