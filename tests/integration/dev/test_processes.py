"""A process of ours: ready when it says so, its end told, and gone however it resists."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from dev.failures import PartEnded
from dev.processes import Process, running
from dev.servers.embedded import free_port, is_free
from tests.integration.dev.conftest import gone

# Answers 200 on every path; ends when asked, unless it is stubborn.
SERVER = """
import http.server, os, signal, sys
print("listening", flush=True)
if "STUBBORN" in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Ok(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ok).serve_forever()
"""


@pytest.fixture
def hurry() -> asyncio.Event:
    """Set: nobody is waited for."""
    return asyncio.Event()


def process(folder: Path, hurry: asyncio.Event, code: str, **environment: str) -> Process:
    """Return a process that runs `code`; it is not started yet."""
    (folder / "player.py").write_text(code)
    port = free_port()
    return Process(
        name="player",
        module="player",
        environment={
            **os.environ, "PORT": str(port), "PYTHONPATH": str(folder), **environment,
        },
        log=folder / "logs" / "player.log",
        ready_url=f"http://127.0.0.1:{port}/",
        stop_timeout_s=0.5 if "STUBBORN" in environment else 20.0,
        hurry=hurry,
    )  # fmt: skip


async def test_it_runs_for_the_block(tmp_path: Path, hurry: asyncio.Event) -> None:
    """Ready inside, with its output in the log; gone afterwards, its port free."""
    async with running(process(tmp_path, hurry, SERVER)) as player:
        pid = player.pid
        assert "  listening" == player.last_words()
        assert not is_free(int(player.environment["PORT"]))

    assert pid is not None
    assert await gone(pid)
    assert is_free(int(player.environment["PORT"]))


async def test_one_that_ends_before_it_is_ready_is_told(
    tmp_path: Path, hurry: asyncio.Event
) -> None:
    """The message has the exit code and the last words, so that no log need be opened."""
    with pytest.raises(PartEnded, match=r"player ended with exit code 7.*\n  cannot start: x"):
        async with running(
            process(tmp_path, hurry, "print('cannot start: x'); raise SystemExit(7)")
        ):
            pass


async def test_an_end_is_noticed(tmp_path: Path, hurry: asyncio.Event) -> None:
    """Whoever watches learns how it ended."""
    async with running(process(tmp_path, hurry, SERVER)) as player:
        assert player.pid is not None
        os.kill(player.pid, signal.SIGKILL)

        assert -signal.SIGKILL == await player.ended()


async def test_it_can_be_started_again(tmp_path: Path, hurry: asyncio.Event) -> None:
    """After an end it comes back on the same port, and the log goes on."""
    async with running(process(tmp_path, hurry, SERVER)) as player:
        assert player.pid is not None
        os.kill(player.pid, signal.SIGKILL)
        await player.ended()
        await player.start()

        assert "  listening\n  listening" == player.last_words()


async def test_a_stubborn_one_is_killed(tmp_path: Path, hurry: asyncio.Event) -> None:
    """What ignores SIGTERM has its time, and then ends all the same."""
    async with running(process(tmp_path, hurry, SERVER, STUBBORN="1")) as player:
        pass

    assert -signal.SIGKILL == await player.ended()


async def test_in_a_hurry_nobody_is_waited_for(tmp_path: Path, hurry: asyncio.Event) -> None:
    """A second Ctrl-C cuts the patience short."""
    player = process(tmp_path, hurry, SERVER, STUBBORN="1")
    player.stop_timeout_s = 600.0
    async with running(player):
        hurry.set()

    assert -signal.SIGKILL == await player.ended()
