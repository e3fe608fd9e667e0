"""Who wrote to whom, and by which way they came to the conversation."""

from __future__ import annotations

from services.ingress.normalise.origin import Origin
from services.ingress.reading import Json, flag, id_in, inner, required_id, trimming
from switchboard.contracts import PersonId, Referral


def sender(item: Json) -> PersonId:
    """
    Return who did it.

    Raises:
        NotThisShape: The item does not say.
    """
    return PersonId(required_id(inner(item, "sender"), "id"))


def recipient(item: Json) -> PersonId:
    """
    Return to whom it was done.

    Raises:
        NotThisShape: The item does not say.
    """
    return PersonId(required_id(inner(item, "recipient"), "id"))


def by_account(item: Json, origin: Origin) -> bool:
    """Return whether the account itself did it."""
    return id_in(inner(item, "sender"), "id") == origin.account_id


def to_self(item: Json, message: Json) -> bool:
    """Return whether an owner is trying it out on themselves; Meta says so in either place."""
    return flag(item, "is_self") or flag(message, "is_self")


def referral(*holders: Json) -> Referral | None:
    """Return the first referral in `holders`: Meta puts it in the message, the tap or beside it."""
    for holder in holders:
        found = inner(holder, "referral")
        if found:
            return Referral(
                ref=trimming(found, "ref"),
                source=trimming(found, "source"),
                type=trimming(found, "type"),
                ad_id=id_in(found, "ad_id"),
                ad_title=trimming(inner(found, "ads_context_data"), "ad_title"),
            )
    return None
