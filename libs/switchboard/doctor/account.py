"""What facts about an account mean, and what to do about them: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from switchboard.db.examining import Examined, Heard
from switchboard.doctor.finding import Finding, failure, moment, ok, unknown, warning
from switchboard.graph import Me, NotSent, OwnerMustAct, TokenDead
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES, REFRESHABLE_AFTER
from switchboard.rules.sentences import sentence_of

# The caretaker refreshes a token when it has half its life left.
_RUNS_OUT: Final = timedelta(days=20)
_RUNS_OUT_SOON: Final = timedelta(days=7)
_SILENT: Final = timedelta(days=7)
_ENOUGH_SENT: Final = 20

# Which webhook field brings what a campaign waits for. Source: Meta, "Webhooks for Instagram".
FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "comment": ("comments",),
    "live_comment": ("live_comments",),
    "message": ("messages",),
    "quick_reply": ("messages",),
    "story_reply": ("messages",),
    "story_mention": ("messages",),
    "postback": ("messaging_postbacks",),
    "referral": ("messaging_referral",),
    "intent": ("messages", "comments"),
    "unrecognised": ("messages",),
}
# What every account needs, whatever its campaigns: taps on buttons, and words that say stop.
ALWAYS_NEEDED: Final = frozenset({"messages", "messaging_postbacks"})

_ACCESS: Final = (
    "Look in Meta's dashboard: is the app Live, has it Advanced Access for comments and messages; "
    "if not, was the account invited as a tester and has it accepted in the Instagram app; is the "
    "account public? Meta tells none of these to programs"
)


def status(one: Examined, now: datetime) -> Iterator[Finding]:
    """Judge what we know of an account ourselves."""
    who = one.username
    if one.status == "disconnected":
        yield ok("connection", "it was disconnected", subject=who)
        return
    if one.status == "reconnect_needed":
        yield failure(
            "connection", "Meta refuses its token", "Its owner must connect it again", subject=who
        )
    else:
        yield ok("connection", "it is connected", subject=who)
    if one.held_until and one.held_until > now:
        yield warning(
            "hold",
            f"nothing is sent until {moment(one.held_until)}: "
            f"{sentence_of(one.hold_reason or 'account_held')}",
            "`switchboard alerts` says more; if it is mended, `switchboard try-again`",
            subject=who,
        )
    if one.app_scoped_id is None:
        yield warning(
            "app_scoped_id",
            "what Meta calls it towards our app is not known",
            "Connect it again: Meta uses that id when an owner leaves, or wants data deleted",
            subject=who,
        )
    if one.alerts:
        yield warning(
            "alerts",
            f"open: {', '.join(sorted(set(one.alerts)))}",
            "`switchboard alerts`",
            subject=who,
        )
    yield token_age(one, now)


def token_age(one: Examined, now: datetime) -> Finding:
    """Judge how long a token still lives."""
    if one.credential is None:
        return failure("token", "there is none", "Connect the account", subject=one.username)
    if one.token_expires_at is None:
        return unknown(
            "token",
            "when it runs out is not known",
            "Connect the account again",
            subject=one.username,
        )
    left = one.token_expires_at - now
    saw = f"it runs out {moment(one.token_expires_at)}"
    if left <= timedelta():
        return failure(
            "token",
            f"it ran out {moment(one.token_expires_at)}",
            "Its owner must connect it again: one that has run out cannot be refreshed",
            subject=one.username,
        )
    fresh = one.token_issued_at is not None and now - one.token_issued_at < REFRESHABLE_AFTER
    if left < _RUNS_OUT_SOON and not fresh:
        return failure(
            "token",
            saw,
            "See that the caretaker (control) runs: it refreshes tokens",
            subject=one.username,
        )
    if left < _RUNS_OUT and not fresh:
        return warning(
            "token",
            saw,
            "See that the caretaker (control) runs: it refreshes tokens",
            subject=one.username,
        )
    return ok("token", saw, subject=one.username)


def identity(one: Examined, me: Me) -> Iterator[Finding]:
    """Judge whose the token is, and that webhooks lead to the account."""
    who = one.username
    if me.account_id == one.instagram_id:
        yield ok(
            "identity", f"its token is its own, and webhooks carry {me.account_id}", subject=who
        )
    elif one.instagram_id == me.app_scoped_id:
        yield failure(
            "identity",
            f"it is stored under the id it has towards our app; webhooks carry {me.account_id}",
            "Connect it again: nothing of it is recognised",
            subject=who,
        )
    else:
        yield failure(
            "identity",
            f"its token is {me.username}'s ({me.account_id})",
            "Connect it again",
            subject=who,
        )
    if me.account_type is not None and me.account_type.upper() not in {
        "BUSINESS",
        "MEDIA_CREATOR",
        "CREATOR",
    }:
        yield failure(
            "account_type",
            f"it is {me.account_type}",
            "Its owner must make it a professional account in the Instagram app",
            subject=who,
        )


def needed_fields(triggers: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the webhook fields that campaigns with these triggers wait for, and all accounts."""
    kinds = (str(trigger.get("kind")) for trigger in triggers)
    return ALWAYS_NEEDED | {field for kind in kinds for field in FIELDS_OF.get(kind, ())}


