"""What facts mean, and what to do about them: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from switchboard.db.examining import Heard, Server, Waiting
from switchboard.db.standing import Standing
from switchboard.doctor.finding import Finding, failure, ok, unknown, warning
from switchboard.graph import Me, NotSent, OwnerMustAct, TokenDead
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES, REFRESHABLE_AFTER
from switchboard.queues.dead_letters import Depth
from switchboard.rules.sentences import sentence_of
from switchboard.state.examining import RedisServer

# Windows, deadlines and leases are reckoned in seconds, and senders keep 300 s from Meta's own.
_SKEW_NOTED: Final = timedelta(seconds=5)
_SKEW_WRONG: Final = timedelta(seconds=60)
_OLDEST_POSTGRES: Final = 150_000
_OLDEST_REDIS: Final = (6, 2)
_NEARLY_FULL: Final = 0.9
_WAITS_TOO_LONG: Final = timedelta(minutes=10)
_MANY_WAITING: Final = 1_000
# The caretaker refreshes a token when it has half its life left.
_RUNS_OUT: Final = timedelta(days=20)
_RUNS_OUT_SOON: Final = timedelta(days=7)
_SILENT: Final = timedelta(days=7)
_ENOUGH_SENT: Final = 20
_VERSION_ENDS_SOON: Final = timedelta(days=90)

# Until when each version of the Graph API is answered. Source: Meta, "Graph API changelog".
_VERSIONS_END: Final[Mapping[str, date | None]] = {
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
    "v26.0": None,
}
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


def clock(whose: str, theirs: datetime, ours: datetime) -> Finding:
    """Judge how far a clock is from ours."""
    skew = abs(theirs - ours)
    saw = f"{whose}'s clock and this machine's are {skew.total_seconds():.1f} s apart"
    do = "Let NTP set the clock of whichever is wrong: windows and deadlines depend on it"
    if skew >= _SKEW_WRONG:
        return failure("clock", saw, do, subject=whose)
    if skew >= _SKEW_NOTED:
        return warning("clock", saw, do, subject=whose)
    return ok("clock", saw, subject=whose)


def postgres(server: Server) -> Finding:
    """Judge the server's version."""
    major, minor = divmod(server.version, 10_000)
    saw = f"PostgreSQL {major}.{minor}"
    if server.version < _OLDEST_POSTGRES:
        return failure("postgres", saw, "Use PostgreSQL 15 or later")
    return ok("postgres", saw)


def migrations(files: Collection[str], applied: Collection[str]) -> Finding:
    """Judge whether the database has what this release needs."""
    pending, later = sorted(set(files) - set(applied)), sorted(set(applied) - set(files))
    if not files:
        return unknown(
            "migrations",
            f"{len(applied)} are applied, and there are no files here to compare with",
            "Run it where supabase/migrations is, or give --migrations",
        )
    if pending:
        return failure(
            "migrations",
            f"{len(pending)} are pending, from {pending[0]} on",
            "Run `switchboard migrate`",
        )
    if later:
        return warning(
            "migrations",
            f"the database has {len(later)} that this release does not know, from {later[0]} on",
            "Run the release that it was migrated for",
        )
    return ok("migrations", f"all {len(files)} are applied")


def roles(too_strong: Collection[str]) -> Finding:
    """Judge whether policies hold our roles."""
    if too_strong:
        names = ", ".join(too_strong)
        return failure(
            "roles",
            f"no policy holds {names}",
            f"As a superuser: `alter role ... nosuperuser nobypassrls` for {names}",
        )
    return ok("roles", "row-level security holds each of our roles")


def redis(server: RedisServer) -> Iterator[Finding]:
    """Judge Redis's version, and what it does when it is full."""
    numbers = [int(part) for part in server.version.split(".")[:2] if part.isdecimal()]
    if tuple(numbers) < _OLDEST_REDIS:
        yield failure("redis", f"Redis {server.version}", "Use Redis 6.2 or later, or Valkey")
    else:
        yield ok("redis", f"Redis {server.version}")
    if server.eviction != "noeviction":
        yield failure(
            "redis_eviction",
            f"when it is full it throws keys away ({server.eviction})",
            "Set maxmemory-policy noeviction: a limit that is forgotten is broken",
        )
    else:
        yield ok("redis_eviction", "when it is full it refuses (noeviction)")
    if server.most_bytes and server.used_bytes > _NEARLY_FULL * server.most_bytes:
        share = server.used_bytes / server.most_bytes
        yield warning(
            "redis_memory",
            f"{share:.0%} of its memory is used",
            "Give it more memory: while it is full nothing is sent",
        )


def queue(name: str, depth: Depth, dead: Depth) -> Iterator[Finding]:
    """Judge how much waits in a queue, and among its dead letters."""
    saw = f"about {depth.total:,} messages, {depth.in_hand:,} of them being handled"
    if depth.waiting > _MANY_WAITING:
        yield warning(
            "queue", saw, "See that whoever reads it runs and is ready; add replicas", subject=name
        )
    else:
        yield ok("queue", saw, subject=name)
    if dead.total:
        yield warning(
            "dead_letters",
            f"about {dead.total:,} messages could not be handled",
            f"`switchboard dlq list {name}` says why; when it is mended, "
            f"`switchboard dlq redrive {name} --all`",
            subject=name,
        )
    else:
        yield ok("dead_letters", "there are none", subject=name)


