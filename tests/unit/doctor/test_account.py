"""What a fact about an account means: each check can pass, and each can fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.credentials import Sealed
from switchboard.db.examining import Examined, Heard
from switchboard.doctor import account
from switchboard.doctor.finding import Verdict
from switchboard.errors import Unavailable
from switchboard.graph import Me, Said
from switchboard.graph.failures import refusal
from switchboard.graph.login import MANAGE_COMMENTS, MANAGE_MESSAGES
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from tests.support.builders import NOON
from tests.unit.doctor.findings import verdicts


def examined(**fields: Any) -> Examined:
    """Return an account with which all is well."""
    whole: dict[str, Any] = {
        "id": UUID(int=1),
        "workspace_id": WorkspaceId(UUID(int=2)),
        "instagram_id": AccountId("17841400000000001"),
        "app_scoped_id": "1020",
        "username": "shop",
        "status": "connected",
        "held_until": None,
        "hold_reason": None,
        "credential": Sealed("k", b"", b""),
        "token_issued_at": NOON - timedelta(days=10),
        "token_expires_at": NOON + timedelta(days=50),
        "alerts": (),
    }
    return Examined(**whole | fields)


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


@pytest.mark.parametrize(
    ("fields", "check", "verdict"),
    [
        ({}, "connection", "ok"),
        ({"status": "reconnect_needed"}, "connection", "failure"),
        ({"held_until": NOON + timedelta(hours=1)}, "hold", "warning"),
        ({"app_scoped_id": None}, "app_scoped_id", "warning"),
        ({"alerts": ["thread_taken"]}, "alerts", "warning"),
        ({}, "token", "ok"),
        ({"credential": None}, "token", "failure"),
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
    assert verdict == verdicts(account.status(examined(**fields), NOON))[check]


def test_a_disconnected_account() -> None:
    """Nothing more is asked of one."""
    assert {"connection": "ok"} == verdicts(
        account.status(examined(status="disconnected", credential=None), NOON)
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
    assert verdict == verdicts(account.identity(examined(**ours), me(**theirs)))[check]


def test_stored_under_the_wrong_id_is_said_so() -> None:
    """The trap has no other sign: webhooks come and match nothing."""
    (found,) = account.identity(examined(instagram_id="1020"), me())

    assert "webhooks carry 17841400000000001" in found.saw


def test_fields() -> None:
    """What its campaigns wait for, and what all accounts need; nothing at all is another thing."""
    needed = account.needed_fields([{"kind": "comment"}, {"kind": "referral"}])

    assert {"comments", "messages", "messaging_postbacks", "messaging_referral"} == needed
    assert "ok" == account.subscription("shop", needed, needed).verdict
    assert "messaging_referral" in account.subscription("shop", frozenset(["messages"]), needed).saw
    assert "sends nothing" in account.subscription("shop", frozenset(), needed).saw


def test_every_trigger_has_its_fields() -> None:
    """A trigger that is added is not forgotten here."""
    schema = CAMPAIGN_DEFINITION.json_schema()
    kinds = {
        one["properties"]["kind"]["const"]
        for name, one in schema["$defs"].items()
        if name.endswith("Trigger")
    }

    assert kinds == set(account.FIELDS_OF)


def test_permissions() -> None:
    """A switch of the owner's, what was not granted, and what nobody knows are told apart."""
    off = refusal(Said(http_status=400, code=200, subcode=2534041), is_send=False)
    lost = refusal(Said(http_status=400, code=190, subcode=458), is_send=False)

    switched = list(account.permissions("shop", {MANAGE_MESSAGES: off}))
    dead = verdicts(account.permissions("shop", {MANAGE_COMMENTS: lost}))
    away = verdicts(account.permissions("shop", {MANAGE_COMMENTS: Unavailable("away")}))

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

    assert verdict == account.silence(examined(), heard, NOON).verdict


@pytest.mark.parametrize(
    ("sent", "echoes", "verdict"), [(5, 0, "ok"), (20, 0, "warning"), (20, 1, "ok")]
)
def test_echoes(sent: int, echoes: int, verdict: Verdict) -> None:
    """Many messages of ours and no echo: then nothing typed by hand is seen either."""
    heard = Heard(last_at=NOON, sent=sent, echoes=echoes)

    assert verdict == account.echoes("shop", heard).verdict


def test_what_is_not_well_says_what_to_do() -> None:
    """A warning or a failure without advice is of no use."""
    found = [
        *account.status(examined(status="reconnect_needed", alerts=["x"]), NOON),
        account.silence(examined(), Heard(last_at=None, sent=0, echoes=0), NOON),
    ]

    assert ["connection", "alerts", "events"] == [one.check for one in found if one.do]
