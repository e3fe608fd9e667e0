"""The story and its waiters."""

from __future__ import annotations

import asyncio

from tools.metasim.timeline import Signals, Timeline


def test_numbers_go_on_after_a_reset() -> None:
    """A reader that remembers a number never reads an entry twice, nor misses one."""
    timeline = Timeline(Signals(), lambda: 0.0)
    timeline.add("a")
    timeline.clear()
    timeline.add("b")
    timeline.add("c")

    assert [2, 3] == [entry["n"] for entry in timeline.after(0, limit=10)]
    assert [3] == [entry["n"] for entry in timeline.after(2, limit=10)]
    assert [] == timeline.after(3, limit=10)


async def test_only_the_right_waiter_is_woken() -> None:
    """A signal wakes those who wait for it, who look again; the others go on waiting."""
    signals, found = Signals(), dict[str, int]()
    one = asyncio.create_task(signals.wait_for(("k", "1"), lambda: found.get("1"), timeout_s=10))
    two = asyncio.create_task(signals.wait_for(("k", "2"), lambda: found.get("2"), timeout_s=10))
    await asyncio.sleep(0)  # both begin to wait
    found.update({"1": 11, "2": 22})
    signals.tell("k", "1")

    assert 11 == await one
    assert not two.done()
    signals.tell_all()
    assert 22 == await two


async def test_closing_ends_every_wait() -> None:
    """Nobody waits once the simulator stops."""
    signals = Signals()
    nothing = dict[str, int]()
    waiting = asyncio.create_task(signals.wait_for(("k",), lambda: nothing.get("1"), timeout_s=600))
    await asyncio.sleep(0)
    signals.close()

    assert None is await waiting
