"""The database as the sender's collaborators see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from services.sender.aftermath import concerns_account, settle_account, tell_account
from services.sender.endings import (
    Delivered,
    Doubtful,
    Ending,
    Late,
    Never,
    Postponed,
    TokenMissing,
)
from services.sender.pacer import Overdue
from services.sender.pacing import PRIVATE_REPLIES
from services.sender.webhooks import SecretMissing
from switchboard.contracts import AttachmentId, DeliveryDue, DeliveryId
from switchboard.db import attachments, backlog, contacts, credentials, deliveries, holds, pacing
from switchboard.db.attachments import Attachment
from switchboard.db.credentials import Vault
from switchboard.db.deliveries import Claimed, MetaAnswer
from switchboard.db.pacing import Due
from switchboard.db.pool import Database, Queryable
from switchboard.graph import File, Said
from switchboard.state import Bucket
from switchboard.telemetry import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLedger:
    """Deliveries and their accounts in Postgres, as the sender writes them."""

    db: Database
    meter: Meter
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

        `None`: it was no longer `owner`'s, and nothing was written of it. What it says of the
        account is written all the same, and in one transaction with it: were an account stopped and
        nobody told, no later call would tell them.
        """
        if not concerns_account(delivery, ending):
            return await self._write(self.db, delivery, ending, owner=owner)
        async with self.db.transaction() as tx:
            aftermath = await settle_account(tx, delivery, ending)
            ready = await self._write(tx, delivery, ending, owner=owner)
        tell_account(self.meter, delivery, aftermath)
        return ready

    async def _write(
        self, db: Queryable, delivery: Claimed, ending: Ending, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        """Write how the claim ended; return what is ready by it, `None` if it was not `owner`'s."""
        if isinstance(ending, Delivered):
            return await self._sent(db, delivery, ending, owner=owner)
        return () if await self._not_sent(db, delivery, ending, owner=owner) else None

    async def _sent(
        self, db: Queryable, delivery: Claimed, ending: Delivered, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        sent = await deliveries.record_sent(
            db,
            delivery.id,
            owner=owner,
            message_id=ending.message_id,
            recipient_id=ending.recipient_id,
            answer=_answer(ending.said),
        )
        return None if sent is None else messages(sent.due)

    async def _not_sent(
        self,
        db: Queryable,
        delivery: Claimed,
        ending: Never | Late | Doubtful | Postponed,
        *,
        owner: str,
    ) -> bool:
        answer = _answer(ending.said)
        match ending:
            case Never(reason):
                return await deliveries.record_refused(
                    db, delivery.id, owner=owner, reason=reason, answer=answer
                )
            case Doubtful(reason):
                return await deliveries.record_uncertain(
                    db, delivery.id, owner=owner, reason=reason, answer=answer
                )
            case Late(reason):
                return await deliveries.record_expired(
                    db, delivery.id, owner=owner, reason=reason, answer=answer
                )
            case Postponed(reason, wait):
                # For whom the hour had no turn left, they are in the queue again, at their place.
                queued = reason == f"limit_{PRIVATE_REPLIES}"
                return await deliveries.park(
                    db,
                    delivery.id,
                    owner=owner,
                    reason=backlog.QUEUED if queued else reason,
                    after_s=0.0 if queued else wait.total_seconds(),
                    counts=ending.counted,
                    answer=answer,
                )
            case _:
                assert_never(ending)

    async def take_probe(self, delivery: Claimed) -> bool:
        """Take the one place of an account on probation; false if another has it."""
        return await holds.take_probe(self.db, delivery.account, delivery.id, within=self.lease)

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
class StoredShelf:
    """Files and their ids in Postgres. `lease` outlasts an upload."""

    db: Database
    lease: timedelta
    fresh: timedelta = timedelta(days=1)  # who puts another picture at an address sees it by then
    refused: timedelta = timedelta(hours=1)

    async def find(self, delivery: Claimed, file: File) -> Attachment | None:
        """Return what is known of a file."""
        return await attachments.find(self.db, delivery.account, _name(file), fresh=self.fresh)

    async def note(self, delivery: Claimed, file: File) -> None:
        """Remember that a file is sent."""
        await attachments.note(self.db, delivery.account, _name(file))

    async def claim(self, delivery: Claimed, file: File) -> bool:
        """Begin to upload a file, if nobody else has just begun."""
        return await attachments.claim(
            self.db, delivery.account, _name(file), fresh=self.fresh, lease=self.lease
        )

    async def keep(self, delivery: Claimed, file: File, attachment_id: AttachmentId) -> None:
        """Remember a file's id."""
        await attachments.keep(self.db, delivery.account, _name(file), attachment_id)

    async def put_off(self, delivery: Claimed, file: File) -> None:
        """Let nobody upload a file for a good while."""
        await attachments.put_off(self.db, delivery.account, _name(file), wait=self.refused)

    async def forget(self, delivery: Claimed, attachment_id: AttachmentId) -> None:
        """Forget an id, and let nobody upload its file for a good while."""
        await attachments.forget(self.db, delivery.account, attachment_id, wait=self.refused)


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
        return messages(await pacing.release_due(self.db, limit=limit))

    async def republish_stale(self, *, older_than: timedelta, limit: int) -> Sequence[DeliveryDue]:
        """Return ready rows that nobody has picked up."""
        older_than_s = older_than.total_seconds()
        return messages(
            await pacing.republish_stale(self.db, older_than_s=older_than_s, limit=limit)
        )

    async def expire_leases(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `uncertain`, or ready again, what a sender left behind."""
        return messages(await pacing.expire_leases(self.db, limit=limit))

    async def expire_overdue(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `expired` what was not sent in time, but for lookups."""
        return messages(await pacing.expire_overdue(self.db, margin=self.margin, limit=limit))

    async def overdue_lookups(self, *, limit: int) -> Sequence[Overdue]:
        """Return lookups that wait although their deadline has passed."""
        rows = await pacing.overdue_lookups(self.db, limit=limit)
        return [Overdue(row.due.delivery_id, row.content) for row in rows]

    async def expire(self, found: Sequence[DeliveryId]) -> None:
        """Make these `expired`, if they still wait."""
        await pacing.expire(self.db, found)

    async def settle_waiting(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Move what waits for a delivery that has ended; return what is ready now."""
        return messages(await pacing.settle_waiting(self.db, limit=limit))


def messages(rows: Sequence[Due]) -> list[DeliveryDue]:
    """Return what senders are told of `rows`."""
    return [
        DeliveryDue(delivery_id=row.delivery_id, account_id=row.account_id, trace_id=row.trace_id)
        for row in rows
    ]


def _name(file: File) -> bytes:
    return attachments.source(file.kind, file.url)


def _answer(said: Said) -> MetaAnswer:
    return MetaAnswer(code=said.code, subcode=said.subcode, fbtrace_id=said.trace_id)


# Far longer than a ready row waits before it is told of again.
_TOLD_BEFORE = timedelta(minutes=10)
# From a claim to the turn taken: a look at the row and one call to Redis.
_MOMENT = timedelta(seconds=2)
