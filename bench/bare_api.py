"""The baseline of control: the same server and framework, answering every question with nothing."""

from __future__ import annotations

import asyncio
import os

from fastapi import FastAPI

from services.control.server import listen
from switchboard.lifecycle import run_until_signalled


async def main() -> None:
    """Serve until told to stop."""
    api = FastAPI(openapi_url=None)

    @api.get("/{path:path}")
    async def nothing(path: str) -> dict[str, str]:
        return {"asked": path}

    port = int(os.environ["CONTROL_PORT"])
    async with listen(api, host="127.0.0.1", port=port, finish_s=10) as server:
        await run_until_signalled(server, drain_s=10)


if __name__ == "__main__":
    asyncio.run(main())
