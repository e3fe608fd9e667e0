"""Which room an update belongs in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.ingress.envelope import Update
from services.ingress.normalise import comments, messages, others, taps
from services.ingress.normalise.origin import Origin
from services.ingress.reading import Json, NotThisShape, object_in, raw_json
from switchboard.contracts import EventNotUnderstood, InboundEvent, TraceId


def normalise(update: Update, *, received_at: datetime, trace_id: TraceId) -> InboundEvent:
    """
    Return what `update` tells of; `EventNotUnderstood` if we do not know it.

    Raises:
        RecursionError: It is not understood, and nested more deeply than can be kept as JSON.
    """
    standby = update.standing == "standby" or update.field == "standby"
    origin = Origin(update.account_id, update.told_at, received_at, trace_id, standby)
    try:
        return _read(update, origin)
    except NotThisShape as failure:
        return EventNotUnderstood(**origin.shared(), what=failure.what, raw=raw_json(update.value))


def _read(update: Update, origin: Origin) -> InboundEvent:
    match update.standing:
        case "messaging" | "standby":
            return _conversation(update.value, origin)
        case "change" if update.field in _CHANGES:
            return _CHANGES[update.field](object_in(update.value, "value"), origin)
        case "change" if update.field in _CONVERSATION_FIELDS:
            return _conversation(update.value.get("value"), origin)
        case "change":
            raise NotThisShape(f"field:{update.field[:_MAX_NAME]}")
        case "odd":
            raise NotThisShape(update.field)


def _conversation(item: object, origin: Origin) -> InboundEvent:
    """Return what an item of a conversation is, by the one key that says so."""
    if not isinstance(item, dict):
        raise NotThisShape("item")
    keys = [key for key in _KINDS if item.get(key) is not None]
    if len(keys) == 1:
        return _KINDS[keys[0]](item, origin)
    if not keys and "referral" in item:
        return taps.referred(item, origin)
    raise NotThisShape("item:" + "+".join(keys)[:_MAX_NAME])


Reader = Callable[[Json, Origin], InboundEvent]

_CHANGES: Final[dict[str, Reader]] = {
    "comments": comments.comment,
    "live_comments": comments.live_comment,
    "mentions": comments.mention,
}

_KINDS: Final[dict[str, Reader]] = {
    "message": messages.message,
    "message_edit": messages.edit,
    "postback": taps.postback,
    "reaction": others.reaction,
    "read": others.seen,
    "optin": others.opted_in,
    **dict.fromkeys(others.CONTROLS, others.thread_control),
}

# Meta, "Webhooks" field tables, whose names differ between its pages in number.
_CONVERSATION_FIELDS: Final = frozenset(
    {
        "messages",
        "message_echoes",
        "message_edit",
        "message_edits",
        "message_reactions",
        "messaging_handover",
        "messaging_handovers",
        "messaging_optins",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_referrals",
        "messaging_seen",
        "standby",
    }
)
_MAX_NAME: Final = 64
