"""Which limits a delivery takes its turn in. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from switchboard.db.deliveries import Claimed
from switchboard.rules.ceilings import (
    CONVERSATION_READS,
    SECOND,
    SENDS_MOST,
    Ceiling,
    ceiling,
    private_replies,
    sends,
)
from switchboard.rules.decision import DeliveryKind
from switchboard.state import CONVERSATIONS, Bucket

_MINUTE: Final = timedelta(minutes=1)

PRIVATE_REPLIES: Final = "private_replies"

# Meta names no figure for one conversation, nor for public replies, only that too much of the same
# is blocked as spam. A conversation of ours has a few messages; a post under siege can wait.
_PER_PERSON: Final = Ceiling(burst=10, sustained=10, window=_MINUTE)
_PUBLIC_REPLIES: Final = Ceiling(burst=20, sustained=40, window=_MINUTE)
# Meta: 10 a second for audio and video. Ours leave room for a burst granted again after a flush.
_MEDIA: Final = ceiling(9, SECOND, share=9)
# Reads have a budget by the day, which Meta tells of in its answers (`usage`).
_LOOKUPS: Final = ceiling(50, SECOND, share=5)
# Meta names no figure for uploads. An account has a few files, each uploaded once a day.
_UPLOADS: Final = ceiling(10, SECOND, share=2)
# What an owner's server is asked to take from one account.
_WEBHOOKS: Final = ceiling(20, SECOND, share=5)

QUESTION: Final = Bucket(name="lookups", ceiling=_LOOKUPS)
UPLOAD: Final = Bucket(name="uploads", ceiling=_UPLOADS)


def calls_meta(delivery: Claimed) -> bool:
    """Whether the call for `delivery` goes to Meta; a webhook goes to its owner's server."""
    return delivery.kind != "webhook"


def buckets(delivery: Claimed) -> list[Bucket]:
    """Return every limit that a call for `delivery` counts against; a timer makes none."""
    match delivery.kind:
        case "public_reply":
            return [Bucket(name="public_replies", ceiling=_PUBLIC_REPLIES)]
        case "lookup":
            return [QUESTION]
        case "webhook":
            return [Bucket(name="webhooks", ceiling=_WEBHOOKS)]
        case "timer":
            return []
        case _:
            return _sends(delivery)


def reads_of(kind: DeliveryKind, *, halvings: int = 0) -> list[Bucket]:
    """
    Return the limits of looking for a delivery of `kind` where it would be.

    What stands under a comment is read like anything else. Conversations have a limit of their own,
    whose pace is halved `halvings` times while Meta finds it too fast.
    """
    if kind == "public_reply":
        return [Bucket(name="lookups", ceiling=_LOOKUPS)]
    slower = replace(CONVERSATION_READS, window=CONVERSATION_READS.window * 2**halvings)
    return [Bucket(name=CONVERSATIONS, ceiling=slower)]


def _sends(delivery: Claimed) -> list[Bucket]:
    """
    Return the limits of a message or a private reply.

    Meta: to comments under a broadcast, 100 private replies a second instead of 750 an hour. They
    are sends as well, of which an account may have fewer.
    """
    taken = [Bucket(name="sends", ceiling=sends(delivery.sends_per_second))]
    if delivery.person_id is not None:
        taken.append(Bucket(name="person", ceiling=_PER_PERSON, person_id=delivery.person_id))
    if _plays(delivery):
        taken.append(Bucket(name="media", ceiling=_MEDIA))
    if delivery.kind == "private_reply":
        live = delivery.lane == "live"
        allowed = delivery.private_replies_per_hour
        taken.append(_live_replies() if live else hourly_replies(allowed))
    return taken


def hourly_replies(allowed: int) -> Bucket:
    """Return the limit of private replies of an account that is `allowed` so many an hour."""
    return Bucket(name=PRIVATE_REPLIES, ceiling=private_replies(allowed), recalled=True)


def _live_replies() -> Bucket:
    return Bucket(name="live_replies", ceiling=sends(SENDS_MOST))


def _plays(delivery: Claimed) -> bool:
    """Whether it is audio or video, which Meta limits more narrowly."""
    match delivery.content.get("media"):
        case {"kind": "audio" | "video"}:
            return True
        case _:
            return False
