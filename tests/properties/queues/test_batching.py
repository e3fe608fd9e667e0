"""What holds of a `Batcher` however many call it, with whatever, and whatever fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.queues.batching import MAX_BATCH_BYTES, MAX_ENTRIES, open_batcher


@dataclass(frozen=True)
class Thing:
    number: int
    size_bytes: int
    refused: bool


@st.composite
def callers(draw: st.DrawFn) -> list[list[Thing]]:
    """Return what several callers send; each thing is its own."""
    sizes = st.integers(0, MAX_BATCH_BYTES)
    drawn = draw(
        st.lists(st.lists(st.tuples(sizes, st.booleans()), max_size=25), min_size=1, max_size=8)
    )
    numbers = iter(range(10_000))
    return [[Thing(next(numbers), size, refused) for size, refused in one] for one in drawn]


@settings(deadline=None, max_examples=60)
@given(callers(), st.integers(1, 4), st.sampled_from([0.0, 0.0005]), st.integers(0, 3))
async def test_each_is_sent_once_within_bounds_and_answered_truly(
    things: list[list[Thing]], concurrency: int, linger_s: float, turns: int
) -> None:
    """Everything goes out once, no call breaks the bounds of SQS, every caller is told right."""
    calls: list[Sequence[Thing]] = []
    open_now = most_open = 0

    async def send(batch: Sequence[Thing]) -> Sequence[BaseException | None]:
        nonlocal open_now, most_open
        calls.append(batch)
        open_now += 1
        most_open = max(most_open, open_now)
        for _ in range(turns):
            await asyncio.sleep(0)
        open_now -= 1
        return [ValueError(thing.number) if thing.refused else None for thing in batch]

    async with open_batcher(send, linger_s=linger_s, concurrency=concurrency) as batcher:
        outcomes = await asyncio.gather(
            *(batcher.add(one, size_bytes=lambda thing: thing.size_bytes) for one in things),
            return_exceptions=True,
        )

    assert Counter(thing for one in things for thing in one) == Counter(
        thing for call in calls for thing in call
    )
    assert all(1 <= len(call) <= MAX_ENTRIES for call in calls)
    assert all(sum(thing.size_bytes for thing in call) <= MAX_BATCH_BYTES for call in calls)
    assert most_open <= concurrency
    assert [any(thing.refused for thing in one) for one in things] == [
        isinstance(outcome, ValueError) for outcome in outcomes
    ]


@settings(deadline=None, max_examples=60)
@given(callers(), st.data())
async def test_those_who_leave_disturb_nobody(
    things: list[list[Thing]], data: st.DataObject
) -> None:
    """Whoever is cancelled, and whenever, the others' things are stored and they hear so."""
    sent: list[Thing] = []

    async def send(batch: Sequence[Thing]) -> Sequence[BaseException | None]:
        await asyncio.sleep(0)
        sent.extend(batch)
        return [None] * len(batch)

    async with open_batcher(send, linger_s=0.0005, concurrency=2) as batcher:
        tasks = [
            asyncio.create_task(batcher.add(one, size_bytes=lambda thing: thing.size_bytes))
            for one in things
        ]
        leaving = data.draw(st.sets(st.integers(0, len(tasks) - 1)))
        for _ in range(data.draw(st.integers(1, 4))):
            await asyncio.sleep(0)
        for index in leaving:
            tasks[index].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(outcomes[index] is None for index in set(range(len(tasks))) - leaving)
    assert Counter(thing for one in things for thing in one) == Counter(sent)
