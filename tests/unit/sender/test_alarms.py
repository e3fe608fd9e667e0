"""What a person must be told of how an attempt ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.sender.alarms import KINDS, Alarm, alarm_of
from services.sender.endings import (
    Delivered,
    Ending,
    Late,
    Never,
    Postponed,
    TokenMissing,
    ending_of,
)
from switchboard.db.credentials import CannotOpen
from switchboard.graph import Action, Said, every_row
from switchboard.graph.failures import no_answer, refusal
from switchboard.rules.alerts import ALERTS
from tests.unit.sender.builders import claimed


def after(code: int, subcode: int | None = None, *, attempts: int = 1) -> Alarm | None:
    """What is told when Meta answers a message with an error."""
    failure = refusal(Said(code=code, subcode=subcode), is_send=True)
    return alarm_of(ending_of(failure, claimed(attempts=attempts)))


@pytest.mark.parametrize(
    ("code", "subcode", "alarm"),
    [
        (368, None, Alarm("account_held", "policy_block")),
        (10, 1893063, Alarm("account_held", "sending_restricted")),
        (200, None, Alarm("account_held", "permission_denied")),
        (508, 2534122, Alarm("link_restricted", "link_restricted")),
        (200, 2534041, Alarm("message_access_off", "message_access_off")),
        (100, 2534029, Alarm("account_blocked", "account_blocked")),
        (190, 460, Alarm("reconnect_needed", "password_changed")),
        (200, 2534066, Alarm("reconnect_needed", "private_replies_not_granted")),
        (4, None, Alarm("app_limited", "app_limited")),
        (613, 1996, Alarm("app_limited", "irregular_volume")),
        (10, 2018300, Alarm("thread_taken", "thread_taken")),
        (100, None, Alarm("our_bug", "invalid_parameter", "100/-")),
        (3, None, Alarm("our_bug", "app_not_capable", "3/-")),
        (20, 1772107, Alarm("our_bug", "created_then_failed", "20/1772107")),
        (613, None, None),
        (1, None, None),
        (10, 2534022, None),
        (551, 1545041, None),
        (100, 2534025, None),
    ],
)
def test_what_is_told_of_metas_errors(code: int, subcode: int | None, alarm: Alarm | None) -> None:
    """Whatever stops the account, or is nobody's but ours, is told; what concerns one is not."""
    assert alarm == after(code, subcode)


def test_an_error_nobody_knows_is_told_when_it_is_given_up() -> None:
    """Not while it is tried once more."""
    assert after(31337, 7) is None
    assert Alarm("unknown_error", "unknown_error", "31337/7") == after(31337, 7, attempts=2)


@pytest.mark.parametrize(
    ("ending", "alarm"),
    [
        (ending_of(TokenMissing("none"), claimed()), Alarm("reconnect_needed", "token_missing")),
        (
            ending_of(CannotOpen("no key"), claimed()),
            Alarm("our_bug", "credential_unreadable", "credential_unreadable"),
        ),
        (ending_of(no_answer("timed_out"), claimed()), None),
        (Postponed("policy_block", timedelta()), None),
        (Postponed("account_reconnect_needed", timedelta()), None),
        (Late("deadline_passed"), None),
        (Never("opted_out"), None),
        (Delivered("mid.1"), None),
        (Delivered(reason="consent_missing", said=Said(code=230)), None),
        (
            Delivered(reason="invalid_parameter", said=Said(code=100)),
            Alarm("our_bug", "invalid_parameter", "100/-"),
        ),
    ],
)
def test_what_is_told_of_other_endings(ending: Ending, alarm: Alarm | None) -> None:
    """Meeting a hold is no news; a question that Meta refused tells as a message does."""
    assert alarm == alarm_of(ending)


def test_every_error_that_waits_for_somebody_is_told() -> None:
    """Whatever holds an account, ends its connection, or is a mistake has a kind of alert."""
    told_of = {Action.HOLD, Action.OWNER, Action.REAUTH, Action.FIX, Action.UNKNOWN}
    for _, _, row in every_row():
        assert row.action not in told_of or row.reason in KINDS
        assert not row.app_wide or KINDS[row.reason] == "app_limited"
        assert row.action is not Action.OWNER or KINDS[row.reason] == row.reason
    assert set(KINDS.values()) <= set(ALERTS)
