"""What a fact means: each check can pass, and each can fail."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from switchboard.db.examining import Server, Waiting
from switchboard.doctor import judging
from switchboard.doctor.finding import Verdict
from switchboard.queues.dead_letters import Depth
from switchboard.queues.examining import Arranged
from switchboard.state.examining import RedisServer
from switchboard.topology import DEAD_LETTER_RETENTION_S, EVENTS, RETENTION_S
from tests.support.builders import NOON
from tests.unit.doctor.findings import verdicts

EMPTY = Depth(waiting=0, in_hand=0, delayed=0)


def waiting(**fields: Any) -> Waiting:
    """Return that nothing waits."""
    whole: dict[str, Any] = {
        "told_at": None,
        "asked_at": None,
        "undecided": 0,
        "not_understood": 0,
        "unreadable": 0,
    }
    return Waiting(**whole | fields)


def redis(**fields: Any) -> RedisServer:
    """Return a Redis that is as it should be."""
    whole: dict[str, Any] = {
        "version": "7.2.4",
        "now": NOON,
        "eviction": "noeviction",
        "used_bytes": 1,
        "most_bytes": 100,
    }
    return RedisServer(**whole | fields)


@pytest.mark.parametrize(
    ("skew_s", "verdict"), [(0.4, "ok"), (-4.9, "ok"), (5, "warning"), (-70, "failure")]
)
def test_clocks(skew_s: float, verdict: Verdict) -> None:
    """Seconds are noted and a minute is wrong, whichever way."""
    theirs = NOON + timedelta(seconds=skew_s)

    assert verdict == judging.clock("Redis", theirs, NOON).verdict


@pytest.mark.parametrize(("version", "verdict"), [(150018, "ok"), (140011, "failure")])
def test_postgres(version: int, verdict: Verdict) -> None:
    """PostgreSQL 15 is the oldest that will do."""
    assert verdict == judging.postgres(Server(version, NOON)).verdict


@pytest.mark.parametrize(
    ("files", "applied", "verdict"),
    [
        ({"1", "2"}, {"1", "2"}, "ok"),
        ({"1", "2"}, {"1"}, "failure"),
        ({"1"}, {"1", "2"}, "warning"),
        (set(), {"1"}, "unknown"),
    ],
)
def test_migrations(files: set[str], applied: set[str], verdict: Verdict) -> None:
    """What is pending fails; what a later release applied is told of; no files is not knowing."""
    assert verdict == judging.migrations(files, applied).verdict


def test_roles() -> None:
    """A role that no policy holds is named."""
    assert "ok" == judging.roles([]).verdict
    assert "switchboard_api" in judging.roles(["switchboard_api"]).do


@pytest.mark.parametrize(
    ("fields", "check", "verdict"),
    [
        ({}, "redis", "ok"),
        ({"version": "6.2.0"}, "redis", "ok"),
        ({"version": "6.0.16"}, "redis", "failure"),
        ({}, "redis_eviction", "ok"),
        ({"eviction": "allkeys-lru"}, "redis_eviction", "failure"),
        ({"used_bytes": 95}, "redis_memory", "warning"),
    ],
)
def test_redis(fields: dict[str, Any], check: str, verdict: Verdict) -> None:
    """Its version, what it does when it is full, and whether it nearly is."""
    assert verdict == verdicts(judging.redis(redis(**fields)))[check]


def test_queues() -> None:
    """Much that waits, and any dead letter, is told of."""
    full = Depth(waiting=5_000, in_hand=10, delayed=0)

    assert {"queue": "ok", "dead_letters": "ok"} == verdicts(judging.queue("events", EMPTY, EMPTY))
    found = list(judging.queue("events", full, Depth(waiting=1, in_hand=0, delayed=0)))
    assert {"queue": "warning", "dead_letters": "warning"} == verdicts(found)
    assert "dlq redrive events" in found[1].do


@pytest.mark.parametrize(
    ("fields", "check", "verdict"),
    [
        ({}, "senders", "ok"),
        ({"told_at": NOON - timedelta(minutes=9)}, "senders", "ok"),
        ({"told_at": NOON - timedelta(minutes=11)}, "senders", "failure"),
        ({"asked_at": NOON - timedelta(minutes=11)}, "questions", "warning"),
        ({"undecided": 1}, "undecided", "warning"),
        ({"unreadable": 1}, "unreadable", "warning"),
        ({"not_understood": 1}, "not_understood", "warning"),
    ],
)
def test_work(fields: dict[str, Any], check: str, verdict: Verdict) -> None:
    """What should be under way and is not; what nobody understood."""
    assert verdict == verdicts(judging.work(waiting(**fields), NOON))[check]


@pytest.mark.parametrize(
    ("totals", "check", "verdict"),
    [
        ({"WebhooksSigned{secret=1}": 9}, "signature", "ok"),
        ({}, "signature", "unknown"),
        ({"WebhooksRefused{because=signature_forged}": 3}, "signature", "failure"),
        (
            {"WebhooksRefused{because=signature_forged}": 3, "WebhooksSigned{secret=2}": 1},
            "signature",
            "warning",
        ),
        ({"WebhooksRefused{because=signature_missing}": 1}, "signature_missing", "warning"),
        ({"WebhooksSigned{secret=1}": 9}, "signature_rotation", "warning"),
    ],
)
def test_signatures(totals: dict[str, int], check: str, verdict: Verdict) -> None:
    """Which secret signs; one that we do not have; a former one that could go."""
    assert verdict == verdicts(judging.signatures(totals, 2))[check]


def test_a_rotation_that_is_under_way() -> None:
    """While the former secret signs, it stays."""
    totals = {"WebhooksSigned{secret=1}": 9, "WebhooksSigned{secret=2}": 1}

    assert "signature_rotation" not in verdicts(judging.signatures(totals, 2))


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("v26.0", "ok"),
        ("v22.0", "ok"),
        ("v21.0", "warning"),
        ("v20.0", "failure"),
        ("v27.0", "unknown"),
    ],
)
def test_api_version(version: str, verdict: Verdict) -> None:
    """A version that Meta no longer answers, or soon will not."""
    assert verdict == judging.api_version(version, date(2026, 11, 26)).verdict


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://s.example", "ok"),
        ("http://s.example", "failure"),
        ("http://127.0.0.1:8001", "warning"),
        (None, "warning"),
    ],
)
def test_addresses(url: str | None, verdict: Verdict) -> None:
    """Meta takes https alone; on one's own machine that need not matter."""
    assert verdict == judging.addresses(url).verdict


