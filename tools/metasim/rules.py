"""
Meta's windows, as pure functions: who may be written to, when.

Sources: Meta's pages "Messaging API", "Private replies" and "User profile" of the Instagram API
with Instagram Login, read in 2026; the subcodes are those integrators report.
"""

from __future__ import annotations

from typing import Literal

from tools.metasim import refusals
from tools.metasim.records import Comment, Contact, Json

PRIVATE_REPLY_DAYS = 7
_DAY_S = 86_400.0


def is_window_open(contact: Contact, *, now_s: float, window_hours: float) -> bool:
    """Tell whether the person wrote or tapped in the last `window_hours`."""
    opened_at_s = contact.window_opened_at_s
    return opened_at_s is not None and now_s - opened_at_s < window_hours * 3600


def require_open_window(contact: Contact, *, now_s: float, window_hours: float) -> None:
    """Refuse (10/2534022) a message to somebody who did not write or tap in the last hours."""
    if not is_window_open(contact, now_s=now_s, window_hours=window_hours):
        raise refusals.outside_window()


def missed_deadline(
    comment: Comment, *, is_broadcasting: bool, now_s: float
) -> Literal["broadcast_over", "too_late"] | None:
    """Return why it is too late for a private reply to a comment, or None while it is not."""
    if comment.is_live and not is_broadcasting:
        return "broadcast_over"
    if now_s - comment.created_at_s >= PRIVATE_REPLY_DAYS * _DAY_S:
        return "too_late"
    return None


def require_private_reply(comment: Comment, *, is_broadcasting: bool, now_s: float) -> None:
    """Refuse (100/2534025) all but the first private reply, in time, to somebody else's comment."""
    if comment.is_own:
        raise refusals.invalid_comment("own_comment")
    if comment.is_deleted:
        raise refusals.invalid_comment("deleted_comment")
    if comment.private_replies:
        raise refusals.invalid_comment("already_replied")
    missed = missed_deadline(comment, is_broadcasting=is_broadcasting, now_s=now_s)
    if missed is not None:
        raise refusals.invalid_comment(missed, book="after_deadline")


def require_public_reply(comment: Comment) -> None:
    """Refuse (100) an answer under a comment of a broadcast, and one under a hidden comment."""
    if comment.is_deleted:
        raise refusals.not_found(comment.id)
    if comment.is_live:
        raise refusals.invalid_parameter("comments of a broadcast cannot be answered in public")
    if comment.is_hidden:
        raise refusals.invalid_parameter("hidden comments cannot be answered")


def require_allowed_tag(body: Json) -> None:
    """Refuse every message tag: HUMAN_AGENT needs an approval nobody has here, others are gone."""
    match body.get("tag"):
        case None:
            return
        case "HUMAN_AGENT":
            raise refusals.permission_missing("human_agent")
        case tag:
            raise refusals.invalid_parameter(f"tag {tag} is not supported")


def is_chip_shown(contact: Contact, payload: str, *, follows: bool) -> bool:
    """
    Tell whether the person sees a quick reply with that `payload`, if the account sent one.

    The folder of Requests, where the messages of strangers are, shows none; a conversation leaves
    it when the person writes or taps. Reported by integrators; Meta's pages don't say.
    """
    sent = (one for one in contact.messages if one.is_from_account)
    chips = [chip for one in sent for chip in one.message.get("quick_replies") or []]
    was_sent = any(chip.get("payload") == payload for chip in chips)
    return not was_sent or follows or contact.has_consented


def require_consent(contact: Contact) -> None:
    """Refuse (230) the profile of somebody who only ever commented."""
    if not contact.has_consented:
        raise refusals.without_consent()
