"""A process that ends unasked: the demo fails with it, a run starts it again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from dev import part
from dev.failures import PartEnded


class Frail:
    """Ends with each of `codes` in turn, then lives; its first `failing` starts fail."""

    name = "frail"

    def __init__(self, codes: Sequence[int], failing: int = 0) -> None:
        self._codes = list(codes)
        self._failing = failing
        self.starts = 0
        self.steady = asyncio.Event()

    async def start(self) -> None:
        self.starts += 1
        if self.starts <= self._failing:
            raise PartEnded("frail did not start")

    async def ended(self) -> int:
        if self._codes:
            return self._codes.pop(0)
        self.steady.set()
        forever: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await forever

    def last_words(self) -> str:
        return "  goodbye"


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "_PATIENCE_S", (0.0,))


async def test_failing_says_how_it_ended() -> None:
    """The message has the name, the exit code and the last words."""
    with pytest.raises(PartEnded) as failed:
        await part.fail_with(Frail([3]))

    assert "frail ended with exit code 3; it last wrote:\n  goodbye" == str(failed.value)


async def test_a_signal_is_told_as_one() -> None:
    """SIGKILL is not an exit code."""
    with pytest.raises(PartEnded, match="was ended by signal 9"):
        await part.fail_with(Frail([-9]))


@pytest.mark.parametrize(("failing", "starts"), [(0, 2), (1, 3)])
async def test_what_fell_is_raised_until_it_stays(failing: int, starts: int) -> None:
    """Each end is answered by a start, and a start that fails by another."""
    frail, told = Frail([1, -9], failing), list[str]()

    alive = asyncio.create_task(part.keep_alive(frail, told.append))
    await frail.steady.wait()
    alive.cancel()
    await asyncio.wait([alive])

    assert starts == frail.starts
    assert ["frail is back"] * 2 == [line for line in told if line.endswith("back")]
