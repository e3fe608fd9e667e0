"""Listening, and finishing what was begun when told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from switchboard.errors import Failure

_BACKLOG: Final = 2048


class CannotListen(Failure):
    """The address is taken, or not ours to take."""

    reason = "cannot_listen"


class _Server(uvicorn.Server):
    """Uvicorn, without its own idea of signals: the process has one already."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    Serves until told to stop; then takes no more connections and answers those it has.

    `port` is the one it listens on, also where the system chose it.
    """

    app: ASGIApp
    listener: socket.socket
    finish_s: float
    name: str = "server"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.listener.getsockname()[1])

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then return when the last request is answered or out of time."""
        server = _Server(
            uvicorn.Config(
                self.app,
                lifespan="off",  # what is open is opened by `assemble`
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=max(1, int(self.finish_s)),
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self.listener]), name="uvicorn")
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await serving
        finally:
            stopped.cancel()
            serving.cancel()


@contextlib.asynccontextmanager
async def listen(app: ASGIApp, *, host: str, port: int, finish_s: float) -> AsyncIterator[Server]:
    """
    Listen; `app` is served once the server runs, and whoever connects before then waits.

    Raises:
        CannotListen: Naming the setting to change.
    """
    try:
        listener = _listener(host, port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(
            f"CONTROL_HOST, CONTROL_PORT: cannot listen on {host}:{port}: {why}"
        ) from error
    with listener:
        yield Server(app=app, listener=listener, finish_s=finish_s)


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
