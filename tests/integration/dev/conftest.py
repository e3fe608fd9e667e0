"""Children of this test session, looked at from outside."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
_GONE_WITHIN_S = 20.0


async def gone(pid: int) -> bool:
    """Wait until there is no such process, for a while; return whether it is so."""
    try:
        async with asyncio.timeout(_GONE_WITHIN_S):
            while _lives(pid):  # noqa: ASYNC110  not our child: only asking tells
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A killed orphan is a zombie until the machine's first process has seen to it.
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.fixture
def checkout() -> Path:
    """The directory commands are run in."""
    return CHECKOUT