def test_what_is_not_well_says_what_to_do() -> None:
    """A warning or a failure without advice is of no use."""
    found = [
        *judging.redis(redis(version="5.0", eviction="x", used_bytes=99)),
        *judging.work(
            waiting(told_at=NOON - timedelta(days=1), asked_at=NOON - timedelta(days=1)), NOON
        ),
    ]

    assert [] == [
        one.check for one in found if one.verdict in {"warning", "failure"} and not one.do
    ]


@pytest.mark.parametrize(
    ("fields", "verdict", "told"),
    [
        ({}, "ok", ""),
        ({"dead_letters": None}, "failure", "kept nowhere"),
        ({"dead_letters": "x-other-dlq"}, "failure", "goes to x-other-dlq"),
        ({"visibility_s": 30}, "warning", "visibility timeout is 30 s and should be 60 s"),
        ({"max_receives": 3}, "warning", "maxReceiveCount is 3 and should be 8"),
        ({"retention_s": 60}, "warning", "the retention is 60 s"),
    ],
)
def test_how_queues_are_set_up(fields: dict[str, Any], verdict: Verdict, told: str) -> None:
    """What cannot be handled must be kept; what waits otherwise than declared is told of."""
    live: dict[str, Any] = {
        "visibility_s": EVENTS.visibility_s,
        "retention_s": RETENTION_S,
        "dead_letters": "x-events-dlq",
        "max_receives": EVENTS.max_receives,
    }
    dead = Arranged(
        visibility_s=30, retention_s=DEAD_LETTER_RETENTION_S, dead_letters=None, max_receives=None
    )
    found = judging.arrangement(EVENTS, "x", Arranged(**live | fields), dead)

    assert (verdict, "events") == (found.verdict, found.subject)
    assert told in found.saw


def test_dead_letters_that_are_lost_too_soon() -> None:
    """They keep the clock of the message they were, so their queue must hold on longer."""
    live = Arranged(
        visibility_s=EVENTS.visibility_s,
        retention_s=RETENTION_S,
        dead_letters="x-events-dlq",
        max_receives=EVENTS.max_receives,
    )
    found = judging.arrangement(EVENTS, "x", live, live)

    assert ("warning", True) == (found.verdict, "dead letters' retention" in found.saw)


@pytest.mark.parametrize(
    ("status", "location", "verdict"),
    [
        (403, None, "ok"),
        (301, "https://www.shop.example/webhooks/instagram", "failure"),
        (503, None, "warning"),
        (200, None, "warning"),
    ],
)
def test_the_callback(status: int, location: str | None, verdict: Verdict) -> None:
    """Meta follows no redirect; what else answers for the ingress is told of."""
    assert verdict == judging.callback(status, location).verdict
