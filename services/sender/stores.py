"""The database as the sender's collaborators see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, assert_never
from uuid import UUID

from services.sender.endings import (
    Delivered,
    Doubtful,
    Ending,
    Late,
    Never,
    Postponed,
    TokenMissing,
)
from services.sender.pacer import Overdue, Released
from services.sender.pacing import PRIVATE_REPLIES, hourly_replies
from services.sender.webhooks import SecretMissing
from switchboard.clock import Clock
from switchboard.contracts import AccountId, DeliveryDue, DeliveryId
from switchboard.db import backlog, contacts, credentials, deliveries, pacing
from switchboard.db.credentials import Vault
from switchboard.db.deliveries import Claimed, MetaAnswer
from switchboard.db.pacing import Due
from switchboard.db.pool import Database, Transaction
from switchboard.graph import Said
from switchboard.state import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLedger:
    """Deliveries in Postgres, as the sender writes them."""

    db: Database
    now: Clock
    lease: timedelta

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        """Make a ready row `sending` and `owner`'s for `lease`."""
        return await deliveries.claim(
            self.db, delivery_id, owner=owner, lease_s=lease.total_seconds()
        )

    async def record(
        self, delivery: Claimed, ending: Ending, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        """
        Write how the claim ended, and return what is ready now that waited for it.

        `None`: it was no longer `owner`'s, and nothing was written.
        """
        if isinstance(ending, Delivered):
            return await self._sent(delivery, ending, owner=owner)
        return () if await self._not_sent(delivery, ending, owner=owner) else None

    async def _sent(
        self, delivery: Claimed, ending: Delivered, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        sent = await deliveries.record_sent(
            self.db,
            delivery.id,
            owner=owner,
            message_id=ending.message_id,
            recipient_id=ending.recipient_id,
            answer=_answer(ending.said),
        )
        return None if sent is None else _messages(sent.due)

    async def _not_sent(
        self, delivery: Claimed, ending: Never | Late | Doubtful | Postponed, *, owner: str
    ) -> bool:
        match ending:
            case Never(reason, said):
                return await deliveries.record_refused(
                    self.db, delivery.id, owner=owner, reason=reason, answer=_answer(said)
                )
            case Doubtful(reason, said):
                return await deliveries.record_uncertain(
                    self.db, delivery.id, owner=owner, reason=reason, answer=_answer(said)
                )
            case Late(reason):
                return await deliveries.record_expired(
                    self.db, delivery.id, owner=owner, reason=reason
                )
            case Postponed():
                return await self._postpone(delivery, ending, owner=owner)
            case _:
                assert_never(ending)

    async def _postpone(self, delivery: Claimed, ending: Postponed, *, owner: str) -> bool:
        """
        Stop the account, if that is what Meta said, and then park the row.

        In this order: were the second one missing, the first is still true and the row is not lost.
        A private reply for which the hour had no turn left is in its account's queue again, at the
        place it had.
        """
        if ending.reconnect:
            await deliveries.mark_reconnect_needed(self.db, delivery.account, ending.reason)
        if ending.hold is not None:
            until = self.now() + ending.hold
            await deliveries.hold_account(
                self.db, delivery.account, until=until, reason=ending.reason
            )
        queued = ending.reason == f"limit_{PRIVATE_REPLIES}"
        return await deliveries.park(
            self.db,
            delivery.id,
            owner=owner,
            reason=backlog.QUEUED if queued else ending.reason,
            after_s=0.0 if queued else ending.wait.total_seconds(),
            counts=ending.counted,
        )

    async def begun(self, bucket: Bucket, *, besides: Claimed) -> int:
        """
        Return how many other private replies were begun in the bucket's window.

        What limits ask when Redis has forgotten. A row is told of before it is claimed, and told
        of again while nobody claims it, so rows told of within the time and a while before it
        include all that were begun within it. Those claimed a moment ago are left out: when a
        crowd meets a bucket nobody has used for long, they all ask at once, and each would count
        the others before they take their turns. Had Redis forgotten a turn of theirs, they are
        at most a burst, which the ceiling leaves room for (`pacing`).
        """
        if bucket.name != PRIVATE_REPLIES:
            raise ValueError(f"nothing is known of {bucket.name}")
        within = bucket.ceiling.window + _TOLD_BEFORE
        return await deliveries.private_replies_begun(
            self.db,
            besides.account,
            besides=besides.id,
            within=within,
            leased=self.lease - _MOMENT,
        )


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """Tokens, opened where they are needed and kept nowhere."""

    vault: Vault

    def token(self, delivery: Claimed) -> str:
        """
        Return the token of the delivery's account.

        Raises:
            TokenMissing: None was ever stored.
            CannotOpen: We do not have its key.
        """
        if delivery.credential is None:
            raise TokenMissing(f"account {delivery.account} has no token")
        return self.vault.open(delivery.credential, delivery.account)


@dataclass(frozen=True, slots=True)
class StoredNames:
    """People's names in Postgres."""

    db: Database

    async def keep(self, delivery: Claimed, name: str | None, username: str | None) -> None:
        """Keep what the delivery's person is called."""
        if delivery.person_id is not None:
            await contacts.name_person(
                self.db, delivery.account, delivery.person_id, name=name, username=username
            )


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """What webhooks are signed with, opened where it is needed and kept nowhere."""

    db: Database
    vault: Vault

    async def secret(self, delivery: Claimed) -> str:
        """
        Return the secret of the delivery's account.

        Raises:
            SecretMissing: None was ever stored.
            CannotOpen: We do not have its key.
        """
        sealed = await credentials.webhook_secret(self.db, delivery.account)
        if sealed is None:
            raise SecretMissing(f"account {delivery.account} has no secret for webhooks")
        return self.vault.open(sealed, delivery.account, "webhook")


class Turns(Protocol):
    """What limits would grant."""

    async def free_many(self, asked: Sequence[tuple[AccountId, Bucket]]) -> Sequence[int]:
        """Return how many calls each bucket would let through at this moment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQueues:
    """
    Queues in Postgres, and turns in Redis.

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
        return Released(_messages(due), more=max(admitted, len(due)) >= limit)

    async def _turns(
        self, queues: Sequence[backlog.Queue], out: Mapping[UUID, int]
    ) -> dict[UUID, int]:
        """Return the accounts that have turns for others than those who are out."""
        asked = [(one.instagram_id, hourly_replies(one.private_replies_per_hour)) for one in queues]
        free = await self.turns.free_many(asked) if asked else ()
        left = {
            queue.account: turns - out.get(queue.account, 0)
            for queue, turns in zip(queues, free, strict=True)
        }
        return {account: turns for account, turns in left.items() if turns > 0}

    async def _first(
        self, tx: Transaction, turns: Mapping[UUID, int], *, limit: int
    ) -> Sequence[Due]:
        if not turns:
            return ()
        return await backlog.release_queued(tx, turns, margin=self.margin, limit=limit)


@dataclass(frozen=True, slots=True)
class StoredParking:
    """
    Deliveries in Postgres, as the pacer moves them.

    `margin`: nothing is sent later than this before its deadline.
    """

    db: Database
    margin: timedelta

    async def release_due(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make parked rows ready whose moment has come."""
        return _messages(await pacing.release_due(self.db, limit=limit))

    async def republish_stale(self, *, older_than: timedelta, limit: int) -> Sequence[DeliveryDue]:
        """Return ready rows that nobody has picked up."""
        older_than_s = older_than.total_seconds()
        return _messages(
            await pacing.republish_stale(self.db, older_than_s=older_than_s, limit=limit)
        )

    async def expire_leases(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `uncertain`, or ready again, what a sender left behind."""
        return _messages(await pacing.expire_leases(self.db, limit=limit))

    async def expire_overdue(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `expired` what was not sent in time, but for lookups."""
        return _messages(await pacing.expire_overdue(self.db, margin=self.margin, limit=limit))

    async def overdue_lookups(self, *, limit: int) -> Sequence[Overdue]:
        """Return lookups that wait although their deadline has passed."""
        rows = await pacing.overdue_lookups(self.db, limit=limit)
        return [Overdue(row.due.delivery_id, row.content) for row in rows]

    async def expire(self, found: Sequence[DeliveryId]) -> None:
        """Make these `expired`, if they still wait."""
        await pacing.expire(self.db, found)

    async def settle_waiting(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Move what waits for a delivery that has ended; return what is ready now."""
        return _messages(await pacing.settle_waiting(self.db, limit=limit))


def _messages(rows: Sequence[Due]) -> list[DeliveryDue]:
    return [
        DeliveryDue(delivery_id=row.delivery_id, account_id=row.account_id, trace_id=row.trace_id)
        for row in rows
    ]


def _answer(said: Said) -> MetaAnswer:
    return MetaAnswer(code=said.code, subcode=said.subcode, fbtrace_id=said.trace_id)


# Far longer than a ready row waits before it is told of again.
_TOLD_BEFORE = timedelta(minutes=10)
# From a claim to the turn taken: a look at the row and one call to Redis.
_MOMENT = timedelta(seconds=2)
