"""What happened: every event, what was decided about it and why, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, WithJsonSchema

from services.control.asked import Moment
from services.control.envelope import Looks, Tx, resource
from services.control.live import LastEventId, Live, Message
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Fault, invalid, not_found
from services.control.within import Within
from switchboard.contracts import EventId, EventKind, WorkspaceId
from switchboard.db import activity, history
from switchboard.db.activity import SETTLED, Happened, Wanted
from switchboard.db.funnel import Stage
from switchboard.db.history import History
from switchboard.db.rights import standing
from switchboard.rules.decision import DeliveryKind, Outcome
from switchboard.rules.sentences import BECAUSE
from switchboard.rules.states import State

router = resource("/workspaces/{workspace_id}/activity", "activity")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])
_READ = Cursors[datetime](datetime)
_SENTENCES: Final[Mapping[str | None, str]] = {str(code): told for code, told in BECAUSE.items()}
_AT_ONCE: Final = 100
# How many questions that are still open a live answer remembers, to tell how they ended.
_OPEN_MOST: Final = 500


class Owed(BaseModel):
    """A delivery that came of an event, in short."""

    id: UUID
    kind: DeliveryKind
    state: State
    reason: str | None


# A release that is ahead of this one may have recorded others.
Kind = Annotated[str, WithJsonSchema({"type": "string", "enum": list(get_args(EventKind))})]


class Activity(BaseModel):
    """An event in a list; `why` is the sentence that `because` stands for."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account_id: UUID
    kind: Kind
    person_id: str | None
    username: str | None
    text: str | None
    media_id: str | None
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    outcome: Outcome
    because: str | None
    why: str | None
    campaign_id: UUID | None
    campaign: str | None
    deliveries: list[Owed]


class Chapter(BaseModel):
    """A part of an explanation: a heading and its lines, for people."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    lines: list[str]


class Step(BaseModel):
    """A step that a delivery took: what it was after it, when, who took it and why."""

    after: State
    at: datetime
    by: str
    reason: str | None


class DeliveryTold(BaseModel):
    """A delivery that came of an event, as it stands, with the steps it took."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    campaign_id: UUID
    campaign_version: int
    step: str
    kind: DeliveryKind
    content: dict[str, Any]
    state: State
    reason: str | None
    after_id: UUID | None
    not_before: datetime
    deadline: datetime
    attempts: int
    message_id: str | None
    graph_code: int | None
    graph_subcode: int | None
    fbtrace_id: str | None
    sent_at: datetime | None
    steps: list[Step]


class EventTold(BaseModel):
    """
    An event with all that came of it.

    `event` and `decision` are as they were stored; `explanation` tells them to people.
    """

    id: UUID
    account_id: UUID
    username: str | None
    kind: Kind
    outcome: Outcome
    campaign_id: UUID | None
    received_at: datetime
    recorded_at: datetime
    explanation: list[Chapter]
    decision: dict[str, Any]
    event: dict[str, Any]
    deliveries: list[DeliveryTold]


From = Annotated[Moment | None, Query(alias="from", description="Received then or later.")]
To = Annotated[Moment | None, Query(alias="to", description="Received before then.")]
Words = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=200,
        description="Somewhere in what was written, in capitals or not; wants `from`, too.",
    ),
]


HowFar = Annotated[
    Stage | None, Query(description="How far it got, as the funnel counts; wants `from`, too.")
]


