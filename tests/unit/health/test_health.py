"""What counts as well, without a socket."""

from __future__ import annotations

import asyncio
import time

import pytest

from switchboard import health as subject
from switchboard.errors import Unavailable
from switchboard.health import Health, LoopWatch


async def fine() -> None:
    """Be a dependency that answers."""


async def away() -> None:
    raise Unavailable("SQS ping: ConnectError")


async def silent() -> None:
    await asyncio.Event().wait()


async def test_all_well() -> None:
    """Nothing is wrong: nothing is named."""
    health = Health(
        loop=LoopWatch(), lag_limit_s=5, probes={"sqs": fine}, pulses={"work": lambda: 1.0}
    )

    assert {} == health.live()
    assert {} == await health.ready()


async def test_a_dependency_that_is_away_is_not_our_death() -> None:
    """Restarting us would not bring it back: not ready, but live."""
    health = Health(loop=LoopWatch(), lag_limit_s=5, probes={"sqs": away, "redis": fine})

    assert {} == health.live()
    assert {"sqs": "SQS ping: ConnectError"} == await health.ready()


async def test_a_dependency_that_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a health check does not wait for it for ever."""
    monkeypatch.setattr(subject, "_PROBE_BUDGET_S", 0.01)
    health = Health(loop=LoopWatch(), lag_limit_s=5, probes={"postgres": silent, "sqs": away})

    assert {
        "postgres": "no answer within 0.01 s",
        "sqs": "SQS ping: ConnectError",
    } == await health.ready()


async def test_a_worker_that_does_not_move_is_named() -> None:
    """Neither live nor ready: a restart is what it needs."""
    health = Health(
        loop=LoopWatch(),
        lag_limit_s=5,
        pulses={"stuck": lambda: 91.0, "slow": lambda: 89.0},
        still_limit_s=90,
    )

    assert {"stuck": "has not moved for 91 s"} == health.live() == await health.ready()


async def test_a_loop_that_was_blocked_is_noticed() -> None:
    """The check that comes after the block still sees it, tick or no tick in between."""
    watch, stop = LoopWatch(), asyncio.Event()
    health = Health(loop=watch, lag_limit_s=0.1)
    watching = asyncio.create_task(watch.run(stop))
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251  this is the block
    before_the_tick = health.live()
    ticked = watch.worst_lag_s
    async with asyncio.timeout(10):
        while watch.worst_lag_s == ticked:  # noqa: ASYNC110  the watch tells nobody when it ticks
            await asyncio.sleep(0)
    after_the_tick = health.live()
    stop.set()
    await watching

    assert {"loop"} == set(before_the_tick) == set(after_the_tick)
    assert after_the_tick["loop"].startswith("late by 0.")


async def test_a_lag_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad moment does not count against the process for ever; the record of it stays."""
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = LoopWatch(_ticked_at=now)  # its default was bound before the clock was replaced
    lags = []
    for step_s in (0.25, 7.25, 0.25, 2.25, *[0.25] * 121):
        now += step_s
        watch._tick()
        lags.append(watch.lag_s())

    assert [0, *[7] * 113, *[2] * 10, 0] == lags  # each for 30 s, the worse one first
    assert 7 == watch.worst_lag_s
