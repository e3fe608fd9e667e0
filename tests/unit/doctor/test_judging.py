"""What a fact means: each check can pass, and each can fail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.examining import Heard, Server, Waiting
from switchboard.db.standing import Standing
from switchboard.doctor import judging
from switchboard.doctor.finding import Finding, Verdict
from switchboard.errors import Unavailable
from switchboard.graph import Me, Said
from switchboard.graph.failures import refusal
from switchboard.graph.login import MANAGE_COMMENTS, MANAGE_MESSAGES
from switchboard.queues.dead_letters import Depth
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.state.examining import RedisServer
from tests.support.builders import NOON

EMPTY = Depth(waiting=0, in_hand=0, delayed=0)


def standing(**fields: Any) -> Standing:
    """Return an account with which all is well."""
    whole: dict[str, Any] = {
        "id": UUID(int=1),
        "workspace_id": WorkspaceId(UUID(int=2)),
        "workspace": "shop",
        "instagram_id": AccountId("17841400000000001"),
        "app_scoped_id": "1020",
        "username": "shop",
        "status": "connected",
        "held_until": None,
        "hold_reason": None,
        "has_token": True,
        "token_issued_at": NOON - timedelta(days=10),
        "token_expires_at": NOON + timedelta(days=50),
        "permissions": None,
        "subscribed_fields": None,
        "probed_at": None,
        "private_replies_per_hour": 720,
        "sends_per_second": 50,
        "last_event_at": NOON,
        "proved_at": NOON,
        "owed": {},
        "alerts": (),
    }
    return Standing(**whole | fields)


def me(**fields: Any) -> Me:
    """Return what Meta says of that account."""
    whole: dict[str, Any] = {
        "account_id": AccountId("17841400000000001"),
        "app_scoped_id": "1020",
        "username": "shop",
        "account_type": "BUSINESS",
        "said": Said(),
    }
    return Me(**whole | fields)


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


def verdicts(found: Iterable[Finding]) -> dict[str, Verdict]:
    """Return the verdicts by their checks; the worst, where there are several."""
    ranks: list[Verdict] = ["ok", "unknown", "warning", "failure"]
    worst: dict[str, Verdict] = {}
    for one in found:
        before = worst.get(one.check, "ok")
        worst[one.check] = max(before, one.verdict, key=ranks.index)
    return worst


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


@pytest.mark.parametrize(
    ("fields", "check", "verdict"),
    [
        ({}, "connection", "ok"),
        ({"status": "reconnect_needed"}, "connection", "failure"),
        ({"held_until": NOON + timedelta(hours=1)}, "hold", "warning"),
        ({"app_scoped_id": None}, "app_scoped_id", "warning"),
        ({"alerts": ["thread_taken"]}, "alerts", "warning"),
        ({}, "token", "ok"),
        ({"has_token": False}, "token", "failure"),
        ({"token_expires_at": None}, "token", "unknown"),
        ({"token_expires_at": NOON}, "token", "failure"),
        ({"token_expires_at": NOON + timedelta(days=3)}, "token", "failure"),
        ({"token_expires_at": NOON + timedelta(days=15)}, "token", "warning"),
        (
            {"token_expires_at": NOON + timedelta(hours=1), "token_issued_at": NOON},
            "token",
            "ok",  # just connected: no refresh is possible before a day is over
        ),
    ],
)
def test_an_account(fields: dict[str, Any], check: str, verdict: Verdict) -> None:
    """What we know of an account ourselves."""
    assert verdict == verdicts(judging.status(standing(**fields), NOON))[check]


def test_a_disconnected_account() -> None:
    """Nothing more is asked of one."""
    assert {"connection": "ok"} == verdicts(
        judging.status(standing(status="disconnected", has_token=False), NOON)
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "check", "verdict"),
    [
        ({}, {}, "identity", "ok"),
        ({"instagram_id": "1020"}, {}, "identity", "failure"),
        ({}, {"account_id": "1784", "app_scoped_id": "9"}, "identity", "failure"),
        ({}, {"account_type": "PERSONAL"}, "account_type", "failure"),
    ],
)
def test_identity(
    ours: dict[str, Any], theirs: dict[str, Any], check: str, verdict: Verdict
) -> None:
    """Stored under the wrong one of its two ids; another's token; a personal account."""
    assert verdict == verdicts(judging.identity(standing(**ours), me(**theirs)))[check]


