"""What is owed to people: the queue, what becomes of it, and what a person decides of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.control.asked import Body
from services.control.envelope import Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Fault, conflict, not_found
from services.control.within import Within, WithinAsEditor
from switchboard.clock import utc_now
from switchboard.contracts import DeliveryId, WorkspaceId
from switchboard.db import by_hand, owed
from switchboard.db.by_hand import Shown, Verdict
from switchboard.db.owed import Wanted
from switchboard.rules.decision import DeliveryKind
from switchboard.rules.sentences import STATES, sentence_of
from switchboard.rules.states import IDLE, State

router = resource("/workspaces/{workspace_id}", "deliveries")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


class Delivery(BaseModel):
    """A delivery in a list; `why` is the sentence that its `reason` stands for."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID
    account_id: UUID
    campaign_id: UUID
    campaign: str
    kind: DeliveryKind
    step: str
    state: State
    reason: str | None
    why: str | None
    person_id: str | None
    username: str | None
    comment_id: str | None
    content: dict[str, Any]
    attempts: int
    attempted_at: datetime | None
    doubted_at: datetime | None
    not_before: datetime
    deadline: datetime
    created_at: datetime
    sent_at: datetime | None


class StepTaken(BaseModel):
    """A step that a delivery took."""

    after: State
    at: datetime
    by: str
    reason: str | None


class LookTaken(BaseModel):
    """One time that an uncertain delivery was looked for: where, and what came of it."""

    at: datetime
    asked: str
    outcome: str
    because: str
    seen: int
    message_id: str | None


class DeliveryShown(BaseModel):
    """
    One delivery with all that is known of it.

    `choices` is what a person can decide of it as it is now; `closes_at` the last moment at which
    Meta allows it; `look_at` when it is looked for again, while it is uncertain.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID
    account_id: UUID = Field(validation_alias="account")
    campaign_id: UUID
    campaign: str
    step: str
    kind: DeliveryKind
    person_id: str | None
    comment_id: str | None
    content: dict[str, Any]
    state: State
    reason: str | None
    why: str | None
    attempts: int
    attempted_at: datetime | None
    attempt_over_at: datetime | None
    doubted_at: datetime | None
    look_at: datetime | None
    not_before: datetime
    deadline: datetime
    closes_at: datetime
    sent_at: datetime | None
    message_id: str | None
    recipient_id: str | None
    graph_code: int | None
    graph_subcode: int | None
    fbtrace_id: str | None
    trace_id: str
    steps: list[StepTaken]
    looks: list[LookTaken]
    choices: list[Verdict]


class Decision(Body):
    """
    What a person decides of a delivery.

    Of an uncertain one: `sent` counts it as sent, `retry` sends it again, `drop` leaves it. Of one
    that was not tried yet: `cancel` calls it off. What waits for it goes out or is called off, too.
    """

    verdict: Verdict
    message_id: str | None = Field(
        None, min_length=1, max_length=512, description="What Meta calls it, if it was `sent`."
    )


class Queue(BaseModel):
    """How many deliveries of a workspace have not ended, by state."""

    states: dict[State, int]


@router.get("/deliveries")
async def list_deliveries(
    workspace: Within,
    tx: Tx,
    *,
    state: Annotated[list[State] | None, Query(description="Of any of these states.")] = None,
    account_id: UUID | None = None,
    campaign_id: UUID | None = None,
    kind: DeliveryKind | None = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Delivery]:
    """List what is owed and what was sent, the newest first."""
    wanted = Wanted(
        states=tuple(state or ()),
        account=account_id,
        campaign=campaign_id,
        kind=kind,
        person=person_id,
    )
    after = _CURSORS.read(cursor)
    found = await owed.listed(tx, workspace, wanted, after=after, limit=limit + 1)
    return _CURSORS.page(
        found,
        limit,
        lambda one: (one.created_at, one.id),
        lambda one: Delivery(**asdict(one), why=_sentence(one.reason)),
    )


@router.get("/deliveries/queue")
async def count_deliveries(workspace: Within, tx: Tx) -> Queue:
    """Count what has not ended yet: who waits, who is being written to, what is uncertain."""
    found = await owed.states(tx, workspace)
    return Queue(states={state: found.get(state, 0) for state in _OPEN})


@router.get("/deliveries/{delivery_id}")
async def read_delivery(workspace: Within, delivery_id: UUID, tx: Tx) -> DeliveryShown:
    """Read one delivery: what it has been through, and what can be decided of it."""
    return _shown(await _found(tx, workspace, delivery_id))


@router.post("/deliveries/{delivery_id}/decision")
async def decide_delivery(
    workspace: WithinAsEditor, delivery_id: UUID, decision: Decision, tx: Tx
) -> DeliveryShown:
    """Decide what became of a delivery, or is to become of it; an editor may."""
    one = await _found(tx, workspace, delivery_id)
    if decision.verdict not in _choices(one):
        raise _not_to_decide(one, decision.verdict)
    known_as = decision.message_id if decision.verdict == "sent" else None
    if not await by_hand.decide_as_caller(tx, one.id, decision.verdict, known_as):
        raise await _why_not(tx, workspace, one, decision)
    return _shown(await _found(tx, workspace, delivery_id))


_OPEN: Final[tuple[State, ...]] = ("waiting", "parked", "ready", "sending", "uncertain")
_TOO_LATE: Final = "there is nothing left to decide"
_INSTEAD: Final[Mapping[State, str]] = {
    "uncertain": "decide what became of it: sent, retry or drop",
    "sending": "see what comes of it in a moment",
    "waiting": "it was not tried yet, and can be called off",
    "parked": "it was not tried yet, and can be called off",
    "ready": "it was not tried yet, and can be called off",
}


async def _found(tx: Tx, workspace: WorkspaceId, delivery_id: UUID) -> Shown:
    one = await by_hand.shown(tx, DeliveryId(delivery_id))
    if one is None or one.workspace_id != workspace:
        raise not_found("delivery")
    return one


def _shown(one: Shown) -> DeliveryShown:
    told = {name: getattr(one, name) for name in Shown.__slots__}
    return DeliveryShown.model_validate(
        told | {"closes_at": one.closes_at, "choices": _choices(one), "why": _sentence(one.reason)}
    )


def _choices(one: Shown) -> list[Verdict]:
    if one.state in IDLE:
        return ["cancel"]
    if one.state != "uncertain":
        return []
    return ["sent", "retry", "drop"] if one.closes_at > utc_now() else ["sent", "drop"]


def _not_to_decide(one: Shown, verdict: Verdict) -> Exception:
    if verdict == "retry" and one.state == "uncertain":
        late = f"Meta allowed it until {one.closes_at:%Y-%m-%d %H:%M} UTC; decide sent or drop."
        return conflict(late, Fault(pointer="/verdict", message=late))
    return conflict(f"It {STATES[one.state]}; {_INSTEAD.get(one.state, _TOO_LATE)}.")


async def _why_not(tx: Tx, workspace: WorkspaceId, one: Shown, decision: Decision) -> Exception:
    """Return why a decision was not taken: somebody was quicker, or the message is another's."""
    now = await _found(tx, workspace, one.id)
    if decision.message_id is not None and now.state == one.state:
        of = await by_hand.whose(tx, one.account, decision.message_id)
        taken = f"That is the message of delivery {of}."
        return conflict(taken, Fault(pointer="/message_id", message=taken))
    return _not_to_decide(now, decision.verdict)


def _sentence(reason: str | None) -> str | None:
    return None if reason is None else sentence_of(reason)
