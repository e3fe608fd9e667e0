"""A client that costs little: prepared requests over kept-alive connections, answers counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What a load did: answers by status, and how long it took."""

    statuses: dict[int, int]
    elapsed_s: float
    latencies_ms: list[float]


async def post_all(host: str, port: int, requests: Sequence[bytes], *, connections: int) -> Load:
    """Send `requests` (whole HTTP/1.1 requests) over `connections`; return what came back."""
    waiting = list(reversed(requests))
    statuses: dict[int, int] = {}
    latencies_ms: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while waiting:
            request = waiting.pop()
            began = time.perf_counter()
            writer.write(request)
            status = await _answer(reader)
            latencies_ms.append((time.perf_counter() - began) * 1000)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return Load(statuses, time.perf_counter() - began, latencies_ms)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            await reader.readexactly(int(value))
    return status
