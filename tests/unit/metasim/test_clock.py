"""The simulated clock: who waits for a moment is woken when it is there, however it came."""

from __future__ import annotations

import asyncio

import pytest

from tools.metasim.clock import Clock

_DAY_S = 86_400.0


async def test_what_is_past_is_not_waited_for() -> None:
    """A moment that has been is there."""
    clock = Clock()

    await clock.wait_until(clock.now_s())


async def test_a_moved_clock_wakes_who_waits() -> None:
    """A day passes at once when the clock is moved by a day."""
    clock = Clock()
    waiting = asyncio.create_task(clock.wait_until(clock.now_s() + _DAY_S))
    await asyncio.sleep(0)
    clock.move(_DAY_S + 1)

    await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize("offset_s", [_DAY_S / 2, -_DAY_S, 0.0])
async def test_a_clock_moved_elsewhere_does_not(offset_s: float) -> None:
    """Half the way, and the way back, are not there yet."""
    clock = Clock()
    waiting = asyncio.create_task(clock.wait_until(clock.now_s() + _DAY_S))
    await asyncio.sleep(0)
    clock.move(offset_s)
    for _ in range(5):
        await asyncio.sleep(0)

    assert not waiting.done()
    clock.move(_DAY_S + 1)
    await asyncio.wait_for(waiting, 10)


async def test_real_time_passes_too() -> None:
    """Without being moved the clock runs as the machine's does."""
    clock = Clock()
    at_s = clock.now_s() + 0.02
    await clock.wait_until(at_s)

    assert clock.now_s() >= at_s
