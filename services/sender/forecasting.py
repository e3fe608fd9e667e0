"""Saying in time who will be answered when, and who will not."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Final, Protocol

import structlog

from switchboard.clock import Clock
from switchboard.db.forecasts import Account
from switchboard.errors import Failure
from switchboard.rules.ceilings import private_replies
from switchboard.rules.forecast import Standing
from switchboard.rules.outlook import Outlooks, Waiting, outlooks
from switchboard.telemetry import Meter, Metric

FORECASTS: Final = Metric("Forecasts")
FORECAST_TIME: Final = Metric("ForecastTime", "Milliseconds")

log = structlog.get_logger()


class Forecasts(Protocol):
    """The queues that are looked at, and where what is foreseen is kept."""

    async def claim(self) -> Account | None:
        """Take an account whose forecast is to be made, if there is one."""
        ...

    async def waiting(self, account: Account) -> tuple[Waiting, int]:
        """Return who waits, in the order in which they are served, and how many turns are left."""
        ...

    async def store(self, account: Account, found: Outlooks) -> None:
        """Keep what was foreseen, and alert a person to what they should know."""
        ...


class Forecaster:
    """
    Makes the forecast of every account where private replies wait, again and again.

    Any number of these may run, in any number of processes: each account is one's at a time. The
    reckoning takes a second for 200,000 who wait, so it is done in a thread, beside the loop.
    """

    name = "forecaster"

    def __init__(
        self,
        forecasts: Forecasts,
        *,
        margin: timedelta,
        meter: Meter,
        now: Clock,
        every_s: float,
    ) -> None:
        self._forecasts, self._margin = forecasts, margin
        self._meter, self._now, self._every_s = meter, now, every_s
        self._moved_at = time.monotonic()

    def still_s(self) -> float:
        """Return for how long no account was looked for: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Make forecasts until `stop`; whenever none is left to make, wait `every_s`."""
        while not stop.is_set():
            made = False
            try:
                made = await self.next()
            except Failure as failure:
                log.warning("forecaster.paused", because=str(failure))
            self._moved_at = time.monotonic()
            if not made:
                await _wait(stop, self._every_s)

    async def next(self) -> bool:
        """
        Make one forecast; return whether there was one to make.

        Raises:
            Unavailable: Postgres or Redis is away; the account is claimed again later.
        """
        account = await self._forecasts.claim()
        if account is None:
            return False
        began_at = time.monotonic()
        waiting, free = await self._forecasts.waiting(account)
        found = await asyncio.to_thread(outlooks, waiting, self._standing(account, free))
        await self._forecasts.store(account, found)
        self._meter.count(FORECASTS)
        self._meter.observe(FORECAST_TIME, (time.monotonic() - began_at) * 1000)
        log.info(
            "forecast.made",
            account_id=account.instagram_id,
            waiting=found.account.waiting,
            missed=found.account.missed,
        )
        return True

    def _standing(self, account: Account, free: int) -> Standing:
        return Standing(
            now=self._now(),
            ceiling=private_replies(account.private_replies_per_hour),
            free=free,
            opens=account.opens,
            margin=self._margin,
        )


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
