"""What the router asks of Redis about each event: is it ours, and what is known of its person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from uuid import uuid4

from switchboard.contracts import AccountId, EventId, PersonId
from switchboard.rules.contact import Contact
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.contacts import ERASINGS_LIVE_MS, read_contact
from switchboard.state.scripts import Call, Script

# Meta repeats a webhook it thinks undelivered for up to 36 hours ("Webhooks from Meta"); a claim
# must still be there when the last repetition comes.
CLAIM_LIVES: Final = timedelta(hours=37)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """
    An event as it was received.

    `claimant` names the message that carries the event; it must be the same whenever that message
    is delivered again, also after it was put back on the queue as a new one, or the event would
    be taken for a duplicate of itself. `window_closes_at` is given by events that open a window.
    """

    account_id: AccountId
    event_id: EventId
    claimant: str
    person_id: PersonId | None = None
    window_closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What is known of an event.

    `first` is false when another message carries the same event: that message is still on its
    queue, or done, so this one may be dropped. `window_closes_at` is the latest that events of the
    person have given, this one's included. `contact` may be older than what Postgres has, and is
    absent if Redis has none that can be read. `erasings` is how those of the account stood then:
    what is learnt of anybody from now on is remembered only if they still stand so.
    """

    first: bool
    window_closes_at: datetime | None = None
    contact: Contact | None = None
    erasings: str = field(default="", compare=False)


class Observations:
    """Events claimed, windows kept, contacts looked up: one round trip for a whole batch."""

    def __init__(self, redis: Redis) -> None:
        self._observe = Script(redis, "observe")

    async def observe(self, batch: Sequence[Observed]) -> list[Seen]:
        """
        Claim each event of `batch`; return what is known of each, in order.

        Doing it again for the same batch changes nothing and answers the same.

        Raises:
            Unavailable: Redis is away. Some events may be claimed; the claims are theirs.
        """
        answers = await self._observe.run_all([_call(observed) for observed in batch])
        return [_seen(*cast("tuple[int, int, str, str]", answer)) for answer in answers]


def _call(observed: Observed) -> Call:
    account_id, person_id = observed.account_id, observed.person_id
    found = [keys.claim(account_id, observed.event_id), keys.erasings(account_id)]
    if person_id is not None:
        found += [keys.window(account_id, person_id), keys.contact(account_id, person_id)]
    closes_at = observed.window_closes_at
    closes_ms = 0 if closes_at is None else int(closes_at.timestamp() * 1000)
    lives_ms = int(CLAIM_LIVES.total_seconds() * 1000)
    return Call(found, [observed.claimant, lives_ms, closes_ms, uuid4().hex, ERASINGS_LIVE_MS])


def _seen(first: int, closes_ms: int, contact: str, erasings: str) -> Seen:
    return Seen(
        first=bool(first),
        window_closes_at=datetime.fromtimestamp(closes_ms / 1000, UTC) if closes_ms else None,
        contact=read_contact(contact) if contact else None,
        erasings=erasings,
    )
