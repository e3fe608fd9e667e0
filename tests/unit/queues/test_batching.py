"""Concurrent callers sharing calls, each hearing of its own items only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from switchboard.queues.batching import MAX_BATCH_BYTES, Batcher, open_batcher

NEVER_S = 3600.0  # a linger that no test waits for


class Wire:
    """A fake of the far end: remembers each call; answers at once, or when let."""

    def __init__(self, *, open_at_once: bool = True) -> None:
        self.calls: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.gate = asyncio.Event()
        self.called = asyncio.Event()
        self.open_now = self.most_open = 0
        if open_at_once:
            self.gate.set()

    async def __call__(self, batch: Sequence[str]) -> Sequence[BaseException | None]:
        self.calls.append(list(batch))
        self.called.set()
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        await self.gate.wait()
        self.open_now -= 1
        return [self.refused.get(one) for one in batch]


def no_size(_item: str) -> int:
    return 0


async def turn() -> None:
    """Let everything that is ready run, without any time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_concurrent_callers_share_a_call() -> None:
    """Ten callers with one item each cost one call, and wait for no linger."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)

    await asyncio.gather(*(batcher.add([str(n)], size_bytes=no_size) for n in range(10)))

    assert [[str(n) for n in range(10)]] == wire.calls
    await batcher.close()


async def test_a_batch_that_is_not_full_goes_after_the_linger() -> None:
    """A lonely message waits for company, but not for ever."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=0.001, concurrency=1)

    await batcher.add(["a", "b"], size_bytes=no_size)

    assert [["a", "b"]] == wire.calls


async def test_nothing_goes_before_the_linger() -> None:
    """Else nobody would ever share a call."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)
    waiting = asyncio.create_task(batcher.add(["a"], size_bytes=no_size))
    await turn()

    assert [] == wire.calls
    await batcher.close()
    await waiting


async def test_no_call_holds_more_than_ten() -> None:
    """One caller with 25 items makes three calls, in order."""
    wire = Wire()
    items = [str(n) for n in range(25)]
    async with open_batcher(wire, linger_s=0.001, concurrency=1) as batcher:
        await batcher.add(items, size_bytes=no_size)

    assert [items[:10], items[10:20], items[20:]] == wire.calls


async def test_no_call_holds_more_than_a_mebibyte() -> None:
    """Three items of 40 % of a batch go two and one; a full batch does not linger."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)
    adding = asyncio.create_task(
        batcher.add(["a", "b", "c"], size_bytes=lambda _: MAX_BATCH_BYTES * 2 // 5)
    )
    await wire.called.wait()

    assert [["a", "b"]] == wire.calls[:1]
    await batcher.close()
    await adding
    assert [["a", "b"], ["c"]] == wire.calls


async def test_an_item_over_the_limit_goes_alone() -> None:
    """The far end refuses it; its neighbours are not refused with it."""
    wire = Wire()
    sizes = {"small": 1, "huge": MAX_BATCH_BYTES + 1, "tiny": 1}
    async with open_batcher(wire, linger_s=0.001, concurrency=1) as batcher:
        await batcher.add(list(sizes), size_bytes=sizes.__getitem__)

    assert [["small"], ["huge"], ["tiny"]] == wire.calls


async def test_the_busier_the_fuller() -> None:
    """While all calls are open, later items gather and then go together, without lingering."""
    wire = Wire(open_at_once=False)
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)
    first = asyncio.create_task(batcher.add([f"first{n}" for n in range(10)], size_bytes=no_size))
    await wire.called.wait()
    others = [asyncio.create_task(batcher.add([f"{n}"], size_bytes=no_size)) for n in range(7)]
    await turn()
    assert 1 == len(wire.calls)

    wire.gate.set()
    await asyncio.gather(first, *others)

    assert [f"{n}" for n in range(7)] == wire.calls[1]
    assert 2 == len(wire.calls)


async def test_concurrency_bounds_the_open_calls() -> None:
    """Fifty items make five calls, never more than three at once."""
    wire = Wire(open_at_once=False)
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=3)
    adding = asyncio.create_task(batcher.add([str(n) for n in range(50)], size_bytes=no_size))
    await turn()
    assert 3 == wire.open_now

    wire.gate.set()
    await adding

    assert 3 == wire.most_open
    assert 5 == len(wire.calls)


