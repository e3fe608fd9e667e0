"""The guard that keeps sockets out of this kind of test."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.support import no_sockets
from tests.support.no_sockets import SocketOpened


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_socket_is_refused_and_noted(family: socket.AddressFamily) -> None:
    """No address family of the network gets through, even if the error were swallowed."""
    with pytest.raises(SocketOpened, match="opens no socket"):
        socket.socket(family)

    assert no_sockets._refused is not None
    assert 1 == len(no_sockets._refused)
    no_sockets._refused.clear()  # this test may


async def test_an_event_loop_keeps_its_own() -> None:
    """Work in other threads wakes the loop through a socket of its own."""
    assert 2 == await asyncio.to_thread(lambda: 1 + 1)
