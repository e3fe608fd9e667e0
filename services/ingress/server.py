"""Listening, and finishing what was begun when told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from switchboard.errors import Failure


class CannotListen(Failure):
    """The address is taken, or not ours to take."""

    reason = "cannot_listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    Serves until told to stop; then takes no more connections and answers those it has.

    `port` is the one it listens on, also where the system chose it.
    """

    runner: web.AppRunner
    port: int
    name: str = "server"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then return when the last request is answered."""
        await stop.wait()
        await self.runner.cleanup()


@contextlib.asynccontextmanager
async def listen(
    app: web.Application, *, host: str, port: int, answer_budget_s: float
) -> AsyncIterator[Server]:
    """
    Listen, and serve `app` from then on.

    Bodies are left as they came (`auto_decompress=False`): a signature is over those bytes.
    No request takes longer than `answer_budget_s`, so stopping does not either.

    Raises:
        CannotListen: Naming the setting to change.
    """
    runner = web.AppRunner(
        app, access_log=None, auto_decompress=False, shutdown_timeout=answer_budget_s
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise CannotListen(
                f"INGRESS_HOST, INGRESS_PORT: cannot listen on {host}:{port}: {why}"
            ) from error
        yield Server(runner=runner, port=runner.addresses[0][1])
    finally:
        await runner.cleanup()