def subscription(who: str, found: frozenset[str], needed: frozenset[str]) -> Finding:
    """Judge which webhooks Meta sends of an account."""
    lacking = sorted(needed - found)
    if not found:
        return failure(
            "webhooks",
            "Meta sends nothing of it",
            "The caretaker subscribes it within a day; connecting it again does at once",
            subject=who,
        )
    if lacking:
        return failure(
            "webhooks",
            f"Meta does not send {', '.join(lacking)}, which its campaigns need",
            "Add the fields in Meta's dashboard (Webhooks) and connect the account again",
            subject=who,
        )
    return ok("webhooks", f"Meta sends {', '.join(sorted(found))}", subject=who)


def permissions(who: str, refused: Mapping[str, Exception]) -> Iterator[Finding]:
    """Judge what may be done, by what came of trying it: `refused` has what was not."""
    for permission in (BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES):
        match refused.get(permission):
            case None:
                yield ok("permission", f"{permission} works", subject=who)
            case OwnerMustAct() as why:
                said = sentence_of(why.why.reason).partition("; ")
                yield failure(
                    why.why.reason,
                    said[0],
                    said[2][:1].upper() + said[2][1:]
                    or "Its owner must look into the Instagram app",
                    subject=who,
                )
            case TokenDead() as why:
                yield failure(
                    "permission",
                    f"{permission}: {sentence_of(why.why.reason)}",
                    "Connect it again and grant everything",
                    subject=who,
                )
            case NotSent() as why:
                yield failure(
                    "permission",
                    f"{permission}: {sentence_of(why.why.reason)}",
                    _ACCESS,
                    subject=who,
                )
            case why:
                yield unknown("permission", f"{permission}: {why}", subject=who)


def silence(one: Examined, heard: Heard, now: datetime) -> Finding:
    """Judge whether anything comes: a subscription alone does not prove it."""
    if heard.last_at is None:
        return warning("events", "nothing ever came of it", _ACCESS, subject=one.username)
    saw = f"the last event came {moment(heard.last_at)}"
    if now - heard.last_at > _SILENT:
        return warning(
            "events",
            saw,
            f"Comment under a post of it. If that does not come: {_ACCESS}",
            subject=one.username,
        )
    return ok("events", saw, subject=one.username)


def echoes(who: str, heard: Heard) -> Finding:
    """Judge whether Meta tells us of the account's own messages."""
    saw = f"of {heard.sent} messages sent within a week {heard.echoes} echoes came"
    if heard.sent >= _ENOUGH_SENT and not heard.echoes:
        return warning(
            "echoes",
            saw,
            "What owners type by hand is not seen, so automation is not silent for them. Subscribe "
            "to message_echoes in Meta's dashboard; Meta also loses echoes for weeks",
            subject=who,
        )
    return ok("echoes", saw, subject=who)
