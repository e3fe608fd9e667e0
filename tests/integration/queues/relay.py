"""A wire between a client and a server that a test can cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Relay:
    """
    Passes bytes on to `host`:`port` while it is whole.

    `cut` drops every connection and every new one, as a server does that is being restarted;
    `freeze` keeps connections and passes nothing on, as a network does that swallows packets.
    """

    host: str
    port: int
    url: str = ""
    dropped: int = 0
    drops: asyncio.Condition = field(default_factory=asyncio.Condition)
    _whole: bool = True
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Drop all connections, now and until `mend`."""
        self._whole = False
        for writer in self._open:
            writer.transport.abort()

    def freeze(self) -> None:
        """Pass nothing on until `mend`."""
        self._flowing.clear()

    def mend(self) -> None:
        """Be whole again."""
        self._whole = True
        self._flowing.set()

    async def dropped_again(self, times: int) -> None:
        """Wait until `times` more connections were dropped."""
        async with self.drops:
            enough = self.dropped + times
            await self.drops.wait_for(lambda: self.dropped >= enough)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if not self._whole:
            writer.transport.abort()
            async with self.drops:
                self.dropped += 1
                self.drops.notify_all()
            return
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(self.host, self.port)
            self._open |= {writer, back}
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            finally:
                self._open -= {writer, back}
                for end in (writer, back):
                    end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def open_relay(target: str) -> AsyncIterator[Relay]:
    """Serve a relay to the server at the URL `target`."""
    parts = urlsplit(target)
    relay = Relay(parts.hostname or "127.0.0.1", parts.port or 80)
    relay.mend()
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield relay
        relay.mend()
        relay.cut()
