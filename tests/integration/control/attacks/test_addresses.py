"""An owner's webhook that names one of our own machines, however it is spelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from switchboard.hooks import Hook, HookFailed, HookForbidden, new_secret, open_hooks

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "someone@127.0.0.1",
    "example.com@127.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1%25lo]",
    "[fd00::1]",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
]


@pytest.fixture
async def knocks() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A machine of ours that listens on all it has; its port, and who came."""
    came: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


@pytest.mark.parametrize("host", SPELLINGS)
async def test_nobody_is_called(host: str, knocks: tuple[int, list[bytes]]) -> None:
    """It is refused before a byte is sent, or does not resolve; nobody hears of it."""
    port, came = knocks
    hook = Hook("ping", f"https://{host}:{port}/latest/meta-data", b"{}")

    async with open_hooks(call_budget_s=5.0) as hooks:
        with pytest.raises((HookForbidden, HookFailed)):
            await hooks.try_out(hook, secret=new_secret(), at=datetime.now(UTC))

    assert [] == came


async def test_somebody_would_hear(knocks: tuple[int, list[bytes]]) -> None:
    """Where private addresses are allowed, it is called: so the test above would notice."""
    port, came = knocks
    hook = Hook("ping", f"http://127.0.0.1:{port}/", b"{}")

    async with open_hooks(call_budget_s=5.0, allow_private=True) as hooks:
        with pytest.raises(HookFailed):
            await hooks.try_out(hook, secret=new_secret(), at=datetime.now(UTC))

    assert [b"P"] == came
