"""Alerts are told in sentences: each kind has its own, and what was stored is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from switchboard.rules.alerts import ALERTS, AlertKind, Told, told
from switchboard.rules.sentences import REASONS

ROOT = Path(__file__).parents[3]
OPERATIONS = ROOT / "docs" / "operations.md"


def test_every_kind_has_its_sentence() -> None:
    """The kinds are a closed list, and so are their sentences."""
    assert set(get_args(AlertKind)) == set(ALERTS)
    for about in ALERTS.values():
        assert about.says.endswith(".")
        assert about.do.endswith((".", "`."))


def test_every_kind_that_is_raised_has_its_sentence() -> None:
    """What any code of ours or any migration raises by its name is in the list."""
    raised = set()
    for folder in ("services", "libs"):
        for path in (ROOT / folder).rglob("*.py"):
            raised |= set(
                re.findall(r"\braise_alert\([^)]*?\"(\w+)\"", path.read_text(), re.DOTALL)
            )
    for path in (ROOT / "supabase" / "migrations").glob("*.sql"):
        inserted = re.findall(r"insert into public\.alerts[^;]*;", path.read_text())
        raised |= {kind for statement in inserted for kind in re.findall(r"id, '(\w+)'", statement)}

    assert {"reconnect_needed"} <= raised
    assert set() == raised - set(ALERTS)


@pytest.mark.parametrize("kind", ALERTS)
@pytest.mark.parametrize(
    "detail", [{}, {"reason": "policy_block", "until": "2026-11-02T13:00:00Z"}]
)
def test_a_sentence_needs_no_detail(kind: AlertKind, detail: dict[str, Any]) -> None:
    """Whatever is stored with it, an alert reads as a sentence, with nothing left to fill in."""
    sentences = told(kind, "10/1893063", detail)

    for sentence in (sentences.says, sentences.do):
        assert sentence
        assert not set("{}") & set(sentence)


def test_a_hold_says_why_and_until_when() -> None:
    """The reason is a sentence, the moment one in UTC."""
    detail = {"reason": "policy_block", "until": "2026-11-02T14:00:00+01:00"}

    expected = (
        f"Instagram restricts the account: {REASONS['policy_block']}. "
        "Nothing is sent until 2026-11-02 13:00 UTC."
    )
    assert expected == told("account_held", "", detail).says


def test_a_switch_is_told_with_its_path() -> None:
    """An owner who must switch something reads where it is, as Instagram calls it."""
    do = told("message_access_off", "", {}).do

    path = "Settings > Messages and story replies > Connected tools"
    assert path in do
    assert "Allow access to messages" in do


def test_who_is_to_act() -> None:
    """What no owner can mend is for whoever runs Switchboard."""
    operators = {kind for kind in ALERTS if told(kind, "", {}).audience == "operator"}

    ours = {"app_limited", "unknown_error", "our_bug", "not_subscribed", "token_not_refreshed"}
    assert ours == operators


def test_an_unknown_error_is_named() -> None:
    """The two numbers are what a person looks for."""
    assert "(31337/7)" in told("unknown_error", "31337/7", {}).says


def test_a_kind_of_another_release() -> None:
    """What this release has no sentence for is told as it is stored."""
    assert Told("quite new", "", "operator") == told(
        "quite_new", "", {"reason": 7, "until": "soon"}
    )
    assert "until soon" in told("account_held", "", {"until": "soon"}).says


def test_the_operators_page_has_every_kind() -> None:
    """docs/operations.md says of each kind what an operator sees and does."""
    _, _, alerts = OPERATIONS.read_text().partition("\n## Alerts\n")
    rows = re.findall(r"^\| `(\w+)` \|", alerts.partition("\n## ")[0], re.MULTILINE)

    assert sorted(ALERTS) == sorted(rows)
