"""What replicas share, while Redis is there, and while it is not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from services.classifier.breaking import ModelBreaker
from services.classifier.remembering import Kept, Memory
from services.classifier.sharing import Sharing
from switchboard.circuit import CircuitRules, Permit, State
from switchboard.contracts import AccountId
from switchboard.errors import Unavailable
from switchboard.intents.tiers import Judgement
from switchboard.state.breaker import Happened
from switchboard.telemetry import Meter
from tests.contracts.samples import ACCOUNT

RULES = CircuitRules(failures=2, open_ms=15_000, probe_ms=9_000)
KEPT = Kept(Judgement("recognised", "price", "model", 0.9), "tiny:1b", 2)


@dataclass
class Hands:
    """A clock one moves by hand."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass
class FakeCommon:
    """A shared circuit that is there, or away."""

    away: bool = False
    permit: Permit = "go"
    state: State = "closed"
    told: list[Happened] = field(default_factory=list)

    async def tell(self, happened: Happened) -> tuple[Permit, State]:
        if self.away:
            raise Unavailable("Redis: down")
        self.told.append(happened)
        return self.permit, self.state


@dataclass
class FakeStore:
    """Answers kept somewhere that may be away."""

    away: bool = False
    kept: dict[tuple[AccountId, str], str] = field(default_factory=dict)
    asked: int = 0

    async def find(self, account_id: AccountId, digest: str) -> str | None:
        self.asked += 1
        if self.away:
            raise Unavailable("Redis: down")
        return self.kept.get((account_id, digest))

    async def keep(self, account_id: AccountId, digest: str, answer: str) -> None:
        if self.away:
            raise Unavailable("Redis: down")
        self.kept[account_id, digest] = answer


async def test_redis_that_is_away_is_left_alone_for_a_while() -> None:
    """One call finds out; the next ones in five seconds do not try."""
    hands, calls = Hands(), 0
    sharing = Sharing(monotonic=hands)

    async def call() -> str:
        nonlocal calls
        calls += 1
        raise Unavailable("down")

    for at in (0, 1, 4.9, 5, 5.1):
        hands.at = at
        assert await sharing.try_(call) is None
    assert 2 == calls


async def test_redis_that_hangs_costs_a_moment() -> None:
    """A call that does not come back is given up, as if it had failed."""

    async def hangs() -> str:
        await asyncio.Event().wait()
        return ""

    assert await Sharing().try_(hangs) is None


async def test_the_common_circuit_decides() -> None:
    """What another replica has learnt keeps this one from calling; a change is told once."""
    common, meter = FakeCommon(permit="stay", state="open"), Meter("classifier", "test")
    breaker = ModelBreaker(RULES, meter=meter, common=common)
    with capture_logs() as lines:
        assert ["stay", "stay"] == [await breaker.ask() for _ in range(2)]

    assert [("breaker.changed", "open", "closed")] == [
        (line["event"], line["state"], line["before"]) for line in lines
    ]
    assert {"BreakerState{state=open}": 2} == meter.totals()


async def test_without_the_common_circuit_the_own_one_knows_as_much() -> None:
    """It heard of everything while Redis was there, and goes on with that."""
    common, hands = FakeCommon(), Hands()
    breaker = ModelBreaker(
        RULES,
        meter=Meter("classifier", "test"),
        common=common,
        sharing=Sharing(monotonic=hands),
        monotonic=hands,
    )
    await breaker.failed()
    common.away = True
    await breaker.failed()

    assert "stay" == await breaker.ask()
    hands.at = 15
    assert "probe" == await breaker.ask()
    await breaker.let_go()
    assert "probe" == await breaker.ask()
    await breaker.succeeded()
    assert "go" == await breaker.ask()
    assert ["failed"] == common.told


@pytest.mark.parametrize("away", [False, True])
async def test_what_was_answered_is_remembered(*, away: bool) -> None:
    """In this process in any case, so that Redis is not asked again."""
    store = FakeStore(away=away)
    memory = Memory(store)
    await memory.keep(ACCOUNT, "d", KEPT)

    assert KEPT == await memory.find(ACCOUNT, "d")
    assert await memory.find(ACCOUNT, "other") is None
    assert await memory.find(AccountId("1"), "d") is None


async def test_replicas_remember_for_each_other() -> None:
    """What one was answered another finds, and then knows itself."""
    store = FakeStore()
    await Memory(store).keep(ACCOUNT, "d", KEPT)
    other = Memory(store)

    assert [KEPT, KEPT] == [await other.find(ACCOUNT, "d") for _ in range(2)]
    assert 1 == store.asked


async def test_what_another_release_kept_is_passed_over() -> None:
    """An answer that cannot be read was never given."""
    store = FakeStore(kept={(ACCOUNT, "d"): '{"judgement": {"because": "magic"}}'})

    assert await Memory(store).find(ACCOUNT, "d") is None
