"""How a process lives and ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from switchboard.lifecycle import run_until, run_until_signalled

NEVER_S = 3600.0


@dataclass
class Hand:
    """A worker that does what a test wants."""

    work: Callable[[asyncio.Event], Awaitable[None]]
    name: str = "hand"
    ended: str = "not yet"

    async def run(self, stop: asyncio.Event) -> None:
        try:
            await self.work(stop)
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "finished"


async def until_told(stop: asyncio.Event) -> None:
    await stop.wait()


async def stuck(_stop: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def crash(_stop: asyncio.Event) -> None:
    raise KeyError("a bug")


async def test_it_returns_when_all_have_finished() -> None:
    """Told to stop, each worker finishes what it has begun, however many steps that takes."""

    async def drain(stop: asyncio.Event) -> None:
        await stop.wait()
        for _ in range(10):
            await asyncio.sleep(0)

    stop, hands = asyncio.Event(), [Hand(drain), Hand(until_told)]
    asyncio.get_running_loop().call_soon(stop.set)
    await run_until(stop, *hands, drain_s=NEVER_S)

    assert ["finished", "finished"] == [hand.ended for hand in hands]


async def test_a_stuck_worker_ends_at_the_budget() -> None:
    """The process says so and ends, before the platform kills it; the others have finished."""
    stop, hands = asyncio.Event(), [Hand(stuck), Hand(until_told)]
    stop.set()
    with pytest.raises(TimeoutError):
        await run_until(stop, *hands, drain_s=0.01)

    assert ["cancelled", "finished"] == [hand.ended for hand in hands]


async def test_a_crash_takes_the_others_along() -> None:
    """The platform restarts a dead process; it would keep a half-dead one."""
    other = Hand(until_told)
    with pytest.raises(ExceptionGroup) as caught:
        await run_until(asyncio.Event(), Hand(crash), other, drain_s=NEVER_S)

    assert caught.group_contains(KeyError, match="a bug")
    assert "cancelled" == other.ended


async def test_a_crash_while_draining_is_not_hidden() -> None:
    """Ending badly is told, even when ending was asked for."""

    async def crash_late(stop: asyncio.Event) -> None:
        await stop.wait()
        raise KeyError("a bug")

    stop = asyncio.Event()
    stop.set()
    with pytest.raises(ExceptionGroup) as caught:
        await run_until(stop, Hand(crash_late), drain_s=NEVER_S)

    assert caught.group_contains(KeyError)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it(signum: signal.Signals) -> None:
    """What the platform sends, and what Ctrl-C does, end it in order."""
    hand = Hand(until_told)
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signum)
    await run_until_signalled(hand, drain_s=NEVER_S)

    assert "finished" == hand.ended


async def test_signals_are_given_back() -> None:
    """Ctrl-C afterwards is Python's own again."""
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
    await run_until_signalled(Hand(until_told), drain_s=NEVER_S)

    assert signal.default_int_handler == signal.getsignal(signal.SIGINT)
    assert signal.SIG_DFL == signal.getsignal(signal.SIGTERM)
