"""Places at the model: few at once, few waiting, nobody for ever; and what the breaker hears."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from services.classifier.attending import Attended
from switchboard.circuit import Permit
from switchboard.intents.choosing import NoAnswer, WhyNot
from switchboard.telemetry import Meter

LONG_S = 30.0


@dataclass
class FakeBreaker:
    """A breaker that gives one permit and remembers what it was told."""

    permit: Permit = "go"
    told: list[str] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> Permit:
        self.told.append("ask")
        self.was_asked.set()
        return self.permit

    async def succeeded(self) -> None:
        self.told.append("succeeded")

    async def failed(self) -> None:
        self.told.append("failed")

    async def let_go(self) -> None:
        self.told.append("let_go")


@pytest.fixture
def breaker() -> FakeBreaker:
    """A closed circuit."""
    return FakeBreaker()


def attended(breaker: FakeBreaker, *, places: int = 2, waiting: int = 1) -> Attended:
    """Return places before `breaker`."""
    return Attended(
        breaker=breaker,
        meter=Meter("classifier", "test"),
        places=places,
        waiting=waiting,
        call_budget_s=LONG_S,
        monotonic=time.monotonic,
    )


async def answers(_left_s: float) -> str:
    """Answer at once."""
    return "price"


async def hangs(_left_s: float) -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return ""


async def test_an_answer_is_told_to_the_breaker(breaker: FakeBreaker) -> None:
    """It was asked first, and hears that all is well."""
    assert "price" == await attended(breaker).ask(answers, within_s=LONG_S)
    assert ["ask", "succeeded"] == breaker.told


@pytest.mark.parametrize("because", ["unavailable", "nonsense", "timed_out"])
async def test_a_failure_is_told_to_the_breaker(breaker: FakeBreaker, because: WhyNot) -> None:
    """Whatever kept a model from answering in a fair time speaks against it."""

    async def fails(_left_s: float) -> str:
        raise NoAnswer("so it goes", because=because)

    with pytest.raises(NoAnswer):
        await attended(breaker).ask(fails, within_s=LONG_S)
    assert ["ask", "failed"] == breaker.told


async def test_a_question_that_was_old_when_it_came_says_nothing(breaker: FakeBreaker) -> None:
    """It ran out of a time that was never enough: the permit goes to somebody else."""

    async def runs_out(_left_s: float) -> str:
        raise NoAnswer("no answer in time", because="timed_out")

    with pytest.raises(NoAnswer):
        await attended(breaker).ask(runs_out, within_s=0.4 * LONG_S)
    assert ["ask", "let_go"] == breaker.told


async def test_who_is_cancelled_says_nothing(breaker: FakeBreaker) -> None:
    """A process that stops gives its permit back."""
    asking = asyncio.create_task(attended(breaker).ask(hangs, within_s=LONG_S))
    await breaker.was_asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ["ask", "let_go"] == breaker.told


async def test_an_open_breaker_is_not_passed(breaker: FakeBreaker) -> None:
    """Nothing is called."""
    breaker.permit = "stay"
    with pytest.raises(NoAnswer) as caught:
        await attended(breaker).ask(hangs, within_s=LONG_S)

    assert ("unavailable", ["ask"]) == (caught.value.because, breaker.told)


async def test_places_and_those_who_wait(breaker: FakeBreaker) -> None:
    """Two at the model, one waiting, and the fourth is told at once that it is too many."""
    room, inside, go = attended(breaker, places=2, waiting=1), 0, asyncio.Event()
    full = asyncio.Event()

    async def call(_left_s: float) -> str:
        nonlocal inside
        inside += 1
        if inside == room.places:
            full.set()
        await go.wait()
        return "price"

    waiting = [asyncio.create_task(room.ask(call, within_s=LONG_S)) for _ in range(3)]
    await full.wait()
    with pytest.raises(NoAnswer, match="too many"):
        await room.ask(call, within_s=LONG_S)
    assert 2 == inside

    go.set()
    assert ["price"] * 3 == await asyncio.gather(*waiting)
    assert "price" == await room.ask(answers, within_s=LONG_S)


async def test_waiting_for_a_place_counts(breaker: FakeBreaker) -> None:
    """Behind a call that hangs a question ends in its own time, and says nothing of the model."""
    room = attended(breaker, places=1)
    first = asyncio.create_task(room.ask(hangs, within_s=LONG_S))
    await breaker.was_asked.wait()
    with pytest.raises(NoAnswer) as caught:
        await room.ask(answers, within_s=0.05)

    assert ("timed_out", ["ask"]) == (caught.value.because, breaker.told)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