def test_stored_under_the_wrong_id_is_said_so() -> None:
    """The trap has no other sign: webhooks come and match nothing."""
    (found,) = judging.identity(standing(instagram_id="1020"), me())

    assert "webhooks carry 17841400000000001" in found.saw


def test_fields() -> None:
    """What its campaigns wait for, and what all accounts need; nothing at all is another thing."""
    needed = judging.needed_fields([{"kind": "comment"}, {"kind": "referral"}])

    assert {"comments", "messages", "messaging_postbacks", "messaging_referral"} == needed
    assert "ok" == judging.subscription("shop", needed, needed).verdict
    assert "messaging_referral" in judging.subscription("shop", frozenset(["messages"]), needed).saw
    assert "sends nothing" in judging.subscription("shop", frozenset(), needed).saw


def test_every_trigger_has_its_fields() -> None:
    """A trigger that is added is not forgotten here."""
    schema = CAMPAIGN_DEFINITION.json_schema()
    kinds = {
        one["properties"]["kind"]["const"]
        for name, one in schema["$defs"].items()
        if name.endswith("Trigger")
    }

    assert kinds == set(judging.FIELDS_OF)


def test_permissions() -> None:
    """A switch of the owner's, what was not granted, and what nobody knows are told apart."""
    off = refusal(Said(http_status=400, code=200, subcode=2534041), is_send=False)
    lost = refusal(Said(http_status=400, code=190, subcode=458), is_send=False)

    switched = list(judging.permissions("shop", {MANAGE_MESSAGES: off}))
    dead = verdicts(judging.permissions("shop", {MANAGE_COMMENTS: lost}))
    away = verdicts(judging.permissions("shop", {MANAGE_COMMENTS: Unavailable("away")}))

    assert "failure" == verdicts(switched)["message_access_off"]
    assert "Connected tools" in "".join(one.do for one in switched)
    assert {"permission": "failure"} == dead
    assert {"permission": "unknown"} == away


@pytest.mark.parametrize(
    ("last_at", "verdict"),
    [(None, "warning"), (NOON - timedelta(days=8), "warning"), (NOON, "ok")],
)
def test_silence(last_at: Any, verdict: Verdict) -> None:
    """Nothing that comes is the only sign of an app that is not Live, or has no access."""
    heard = Heard(last_at=last_at, sent=0, echoes=0)

    assert verdict == judging.silence(standing(), heard, NOON).verdict


@pytest.mark.parametrize(
    ("sent", "echoes", "verdict"), [(5, 0, "ok"), (20, 0, "warning"), (20, 1, "ok")]
)
def test_echoes(sent: int, echoes: int, verdict: Verdict) -> None:
    """Many messages of ours and no echo: then nothing typed by hand is seen either."""
    heard = Heard(last_at=NOON, sent=sent, echoes=echoes)

    assert verdict == judging.echoes("shop", heard).verdict


def test_what_is_not_well_says_what_to_do() -> None:
    """A warning or a failure without advice is of no use."""
    found = [
        *judging.redis(redis(version="5.0", eviction="x", used_bytes=99)),
        *judging.work(
            waiting(told_at=NOON - timedelta(days=1), asked_at=NOON - timedelta(days=1)), NOON
        ),
        *judging.status(standing(status="reconnect_needed", alerts=["x"]), NOON),
        judging.silence(standing(), Heard(last_at=None, sent=0, echoes=0), NOON),
    ]

    assert [] == [
        one.check for one in found if one.verdict in {"warning", "failure"} and not one.do
    ]
