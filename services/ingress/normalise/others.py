"""What else happens in a conversation: reactions, read receipts, thread control, opt-ins."""

from __future__ import annotations

from typing import Final, Literal

from services.ingress.normalise.origin import Origin
from services.ingress.normalise.parties import recipient, sender
from services.ingress.reading import (
    Json,
    id_in,
    inner,
    object_in,
    raw_json,
    required_id,
    required_text,
    trimming,
)
from switchboard.contracts import (
    MessageId,
    MessageSeen,
    OptedIn,
    PersonId,
    Reacted,
    ThreadControlChanged,
)


def reaction(item: Json, origin: Origin) -> Reacted:
    """Return the emoji put on a message, or taken away: then there is neither name nor emoji."""
    told = object_in(item, "reaction")
    return Reacted(
        **origin.shared(item),
        sender_id=sender(item),
        message_id=MessageId(required_id(told, "mid")),
        action=required_text(told, "action"),
        reaction=trimming(told, "reaction"),
        emoji=trimming(told, "emoji"),
    )


def seen(item: Json, origin: Origin) -> MessageSeen:
    """Return the read receipt of one message."""
    told = object_in(item, "read")
    return MessageSeen(
        **origin.shared(item),
        sender_id=sender(item),
        message_id=MessageId(required_id(told, "mid")),
    )


def thread_control(item: Json, origin: Origin) -> ThreadControlChanged:
    """Return who took, gave or asked for the conversation."""
    key = next(key for key in CONTROLS if item.get(key) is not None)
    told = object_in(item, key)
    return ThreadControlChanged(
        **origin.shared(item),
        sender_id=_whose(item),
        action=CONTROLS[key],
        previous_owner_app_id=id_in(told, "previous_owner_app_id"),
        new_owner_app_id=id_in(told, "new_owner_app_id", "requested_owner_app_id"),
        metadata=raw_json(told) if key == "app_roles" else trimming(told, "metadata"),
    )


def opted_in(item: Json, origin: Origin) -> OptedIn:
    """Return the agreement, whole: its shape on Instagram is not documented."""
    told = object_in(item, "optin")
    return OptedIn(
        **origin.shared(item),
        sender_id=sender(item),
        type=trimming(told, "type"),
        payload=trimming(told, "payload"),
        raw=raw_json(told),
    )


CONTROLS: Final[dict[str, Literal["pass", "take", "request", "roles"]]] = {
    "pass_thread_control": "pass",
    "take_thread_control": "take",
    "request_thread_control": "request",
    "app_roles": "roles",
}


def _whose(item: Json) -> PersonId:
    """Return whose conversation it is; roles are told with a recipient only."""
    return sender(item) if id_in(inner(item, "sender"), "id") else recipient(item)
