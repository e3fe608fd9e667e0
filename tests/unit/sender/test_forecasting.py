"""The forecaster: one account after the other, and what it needs may be away."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.sender import forecasting
from services.sender.forecasting import Forecaster
from switchboard.contracts import AccountId
from switchboard.contracts.ids import CampaignId
from switchboard.db.forecasts import Account
from switchboard.errors import Unavailable
from switchboard.rules.forecast import micros_of
from switchboard.rules.outlook import Outlooks, Waiting, outlooks
from switchboard.telemetry import Meter
from tests.unit.sender.builders import NOON

CAMPAIGN = CampaignId(UUID(int=1))


def account() -> Account:
    """A connected account."""
    return Account(
        id=uuid4(),
        instagram_id=AccountId("17841400000000001"),
        status="connected",
        private_replies_per_hour=720,
        opens=None,
    )


def waiting(count: int, patience: timedelta) -> Waiting:
    """So many who wait, as long as they have patience."""
    deadline_us = micros_of(NOON + patience)
    return Waiting([micros_of(NOON)] * count, [deadline_us] * count, [0] * count, (CAMPAIGN,))


@dataclass
class FakeForecasts:
    """Accounts whose forecast is to be made, and what was foreseen."""

    accounts: list[Account]
    line: Waiting = field(default_factory=lambda: waiting(3, timedelta(days=7)))
    free: int = 0
    stored: list[tuple[UUID, Outlooks]] = field(default_factory=list)
    claims: int = 0
    away: bool = False

    async def claim(self) -> Account | None:
        self.claims += 1
        if self.away:
            raise Unavailable("Postgres")
        return self.accounts.pop(0) if self.accounts else None

    async def waiting(self, account: Account) -> tuple[Waiting, int]:
        return self.line, self.free

    async def store(self, account: Account, found: Outlooks) -> None:
        self.stored.append((account.id, found))


def forecaster(forecasts: FakeForecasts) -> Forecaster:
    """A forecaster with five minutes' margin."""
    return Forecaster(
        forecasts,
        margin=timedelta(minutes=5),
        meter=Meter("sender", "test"),
        now=lambda: NOON,
        every_s=0.001,
    )


async def test_one_account() -> None:
    """What is stored is the outlook of those who wait, with the turns that are left."""
    one = account()
    forecasts = FakeForecasts([one], free=2)

    made = [await forecaster(forecasts).next() for _ in range(2)]

    assert [True, False] == made
    ((stored, found),) = forecasts.stored
    assert (one.id, 3, 0) == (stored, found.account.waiting, found.account.missed)
    assert found.account.drained_at is not None
    assert timedelta(seconds=5) < found.account.drained_at - NOON < timedelta(seconds=6)


async def test_the_margin_counts() -> None:
    """Who has less than the margin left is missed, turns or not."""
    forecasts = FakeForecasts([account()], line=waiting(3, timedelta(minutes=4)), free=30)

    await forecaster(forecasts).next()

    assert [3] == [found.account.missed for _, found in forecasts.stored]


async def test_the_reckoning_is_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, the event loop goes on turning meanwhile."""
    threads: list[threading.Thread] = []

    def watched(*args: object) -> Outlooks:
        threads.append(threading.current_thread())
        return outlooks(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(forecasting, "outlooks", watched)
    await forecaster(FakeForecasts([account()])).next()

    assert [False] == [one is threading.main_thread() for one in threads]


async def test_it_outlives_what_it_needs() -> None:
    """Postgres away: it goes on looking, and its pulse with it; told to stop, it stops."""
    forecasts, stop = FakeForecasts([account()], away=True), asyncio.Event()
    it = forecaster(forecasts)
    running = asyncio.create_task(it.run(stop))
    async with asyncio.timeout(5):
        while forecasts.claims < 3:  # noqa: ASYNC110  the fake counts, it does not signal
            await asyncio.sleep(0)
        forecasts.away = False
        while not forecasts.stored:  # noqa: ASYNC110
            await asyncio.sleep(0)
        stop.set()
        await running

    assert it.still_s() < 5
