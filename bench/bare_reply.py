"""The floor of the latency: a handler that answers each message at once and keeps nothing."""

from __future__ import annotations

import asyncio
import os
import sys

from aiohttp import ClientSession, web


async def main() -> None:
    """Serve on the port given, until told to stop."""
    graph, token, port = os.environ["GRAPH_URL"], os.environ["TOKEN"], int(sys.argv[1])
    async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:

        async def reply(request: web.Request) -> web.Response:
            body = await request.json()
            for entry in body["entry"]:
                for item in entry.get("messaging", []):
                    if "message" in item and not item["message"].get("is_echo"):
                        answer = {
                            "recipient": {"id": item["sender"]["id"]},
                            "message": {"text": "12 euros"},
                        }
                        async with http.post(f"{graph}/v26.0/{entry['id']}/messages", json=answer):
                            pass
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_post("/webhooks/instagram", reply)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