def work(waiting: Waiting, now: datetime) -> Iterator[Finding]:
    """Judge whether what is to be done is being done."""
    if waiting.told_at and now - waiting.told_at > _WAITS_TOO_LONG:
        yield failure(
            "senders",
            f"a delivery has been due since {_moment(waiting.told_at)} and no sender has taken it",
            "See that a sender runs and is ready, and look at the queue outbound",
        )
    else:
        yield ok("senders", "nothing that is due has been waiting for long")
    if waiting.asked_at and now - waiting.asked_at > _WAITS_TOO_LONG:
        yield warning(
            "questions",
            f"a question has had no answer since {_moment(waiting.asked_at)}",
            "See that a classifier and a sender run; look at the queues classify and classified",
        )
    if waiting.undecided:
        yield warning(
            "undecided",
            f"{waiting.undecided} deliveries may have been sent, and nobody could find out",
            "`switchboard alerts` names them, `switchboard deliveries decide` decides",
        )
    if waiting.unreadable:
        yield warning(
            "unreadable",
            f"{waiting.unreadable} webhooks within a day could not be read",
            "`switchboard events` shows them; does something before us change bodies?",
        )
    if waiting.not_understood:
        yield warning(
            "not_understood",
            f"{waiting.not_understood} webhooks within a day were of a kind nobody knows",
            "They are kept as they came: see Meta's changelog, and whether a release knows them",
        )


def signatures(totals: Mapping[str, int], secrets: int) -> Iterator[Finding]:
    """Judge, by what an ingress counted since it started, with which secret webhooks are signed."""
    forged = totals.get("WebhooksRefused{because=signature_forged}", 0)
    missing = totals.get("WebhooksRefused{because=signature_missing}", 0)
    signed = {n: totals.get(f"WebhooksSigned{{secret={n}}}", 0) for n in range(1, secrets + 1)}
    if forged and not sum(signed.values()):
        yield failure(
            "signature",
            f"{forged} webhooks were signed with a secret that is not in META_APP_SECRETS, none "
            "with one that is",
            "Add the Instagram app's secret (Instagram > API setup with Instagram login); the Meta "
            "app's is another. If it is there, something before us changes bodies",
        )
    elif forged:
        yield warning(
            "signature",
            f"{forged} webhooks were signed with an unknown secret, {_of(signed)}",
            "If a secret is being changed, add the new one; else somebody forges webhooks",
        )
    elif sum(signed.values()):
        yield ok("signature", f"since the ingress started: {_of(signed)}")
    else:
        yield unknown("signature", "no webhook came since the ingress started")
    if missing:
        yield warning(
            "signature_missing",
            f"{missing} requests had no signature",
            "Meta always signs: does something before us drop X-Hub-Signature-256?",
        )
    if secrets > 1 and signed.get(1) and not sum(n for place, n in signed.items() if place > 1):
        yield warning(
            "signature_rotation",
            "the former secrets in META_APP_SECRETS sign nothing any more",
            "If the change is over, take them out",
        )


def api_version(version: str, today: date) -> Finding:
    """Judge for how long Meta answers the version we ask for."""
    if version not in _VERSIONS_END:
        return unknown("api_version", f"{version} is later than this release knows")
    end = _VERSIONS_END[version]
    if end is None:
        return ok("api_version", f"{version}, whose end Meta has not set")
    do = "Set META_API_VERSION to a later one, and read Meta's changelog of it"
    saw = f"{version} is answered until {end}"
    if end <= today:
        return failure("api_version", saw, do)
    if end - today < _VERSION_ENDS_SOON:
        return warning("api_version", saw, do)
    return ok("api_version", saw)


_OF_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def addresses(public_url: str | None) -> Finding:
    """Judge what people's links begin with."""
    if public_url is None:
        return warning(
            "public_url",
            "links are sent as owners wrote them, and taps are not counted",
            "Set PUBLIC_URL and LINK_SECRETS",
        )
    if urlsplit(public_url).hostname in _OF_THIS_MACHINE:
        return warning(
            "public_url",
            f"{public_url} is on this machine: nobody else can open it",
            "That is good for trying things; else set it to where people reach the ingress",
        )
    if not public_url.startswith("https://"):
        return failure(
            "public_url", f"{public_url} is not https", "Meta takes https alone, for webhooks too"
        )
    return ok("public_url", public_url)


def status(one: Standing, now: datetime) -> Iterator[Finding]:
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
            f"nothing is sent until {_moment(one.held_until)}: "
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


def token_age(one: Standing, now: datetime) -> Finding:
    """Judge how long a token still lives."""
    if not one.has_token:
        return failure("token", "there is none", "Connect the account", subject=one.username)
    if one.token_expires_at is None:
        return unknown(
            "token",
            "when it runs out is not known",
            "Connect the account again",
            subject=one.username,
        )
    left = one.token_expires_at - now
    saw = f"it runs out {_moment(one.token_expires_at)}"
    if left <= timedelta():
        return failure(
            "token",
            f"it ran out {_moment(one.token_expires_at)}",
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


def identity(one: Standing, me: Me) -> Iterator[Finding]:
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


def silence(one: Standing, heard: Heard, now: datetime) -> Finding:
    """Judge whether anything comes: a subscription alone does not prove it."""
    if heard.last_at is None:
        return warning("events", "nothing ever came of it", _ACCESS, subject=one.username)
    saw = f"the last event came {_moment(heard.last_at)}"
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


def _of(signed: Mapping[int, int]) -> str:
    return ", ".join(f"{n} with secret {place}" for place, n in signed.items())


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
