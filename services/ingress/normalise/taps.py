"""What is tapped: buttons, ice breakers, the menu, and links into the conversation."""

from __future__ import annotations

from services.ingress.normalise.origin import Origin
from services.ingress.normalise.parties import referral, sender, to_self
from services.ingress.reading import Json, NotThisShape, id_in, object_in, required_text, trimming
from switchboard.contracts import MessageId, PostbackTapped, Referred


def postback(item: Json, origin: Origin) -> PostbackTapped:
    """Return the tap; an ice breaker's has no `mid`."""
    told = object_in(item, "postback")
    message_id = id_in(told, "mid")
    return PostbackTapped(
        **origin.shared(item),
        sender_id=sender(item),
        message_id=MessageId(message_id) if message_id else None,
        title=trimming(told, "title"),
        payload=required_text(told, "payload"),
        referral=referral(told, item),
        self_message=to_self(item, told),
    )


def referred(item: Json, origin: Origin) -> Referred:
    """Return the visit through an `ig.me` link or an ad, when nothing else came with it."""
    found = referral(item)
    if found is None:
        raise NotThisShape("referral")
    return Referred(**origin.shared(item), sender_id=sender(item), referral=found)
