"""Messages that could not be handled: a workspace's own, or for those who run it, all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.control.asked import Body
from services.control.envelope import NOT_KEPT, Looks, TheLetters, Tx, Views, resource
from services.control.letters import Later, Letters, of
from services.control.operators import OPERATOR
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.sessions import SIGNED_IN
from services.control.within import WithinAsAdmin
from switchboard.db import accounts
from switchboard.db import letters as noted
from switchboard.db.letters import LetterLog
from switchboard.queues.dead_letters import Letter, Wanted, everything
from switchboard.topology import QUEUES, Queue

router = resource("/workspaces/{workspace_id}/dead-letters", "dead letters")
of_all = resource("/installation/dead-letters", "dead letters")

MessageId = Annotated[str, Field(min_length=1, max_length=128)]
QueueName = Literal["events", "classify", "classified", "outbound"]
Most = Annotated[int, Query(ge=1, le=1_000, description="How many are shown.")]
_QUEUES: Final = {queue.name: queue for queue in QUEUES}
_DEEDS = Cursors[int](int)


class DeadLetter(BaseModel):
    """
    A message that was given up on, and why. `body` is the message, with what people wrote in it.

    `account` is Instagram's id of the account it is about.
    """

    queue: QueueName
    message_id: str
    account: str
    kind: str
    reason: str
    receives: int
    buried_at: datetime
    body: str


class DeadLetterList(BaseModel):
    """Dead letters, the longest buried first."""

    items: list[DeadLetter]
    found: int = Field(description="How many there are, of those that were looked through.")
    complete: bool = Field(
        description="Whether all were looked through: no bound was met, and nobody else is at any."
    )


class Redrive(Body):
    """Which dead letters of a queue are to be handled again."""

    queue: QueueName
    message_ids: list[MessageId] = Field(min_length=1, max_length=100)


class Redriven(BaseModel):
    """How many were sent back."""

    sent_back: int
    complete: bool = Field(
        description="Whether none of those named is left. Else ask again: it was not come to, or "
        "is in somebody else's hands."
    )


class DeadLetterDeed(BaseModel):
    """
    What somebody was about to do with dead letters of a queue, and did.

    `letters` are the messages' ids by the account they are about, `done` of how many of each it
    came true. Without `ended_at` nobody has said: it is under way, or whoever was at it was killed,
    and each of the letters may have been sent back and may be among the dead ones as well.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    queue: QueueName
    deed: Literal["sent_back", "discarded"]
    actor: str
    actor_id: UUID | None
    letters: dict[str, list[str]]
    done: dict[str, int] | None
    ended_at: datetime | None


@router.get("", response_model=DeadLetterList)
async def list_dead_letters(
    workspace: WithinAsAdmin,
    tx: Tx,
    letters: TheLetters,
    *,
    queue: QueueName | None = None,
    limit: Most = 100,
) -> Response:
    """
    List messages about a workspace's accounts that could not be handled; an admin may.

    Looking takes some seconds. Two who look at once may each see a part.
    """
    theirs = of(await accounts.connected(tx, workspace))
    return Later(lambda: _look(letters, queue, theirs, limit))


@router.post("/redrive", response_model=Redriven, openapi_extra=NOT_KEPT)
async def redrive_dead_letters(
    workspace: WithinAsAdmin, tx: Tx, letters: TheLetters, looks: Looks, wanted: Redrive
) -> Response:
    """
    Let messages be handled again; an admin may, and it is in the audit log.

    Asking again sends back what is left. What was handled before changes nothing the second time.
    """
    theirs = of(await accounts.connected(tx, workspace))
    return Later(lambda: _send_back(letters, looks, wanted, theirs))


@of_all.get("", response_model=DeadLetterList, dependencies=[OPERATOR])
async def list_all_dead_letters(
    letters: TheLetters, queue: QueueName | None = None, limit: Most = 100
) -> Response:
    """
    List all messages that could not be handled; those who run the installation may.

    What nobody could read is among them, and is no account's.
    """
    return Later(lambda: _look(letters, queue, everything, limit))


@of_all.post(
    "/redrive",
    response_model=Redriven,
    openapi_extra=NOT_KEPT,
    dependencies=[OPERATOR, SIGNED_IN],
)
async def redrive_any_dead_letters(letters: TheLetters, looks: Looks, wanted: Redrive) -> Response:
    """
    Let messages be handled again, whoever's they are; those who run the installation may.

    It is in the audit logs of the workspaces they belong to, and in what was done with all.
    """
    return Later(lambda: _send_back(letters, looks, wanted, everything))


@of_all.get("/deeds", dependencies=[OPERATOR])
async def list_dead_letter_deeds(
    tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[DeadLetterDeed]:
    """
    List what was done with anybody's dead letters, and nobody's, what was begun last first.

    Those who run the installation may.
    """
    found = await noted.deeds(tx, before=_DEEDS.read(cursor), most=limit + 1)
    return _DEEDS.page(found, limit, lambda one: one.id, DeadLetterDeed.model_validate)


async def _look(
    letters: Letters, queue: QueueName | None, wanted: Wanted, most: int
) -> DeadLetterList:
    queues: Sequence[Queue] = QUEUES if queue is None else (_QUEUES[queue],)
    found, looked = await letters.look(queues, wanted, most=most)
    return DeadLetterList(
        items=[_shown(*one) for one in found], found=looked.found, complete=looked.complete
    )


async def _send_back(letters: Letters, looks: Views, wanted: Redrive, theirs: Wanted) -> Redriven:
    """Send them back; that they will be is noted first, and then how many were."""
    queue = _QUEUES[wanted.queue]
    book = LetterLog(looks.act, queue.name, "sent_back")
    complete = await letters.redrive(queue, theirs, frozenset(wanted.message_ids), book)
    return Redriven(sent_back=book.many, complete=complete)


def _shown(queue: Queue, letter: Letter) -> DeadLetter:
    return DeadLetter.model_validate(
        {
            "queue": queue.name,
            "message_id": letter.message_id,
            "account": letter.group,
            "kind": letter.kind,
            "reason": letter.reason,
            "receives": letter.receives,
            "buried_at": letter.buried_at,
            "body": letter.body,
        }
    )