async def test_each_caller_hears_of_its_own_failures() -> None:
    """One item refused fails its caller; the others in the same call are told they are stored."""
    wire = Wire()
    wire.refused["bad"] = ValueError("refused")
    batcher = Batcher(wire, linger_s=0.001, concurrency=1)

    outcomes = await asyncio.gather(
        batcher.add(["good"], size_bytes=no_size),
        batcher.add(["also good", "bad", "good too"], size_bytes=no_size),
        batcher.add(["fine"], size_bytes=no_size),
        return_exceptions=True,
    )

    assert [None, wire.refused["bad"], None] == [*outcomes]
    assert 1 == len(wire.calls)


async def test_a_call_that_fails_fails_its_items_only() -> None:
    """Those who wait in other calls are not disturbed, and the batcher works on."""

    async def send(batch: Sequence[str]) -> Sequence[BaseException | None]:
        if "bad" in batch:
            raise ConnectionError
        return [None] * len(batch)

    batcher = Batcher(send, linger_s=0.001, concurrency=1)

    with pytest.raises(ConnectionError):
        await batcher.add(["bad"], size_bytes=no_size)
    await batcher.add(["good"], size_bytes=no_size)


async def test_a_wrong_number_of_outcomes_is_heard_of() -> None:
    """A bug at the far end leaves no caller waiting for ever."""

    async def send(batch: Sequence[str]) -> Sequence[BaseException | None]:
        return [None] * (len(batch) - 1)

    batcher = Batcher(send, linger_s=0.001, concurrency=1)

    with pytest.raises(ValueError, match="shorter"):
        await batcher.add(["a", "b"], size_bytes=no_size)


async def test_a_caller_that_leaves_takes_nothing_with_it() -> None:
    """Its item goes out all the same, and its neighbour is told the truth."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)
    leaving = asyncio.create_task(batcher.add(["left"], size_bytes=no_size))
    staying = asyncio.create_task(batcher.add(["stayed"], size_bytes=no_size))
    await turn()

    leaving.cancel()
    await batcher.close()
    await staying

    assert [["left", "stayed"]] == wire.calls
    assert leaving.cancelled()


async def test_a_caller_that_leaves_in_mid_call_does_not_end_the_call() -> None:
    """The call belongs to all whose items are in it."""
    wire = Wire(open_at_once=False)
    batcher = Batcher(wire, linger_s=0, concurrency=1)
    leaving = asyncio.create_task(batcher.add(["left"], size_bytes=no_size))
    staying = asyncio.create_task(batcher.add(["stayed"], size_bytes=no_size))
    await wire.called.wait()

    leaving.cancel()
    await turn()
    wire.gate.set()
    await staying

    assert leaving.cancelled()
    assert [["left", "stayed"]] == wire.calls


async def test_closing_sends_what_waits() -> None:
    """Leaving does not lose what somebody was promised."""
    wire = Wire()
    async with open_batcher(wire, linger_s=NEVER_S, concurrency=2) as batcher:
        adding = asyncio.create_task(batcher.add([str(n) for n in range(13)], size_bytes=no_size))
        await turn()

    await adding
    assert 13 == sum(len(call) for call in wire.calls)


async def test_nothing_to_send_is_done_at_once() -> None:
    """An empty webhook costs no call."""
    wire = Wire()
    batcher = Batcher(wire, linger_s=NEVER_S, concurrency=1)

    await batcher.add([], size_bytes=no_size)

    assert [] == wire.calls


async def test_closing_after_everything_has_ended_returns() -> None:
    """Calls that have ended, but whose end the loop has not told of yet, do not keep it open."""
    told = asyncio.Event()

    async def send(batch: Sequence[str]) -> Sequence[BaseException | None]:
        told.set()
        return [None] * len(batch)

    batcher = Batcher(send, linger_s=0, concurrency=1)
    adding = asyncio.create_task(batcher.add(["a"], size_bytes=len))
    await told.wait()
    await batcher.close()

    await adding