async def _narrowed(
    account_id: UUID | None = None,
    campaign_id: UUID | None = None,
    kind: EventKind | None = None,
    outcome: Outcome | None = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Wanted:
    """Return which events are wanted, by what they are."""
    return Wanted(
        account=account_id, campaign=campaign_id, kind=kind, outcome=outcome, person=person_id
    )


Narrowed = Annotated[Wanted, Depends(_narrowed)]


@router.get("")
async def list_activity(
    workspace: Within,
    tx: Tx,
    wanted: Narrowed,
    *,
    since: From = None,
    until: To = None,
    text: Words = None,
    stage: HowFar = None,
    answered: Annotated[bool | None, Query(description="Whether a campaign answers.")] = None,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Activity]:
    """List what happened in a workspace, what came last first."""
    if (text or stage) is not None and since is None:
        message = "To look for words, or for how far things got, say from when on."
        raise invalid(Fault(within="query", pointer="/from", message=message))
    more = {"since": since, "until": until, "text": text, "stage": stage, "answered": answered}
    found = await activity.latest(
        tx,
        workspace,
        Wanted(**asdict(wanted) | more),
        after=_CURSORS.read(cursor),
        limit=limit + 1,
    )
    return _CURSORS.page(found, limit, lambda one: (one.received_at, one.id), shown)


@router.get("/live", response_class=Live, status_code=HTTPStatus.OK)
async def watch_activity(
    workspace: Within, tx: Tx, looks: Looks, wanted: Narrowed, last_event_id: LastEventId = None
) -> Response:
    """
    Watch what happens, as server-sent events.

    First `ready`; then `happened` with an event as the list has it, and `decided` once what was
    asked about one is answered. Comments keep it open. It ends with your token: call again with
    `Last-Event-ID`. One that was told just before you left may be told again, with the same id.
    """
    since = _READ.read(last_event_id)
    if since is not None:
        return looks.live(_Watch(looks, workspace, wanted, since=since))
    now = await activity.now(tx)
    known = await activity.ids(tx, workspace, since=now - SETTLED)
    return looks.live(_Watch(looks, workspace, wanted, since=now, known=known))


@router.get("/{event_id}")
async def read_activity(workspace: Within, event_id: UUID, tx: Tx) -> EventTold:
    """Read one event: what was decided about it, why, and what came of it."""
    found = await history.event(tx, EventId(event_id))
    if found is None or found.past.workspace_id != workspace:
        raise not_found("event")
    return _told(found)


class _Watch:
    """What is new since the last look, for one who watches."""

    def __init__(
        self,
        looks: Looks,
        workspace: WorkspaceId,
        wanted: Wanted,
        *,
        since: datetime,
        known: Mapping[EventId, datetime] = MappingProxyType({}),
    ) -> None:
        self._looks, self._workspace, self._wanted = looks, workspace, wanted
        self._since, self._known, self._ready = since, dict(known), False
        self._open: list[EventId] = []

    async def __call__(self) -> Sequence[Message]:
        """Return what was recorded or decided since."""
        async with self._looks.view() as tx:
            if not (await standing(tx, self._workspace)).seen:
                raise not_found("workspace")
            new = await activity.recorded(
                tx,
                self._workspace,
                self._wanted,
                since=self._since - SETTLED,
                besides=self._known,
                limit=_AT_ONCE,
            )
            decided = await activity.decided(tx, self._workspace, self._open) if self._open else ()
        self._note(new, decided)
        ready = [] if self._ready else [self._message("ready", None)]
        self._ready = True
        return [
            *ready,
            *(self._message("happened", one) for one in new),
            *(self._message("decided", one) for one in decided),
        ]

    def _note(self, new: Sequence[Happened], decided: Sequence[Happened]) -> None:
        """Remember what was told, as long as it could be found again."""
        self._since = max((self._since, *(one.recorded_at for one in new)))
        self._known |= {one.id: one.recorded_at for one in new}
        settled = self._since - SETTLED
        self._known = {one: at for one, at in self._known.items() if at > settled}
        over = {one.id for one in decided}
        asked = [one.id for one in new if one.outcome == "asked"]
        self._open = [one for one in (*self._open, *asked) if one not in over][-_OPEN_MOST:]

    def _message(self, name: str, one: Happened | None) -> Message:
        return Message(name, _READ.write(self._since), None if one is None else shown(one))


def shown(one: Happened) -> Activity:
    """Return an event as lists have it."""
    told = asdict(one)
    return Activity(**told, why=_SENTENCES.get(one.because))


def _told(found: History) -> EventTold:
    past = found.past
    return EventTold.model_validate(
        {
            "id": past.event_id,
            "account_id": past.account,
            "username": found.username,
            "kind": past.kind,
            "outcome": past.outcome,
            "campaign_id": past.campaign_id,
            "received_at": past.received_at,
            "recorded_at": past.recorded_at,
            "explanation": found.explanation(),
            "decision": past.decision,
            "event": past.event,
            "deliveries": found.deliveries,
        },
        from_attributes=True,
    )
