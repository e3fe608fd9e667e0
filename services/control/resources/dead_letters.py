"""Messages that could not be handled, as far as they are a workspace's: looked at, sent back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from services.control.asked import Body
from services.control.envelope import NOT_KEPT, TheLetters, Tx, resource
from services.control.letters import LOOKED_THROUGH, Later
from services.control.within import WithinAsAdmin
from switchboard.db import accounts
from switchboard.queues.dead_letters import Letter
from switchboard.topology import QUEUES, Queue

router = resource("/workspaces/{workspace_id}/dead-letters", "dead letters")

MessageId = Annotated[str, Field(min_length=1, max_length=128)]
QueueName = Literal["events", "classify", "classified", "outbound"]
_QUEUES: Final = {queue.name: queue for queue in QUEUES}


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
    """
    A workspace's dead letters, the longest buried first.

    Of each queue, `looked_through` letters of all are looked through at most.
    """

    items: list[DeadLetter]
    looked_through: int


class Redrive(Body):
    """Which dead letters of a queue are to be handled again."""

    queue: QueueName
    message_ids: list[MessageId] = Field(min_length=1, max_length=100)


class Redriven(BaseModel):
    """How many were sent back; the others are not there, or in somebody's hands."""

    sent_back: int


@router.get("", response_model=DeadLetterList)
async def list_dead_letters(
    workspace: WithinAsAdmin, tx: Tx, letters: TheLetters, queue: QueueName | None = None
) -> Response:
    """
    List messages about a workspace's accounts that could not be handled; an admin may.

    Looking takes some seconds. Two who look at once may each see a part.
    """
    theirs = await accounts.connected(tx, workspace)
    queues = QUEUES if queue is None else (_QUEUES[queue],)

    async def find() -> DeadLetterList:
        found = await letters.look(queues, theirs)
        return DeadLetterList(items=[_shown(*one) for one in found], looked_through=LOOKED_THROUGH)

    return Later(find)


@router.post("/redrive", response_model=Redriven, openapi_extra=NOT_KEPT)
async def redrive_dead_letters(
    workspace: WithinAsAdmin, tx: Tx, letters: TheLetters, wanted: Redrive
) -> Response:
    """
    Let messages be handled again; an admin may.

    Asking again sends back what is left. What was handled before changes nothing the second time.
    """
    theirs = await accounts.connected(tx, workspace)
    queue, ids = _QUEUES[wanted.queue], frozenset(wanted.message_ids)

    async def find() -> Redriven:
        return Redriven(sent_back=await letters.redrive(queue, theirs, ids))

    return Later(find)


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
