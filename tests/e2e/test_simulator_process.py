"""The simulator as its own process: what it says when it starts, and the page when it is gone."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.player import Player
from tests.e2e.stage import APP_ID, APP_SECRET, VERIFY_TOKEN
from tests.support.browser import Complaints, NewPage

_ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", "tools.metasim")


async def test_page_says_when_the_simulator_is_gone_and_when_it_is_back(
    new_page: NewPage, complaints: Complaints
) -> None:
    """While nobody answers the page says so and goes on trying; then it goes on by itself."""
    complaints.expect("net::ERR_CONNECTION_")
    async with simulator(port="0") as address:
        player = await Player.sit_down(await new_page(), address)
    await expect(player.status).to_have_text("The simulator does not answer. Trying again…")
    await expect(player.status).to_have_class("bad")

    async with simulator(port=address.rpartition(":")[2]):
        await expect(player.status).to_have_text("Connected again.")
        await expect(player.page.get_by_text("No account yet")).to_be_visible()
        await player.page.close()


async def test_taken_port_is_one_line_that_names_the_setting() -> None:
    """A second simulator on the same port ends at once, with one line and code 2."""
    async with simulator(port="0") as address:
        second = await asyncio.create_subprocess_exec(
            *_COMMAND,
            cwd=_ROOT,
            env=_env(address.rpartition(":")[2]),
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await second.communicate()

    assert 2 == second.returncode
    assert 1 == complaint.count(b"\n")
    assert b"METASIM_PORT" in complaint


@asynccontextmanager
async def simulator(*, port: str) -> AsyncIterator[str]:
    """Run `python -m tools.metasim`; yield its address; end it by SIGTERM, cleanly."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, cwd=_ROOT, env=_env(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        line = (await process.stdout.readline()).decode()
        address = re.fullmatch(r"metasim listens on (http://\S+)\n", line)
        assert address, line
        yield address[1]
    finally:
        process.terminate()
        await process.communicate()
    assert 0 == process.returncode


def _env(port: str) -> dict[str, str]:
    return {
        "METASIM_PORT": port,
        "METASIM_APP_ID": APP_ID,
        "METASIM_APP_SECRET": APP_SECRET,
        "METASIM_VERIFY_TOKEN": VERIFY_TOKEN,
    }
