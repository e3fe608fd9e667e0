"""The queues of private replies, in Postgres, with the turns that Redis would give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from services.sender.pacer import Released
from services.sender.pacing import hourly_replies
from services.sender.stores import messages
from switchboard.contracts import AccountId
from switchboard.db import alerts, backlog, forecasts
from switchboard.db.forecasts import Account
from switchboard.db.pacing import Due
from switchboard.db.pool import Database, Transaction
from switchboard.rules.outlook import Outlook, Outlooks, Waiting
from switchboard.state import Bucket
from switchboard.telemetry import Meter
from switchboard.telemetry.alerts import tell_raised, tell_resolved

# What an alert is called whose number of people will not be answered in time.
WILL_MISS: Final = "will_miss_deadline"


class Turns(Protocol):
    """What limits would grant."""

    async def free_many(self, asked: Sequence[tuple[AccountId, Bucket]]) -> Sequence[int]:
        """Return how many calls each bucket would let through at this moment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQueues:
    """
    The queues as the pacer moves them.

    `margin`: nothing is sent later than this before its deadline.
    """

    db: Database
    turns: Turns
    margin: timedelta

    async def release(self, *, limit: int) -> Released:
        """
        Make the first of each queue ready, as many as have a turn.

        Those who are out are counted before limits are asked: whoever takes a turn in between is
        counted twice, which gives one too few for a moment, and not one too many.
        """
        async with self.db.transaction() as tx:
            queues = await backlog.take_queues(tx)
            accounts = [queue.account for queue in queues]
            admitted = 0
            if any(queue.has_due for queue in queues):
                admitted = await backlog.admit(tx, accounts, limit=limit)
            out = await backlog.out(tx, accounts) if queues else {}
            turns = await self._turns(queues, out)
            due = await self._first(tx, turns, limit=limit)
        return Released(messages(due), more=max(admitted, len(due)) >= limit)

    async def _turns(
        self, queues: Sequence[backlog.Queue], out: Mapping[UUID, int]
    ) -> dict[UUID, int]:
        """
        Return the accounts that have turns for others than those who are out.

        One on probation has one turn in all.
        """
        asked = [(one.instagram_id, hourly_replies(one.private_replies_per_hour)) for one in queues]
        free = await self.turns.free_many(asked) if asked else ()
        left = {
            queue.account: (min(turns, 1) if queue.on_probation else turns)
            - out.get(queue.account, 0)
            for queue, turns in zip(queues, free, strict=True)
        }
        return {account: turns for account, turns in left.items() if turns > 0}

    async def _first(
        self, tx: Transaction, turns: Mapping[UUID, int], *, limit: int
    ) -> Sequence[Due]:
        if not turns:
            return ()
        return await backlog.release_queued(tx, turns, margin=self.margin, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForecasts:
    """The queues as the forecaster sees them, and what it foresees."""

    db: Database
    turns: Turns
    meter: Meter
    stale: timedelta
    lease: timedelta

    async def claim(self) -> Account | None:
        """Take an account whose forecast is to be made, if there is one."""
        return await forecasts.claim(self.db, older_than=self.stale, lease=self.lease)

    async def waiting(self, account: Account) -> tuple[Waiting, int]:
        """Return who waits, in the order in which they are served, and how many turns are left."""
        bucket = hourly_replies(account.private_replies_per_hour)
        (free,) = await self.turns.free_many([(account.instagram_id, bucket)])
        return await forecasts.waiting(self.db, account.id), free

    async def store(self, account: Account, found: Outlooks) -> None:
        """
        Store what was foreseen, and let a person know while somebody will not be answered in time.

        The alert is the account's, and one for each campaign with such people.
        """
        await forecasts.store(self.db, account.id, found.account, found.campaigns)
        told = {"": found.account} | {str(one): it for one, it in found.campaigns.items()}
        missing = {subject: it for subject, it in told.items() if it.missed}
        for subject, outlook in missing.items():
            is_news = await alerts.raise_alert(
                self.db, account.id, WILL_MISS, subject=subject, detail=_detail(outlook)
            )
            if is_news:
                tell_raised(self.meter, account.instagram_id, WILL_MISS, subject=subject)
        for one in await alerts.open_alerts(self.db, account.id):
            if one.kind == WILL_MISS and one.subject not in missing:
                await alerts.resolve(self.db, account.id, WILL_MISS, subject=one.subject)
                tell_resolved(self.meter, account.instagram_id, WILL_MISS, subject=one.subject)


def _detail(outlook: Outlook) -> dict[str, object]:
    return {
        "waiting": outlook.waiting,
        "missed": outlook.missed,
        "missed_from": _written(outlook.missed_from),
        "drained_at": _written(outlook.drained_at),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
