"""What facts about the installation mean, and what to do about them: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from switchboard.db.examining import Server, Waiting
from switchboard.doctor.finding import Finding, failure, moment, ok, unknown, warning
from switchboard.queues.dead_letters import Depth
from switchboard.queues.examining import Arranged
from switchboard.state.examining import RedisServer
from switchboard.topology import DEAD_LETTER_RETENTION_S, RETENTION_S, Queue

# Windows, deadlines and leases are reckoned in seconds, and senders keep 300 s from Meta's own.
_SKEW_NOTED: Final = timedelta(seconds=5)
_SKEW_WRONG: Final = timedelta(seconds=60)
_OLDEST_POSTGRES: Final = 150_000
_OLDEST_REDIS: Final = (6, 2)
_NEARLY_FULL: Final = 0.9
_WAITS_TOO_LONG: Final = timedelta(minutes=10)
_MANY_WAITING: Final = 1_000
_REFUSED: Final = 403  # what the ingress answers to a wrong verify token
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


def arrangement(expected: Queue, prefix: str, found: Arranged, dead: Arranged) -> Finding:
    """Judge whether SQS treats a queue's messages as the code expects it to."""
    name, dead_letters = expected.name, expected.dead_letters(prefix)
    if found.dead_letters != dead_letters:
        return failure(
            "queue_settings",
            "what cannot be handled is kept nowhere"
            if found.dead_letters is None
            else f"what cannot be handled goes to {found.dead_letters}",
            f"Let its redrive policy name {dead_letters}, after {expected.max_receives} receives",
            subject=name,
        )
    odd = [
        f"{what} is {is_} and should be {should}"
        for what, is_, should in (
            ("the visibility timeout", f"{found.visibility_s} s", f"{expected.visibility_s} s"),
            ("maxReceiveCount", found.max_receives, expected.max_receives),
            ("the retention", f"{found.retention_s} s", f"{RETENTION_S} s"),
            ("dead letters' retention", f"{dead.retention_s} s", f"{DEAD_LETTER_RETENTION_S} s"),
        )
        if is_ != should
    ]
    if odd:
        return warning(
            "queue_settings", "; ".join(odd), "Set the queue up as the release has it", subject=name
        )
    return ok("queue_settings", "it is set up as the release has it", subject=name)


def work(waiting: Waiting, now: datetime) -> Iterator[Finding]:
    """Judge whether what is to be done is being done."""
    if waiting.told_at and now - waiting.told_at > _WAITS_TOO_LONG:
        yield failure(
            "senders",
            f"a delivery has been due since {moment(waiting.told_at)} and no sender has taken it",
            "See that a sender runs and is ready, and look at the queue outbound",
        )
    else:
        yield ok("senders", "nothing that is due has been waiting for long")
    if waiting.asked_at and now - waiting.asked_at > _WAITS_TOO_LONG:
        yield warning(
            "questions",
            f"a question has had no answer since {moment(waiting.asked_at)}",
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


def callback(status: int, location: str | None) -> Finding:
    """Judge how PUBLIC_URL answers whom Meta's callback comes from: `status` of a wrong token."""
    if location is not None:
        return failure(
            "callback",
            f"a request that Meta might make is sent on to {location}",
            "Let no redirect stand before the ingress: Meta follows none, and tells nobody",
        )
    if status != _REFUSED:
        return warning(
            "callback",
            f"a request that Meta might make is answered {status} and not by the ingress",
            "Let no firewall stand before the ingress that dislikes the agent facebookexternalua",
        )
    return ok("callback", "the ingress answers at PUBLIC_URL whoever calls as Meta does")


def addresses(public_url: str | None) -> Finding:
    """Judge what people's links begin with."""
    if public_url is None:
        return warning(
            "public_url",
            "links are sent as owners wrote them, and taps are not counted",
            "Set PUBLIC_URL and LINK_SECRETS",
        )
    if is_of_this_machine(public_url):
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


def _of(signed: Mapping[int, int]) -> str:
    return ", ".join(f"{n} with secret {place}" for place, n in signed.items())


def is_of_this_machine(url: str) -> bool:
    """Return whether nobody else can open `url`."""
    return urlsplit(url).hostname in _OF_THIS_MACHINE
