"""
The ledger: what happened, what was decided, and what is therefore to be sent.

A batch is one statement (`recording`), and writing it again changes nothing: an event is decided
once, deliveries are made by whoever decides it, and everybody is told how it stands. A decision
that changes what is remembered of a person is written only if that is still what it was made by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    CampaignId,
    CommentId,
    DeliveryId,
    EventId,
    MediaId,
    PersonId,
    TraceId,
    WorkspaceId,
)
from switchboard.db.pool import Queryable, Row
from switchboard.db.recording import FORGOTTEN, RECORD, RECORD_AND_BIND
from switchboard.errors import Unavailable
from switchboard.rules.contact import CONTACT, Contact
from switchboard.rules.decision import DeliveryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDraft:
    """
    A delivery to be made. `content` is JSON.

    One that is `ready` but not due for some time yet is stored as `parked`. One with an `after_id`
    is stored as `waiting`, unless that delivery is sent already.
    """

    id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    kind: DeliveryKind
    person_id: PersonId | None
    comment_id: CommentId | None
    content: str
    state: Literal["waiting", "parked", "ready"]
    not_before: datetime
    deadline: datetime
    after_id: DeliveryId | None = None
    lane: Literal["usual", "live"] = "usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    One event with its decision.

    `workspace_id` and `account` are both given or both `None`: nobody has connected the account,
    or the webhook could not be read. `decision` and `event` are JSON. `inbound` says that the
    person did something; `window_closes_at`, until when that lets the account write to them.
    `bound` are campaigns for the next post with the post each has found, which it gets if it is
    live, has none, and the account's rules are still those that `decision` names.
    """

    event_id: EventId
    workspace_id: WorkspaceId | None
    account: UUID | None
    instagram_id: AccountId
    kind: str
    identity: str
    person_id: PersonId | None
    occurred_at: datetime
    received_at: datetime
    outcome: str
    campaign_id: CampaignId | None
    decision: str
    event: str
    trace_id: TraceId
    username: str | None = None
    window_closes_at: datetime | None = None
    inbound: bool = False
    deliveries: tuple[DeliveryDraft, ...] = ()
    bound: tuple[tuple[CampaignId, MediaId], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKept:
    """
    What a person's events in a batch were decided by, and what becomes of it.

    `expected` is the revision of the contact that was decided by, 0 of somebody unknown. `after`,
    whose revision is higher, takes its place; `None` leaves it as it is.
    """

    account: UUID
    workspace_id: WorkspaceId
    person_id: PersonId
    expected: int
    after: Contact | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How an event stands after a batch, whoever recorded it.

    `ready` are its deliveries that no sender has taken: new ones, and those of an earlier attempt
    that was interrupted between the commit and publishing. `new`: it was not in the ledger before.
    `ours`: this call recorded or completed it. `erased`: whoever it is of was erased since it
    happened, so nothing is remembered of them; what was decided was not recorded.
    """

    outcome: str
    ready: tuple[DeliveryId, ...]
    new: bool
    ours: bool
    erased: bool = False


async def record(
    db: Queryable, batch: Sequence[Recorded], contacts: Sequence[ContactKept] = ()
) -> dict[EventId, Standing]:
    """
    Record `batch` in one statement; return how its events stand.

    Of an event that is in the ledger only an outcome `asked` is replaced: by another outcome, or by
    the next question, which the answer to the one before has led to.
    Deliveries are stored for the events this call recorded or completed, unless they exist; a
    second private reply to a comment is left out in silence.

    An event of somebody who was erased after it happened is recorded without them, and unanswered.

    Of a person in `contacts` either all events of the batch are recorded and the contact replaced,
    or nothing is: where the stored revision is another, or one of the events is in the ledger and
    not to be replaced. What is then neither recorded nor in the ledger is missing in the answer:
    load the contact and decide again. Other people's events are recorded as they are.

    Raises:
        Unavailable: The database is away. Record the same batch again.
        ValueError: A contact is given twice, does not go forward, or is nobody's in the batch.
    """
    pending = _once_each(batch)
    kept = _by_person(pending, contacts)
    standings: dict[EventId, Standing] = {}
    for _ in range(_ATTEMPTS):
        if not pending:
            return standings
        statement, arguments = _statement(pending, kept)
        rows = await db.fetch(statement, *arguments)
        standings |= {row["event_id"]: _standing(row) for row in rows if row["outcome"]}
        unwritten = [row for row in rows if not row["outcome"]]
        late = {row["event_id"] for row in unwritten if row["forgotten"]}
        standings |= await _record_forgotten(db, [one for one in pending if one.event_id in late])
        again = {row["event_id"] for row in unwritten if row["again"]} - late
        pending = [one for one in pending if one.event_id in again]
    if any(_person(one) not in kept for one in pending):
        raise Unavailable("PostgreSQL: events vanished while they were recorded")
    return standings


_ATTEMPTS: Final = 3
_Person: TypeAlias = tuple[UUID | None, PersonId | None]


def _person(one: Recorded) -> _Person:
    return one.account, one.person_id


def _by_person(
    batch: Sequence[Recorded], contacts: Sequence[ContactKept]
) -> dict[_Person, ContactKept]:
    kept: dict[_Person, ContactKept] = {(one.account, one.person_id): one for one in contacts}
    if len(kept) < len(contacts):
        raise ValueError("a contact is given twice")
    if any(one.after is not None and one.after.revision <= one.expected for one in contacts):
        raise ValueError("a contact must not go back to an earlier revision")
    if not kept.keys() <= {_person(one) for one in batch}:
        raise ValueError("a contact is given of whom the batch has no event")
    return kept


def _once_each(batch: Sequence[Recorded]) -> list[Recorded]:
    """Return one for each event, by id; a decision rather than a question."""
    chosen: dict[EventId, Recorded] = {}
    for one in batch:
        before = chosen.get(one.event_id)
        if before is None or (before.outcome == "asked" and one.outcome != "asked"):
            chosen[one.event_id] = one
    return [chosen[event_id] for event_id in sorted(chosen)]


def _standing(row: Row) -> Standing:
    ready = tuple(map(DeliveryId, row["ready"]))
    return Standing(row["outcome"], ready, row["new"], row["ours"], erased=row["forgotten"])


async def _record_forgotten(db: Queryable, late: Sequence[Recorded]) -> dict[EventId, Standing]:
    """Record what is of people who were erased since it happened: one by one, for it is rare."""
    for one in late:
        await db.execute(
            FORGOTTEN,
            one.event_id,
            one.workspace_id,
            one.account,
            one.instagram_id,
            storable(one.person_id),
            one.kind,
            one.occurred_at,
            one.received_at,
            storable_json(one.event),
            one.trace_id,
        )
    return {one.event_id: Standing("ignored", (), new=True, ours=True, erased=True) for one in late}


def _statement(
    batch: Sequence[Recorded], kept: Mapping[_Person, ContactKept]
) -> tuple[str, list[list[Any]]]:
    """Return the statement that records `batch`, and its parameters: an array for each column."""
    people = {_person(one) for one in batch}
    contacts = [one for person, one in kept.items() if person in people]
    arguments = [*_events(batch), *_drafts(batch), *_contacts(contacts)]
    if any(one.bound for one in batch):
        return RECORD_AND_BIND, arguments + _bound(batch)
    return RECORD, arguments


def _events(batch: Sequence[Recorded]) -> list[list[Any]]:
    return [
        [one.event_id for one in batch],
        [one.workspace_id for one in batch],
        [one.account for one in batch],
        [one.instagram_id for one in batch],
        [one.kind for one in batch],
        [storable(one.identity) for one in batch],
        [storable(one.person_id) for one in batch],
        [one.occurred_at for one in batch],
        [one.received_at for one in batch],
        [one.outcome for one in batch],
        [one.campaign_id for one in batch],
        [storable_json(one.decision) for one in batch],
        [storable_json(one.event) for one in batch],
        [one.trace_id for one in batch],
        [storable(one.username) for one in batch],
        [one.window_closes_at for one in batch],
        [one.inbound for one in batch],
    ]


def _drafts(batch: Sequence[Recorded]) -> list[list[Any]]:
    drafts = [(one.event_id, draft) for one in batch for draft in one.deliveries]
    return [
        [event_id for event_id, _ in drafts],
        [draft.id for _, draft in drafts],
        [draft.campaign_id for _, draft in drafts],
        [draft.campaign_version for _, draft in drafts],
        [draft.step for _, draft in drafts],
        [draft.kind for _, draft in drafts],
        [storable(draft.person_id) for _, draft in drafts],
        [storable(draft.comment_id) for _, draft in drafts],
        [storable_json(draft.content) for _, draft in drafts],
        [draft.state for _, draft in drafts],
        [draft.not_before for _, draft in drafts],
        [draft.deadline for _, draft in drafts],
        [draft.after_id for _, draft in drafts],
        [draft.lane for _, draft in drafts],
    ]


def _contacts(contacts: Sequence[ContactKept]) -> list[list[Any]]:
    return [
        [one.account for one in contacts],
        [storable(one.person_id) for one in contacts],
        [one.expected for one in contacts],
        [one.after and storable_json(CONTACT.dump_json(one.after).decode()) for one in contacts],
    ]


def _bound(batch: Sequence[Recorded]) -> list[list[Any]]:
    bound = [(one.event_id, *found) for one in batch for found in one.bound]
    return [
        [event_id for event_id, _, _ in bound],
        [campaign_id for _, campaign_id, _ in bound],
        [storable(media_id) for _, _, media_id in bound],
    ]


def storable(text: str | None) -> str | None:
    """Return `text` without U+0000, which people can type and PostgreSQL cannot store."""
    return text and text.replace("\x00", "\ufffd")


def storable_json(text: str) -> str:
    """Return JSON `text` without escapes of U+0000."""
    return _NUL_ESCAPE.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


# An even number of backslashes before it: they escape each other, not the u.
_NUL_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
