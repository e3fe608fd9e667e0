"""What kind of call it is: in the words of faults and holds, and in those of the limits."""

from __future__ import annotations

from tools.metasim.composing import is_audio_or_video
from tools.metasim.graph.calls import Call
from tools.metasim.limits import LimitName
from tools.metasim.orders import FaultTarget
from tools.metasim.records import Comment, Contact, Json

_WIDER: dict[FaultTarget, set[FaultTarget]] = {
    "messages": {"sends", "writes"},
    "private_replies": {"sends", "writes"},
    "replies": {"writes"},
    "conversations": {"reads"},
}
_POSTED: dict[str, FaultTarget] = {
    "replies": "replies",
    "comments": "replies",
    "message_attachments": "uploads",
}
# Of these nobody knows that they count against the daily budget of ordinary calls.
_UNCOUNTED = {"message_attachments", "messenger_profile", "access_token", "refresh_access_token"}


def targets_of(call: Call) -> frozenset[FaultTarget]:
    """Return all names that faults and holds have for such a call."""
    kind = _kind(call)
    return frozenset({kind, "any", *_WIDER.get(kind, set())})


def limits_of(call: Call) -> tuple[LimitName, ...]:
    """Return the limits a call counts against, whatever becomes of it."""
    match _kind(call):
        case "private_replies":
            comment = comment_answered(call)
            is_live = comment is not None and comment.is_live
            return ("live_private_replies_per_second" if is_live else "private_replies_per_hour",)
        case "messages":
            return _limits_of_message(call)
        case "conversations":
            return ("conversations_per_second",)
        case _:
            is_counted = _end(call) not in _UNCOUNTED and call.node not in call.sim.world.contacts
            return ("other_calls_per_day",) if is_counted else ()


def comment_answered(call: Call) -> Comment | None:
    """Return the account's comment that a private reply answers, if there is one."""
    comment = call.sim.world.comments.get(str(_recipient(call).get("comment_id")))
    return comment if comment and comment.account_id == call.known_account_id() else None


def contact_written_to(call: Call) -> Contact | None:
    """Return whom of the account's people a message is for, if there is somebody."""
    contact = call.sim.world.contacts.get(str(_recipient(call).get("id")))
    return contact if contact and contact.account_id == call.known_account_id() else None


def recipient_named(call: Call) -> str | None:
    """Return the id a message or a private reply names, whether anybody has it or not."""
    named = _recipient(call).get("comment_id") or _recipient(call).get("id")
    return str(named) if named else None


def _kind(call: Call) -> FaultTarget:
    end, world = _end(call), call.sim.world
    if call.method == "GET":
        is_talk = call.node in world.conversations or call.node in world.messages
        return "conversations" if is_talk or end == "conversations" else "reads"
    if end == "messages":
        return "private_replies" if "comment_id" in _recipient(call) else "messages"
    return _POSTED.get(end, "any") if call.method == "POST" else "any"


def _limits_of_message(call: Call) -> tuple[LimitName, ...]:
    """Typing and seen are signs, and count against nothing."""
    message = call.params.get("message")
    if isinstance(message, dict):
        is_heavy = is_audio_or_video(message)
        return ("sends_per_second", "media_per_second") if is_heavy else ("sends_per_second",)
    return ("sends_per_second",) if call.params.get("sender_action") in {"react", "unreact"} else ()


def _end(call: Call) -> str:
    return call.path.rpartition("/")[2]


def _recipient(call: Call) -> Json:
    recipient = call.params.get("recipient")
    return recipient if isinstance(recipient, dict) else {}
