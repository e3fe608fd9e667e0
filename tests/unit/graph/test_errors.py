"""
Meta's errors against a second copy of the table.

This copy was written from what is known of Meta's errors, not from the code: an error in one of
the two shows here. Columns: code, subcode, the action for a send, the action for a read.
"""

from __future__ import annotations

import pytest

from switchboard.graph import Action, classify
from switchboard.graph.errors import _TABLE, Source, every_row

R, H, A = Action.RETRY, Action.HOLD, Action.AMBIG
REAUTH, OWNER, WINDOW = Action.REAUTH, Action.OWNER, Action.WINDOW
DROP, DONE, FIX, UNKNOWN = Action.DROP, Action.DONE, Action.FIX, Action.UNKNOWN

ROWS = [
    # may have been done
    (1, None, A, R),
    (1, 1357046, A, R),
    (1, 777, A, R),
    (2, None, A, R),
    (2, 777, A, R),
    (-1, 2207001, A, R),
    (20, 1772107, A, R),
    (1200, None, A, R),
    # limits: refused before acting
    (-2, 2207003, R, R),
    (4, None, R, R),
    (4, 2018022, R, R),
    (17, None, R, R),
    (32, None, R, R),
    (341, None, R, R),
    (613, None, R, R),
    (613, 1996, R, R),
    (613, 2534040, R, R),
    (613, 777, R, R),
    (80001, None, R, R),
    (80002, None, R, R),
    (80006, None, R, R),
    # the account is restricted
    (4, 2207051, H, H),
    (10, 1893063, H, H),
    (200, None, H, H),
    (368, None, H, H),
    (368, 1390008, H, H),
    (508, 2534122, H, H),
    # the owner must change something
    (25, 2207050, OWNER, OWNER),
    (100, 2534029, OWNER, OWNER),
    (190, 459, OWNER, OWNER),
    (190, 464, OWNER, OWNER),
    (190, 492, OWNER, OWNER),
    (200, 2534041, OWNER, OWNER),
    (10904, 1893050, OWNER, OWNER),
    # the token is no good
    (10, None, REAUTH, REAUTH),
    (102, None, REAUTH, REAUTH),
    (190, None, REAUTH, REAUTH),
    (190, 458, REAUTH, REAUTH),
    (190, 460, REAUTH, REAUTH),
    (190, 463, REAUTH, REAUTH),
    (190, 467, REAUTH, REAUTH),
    (190, 777, REAUTH, REAUTH),
    (200, 2534066, REAUTH, REAUTH),
    # the window is over
    (10, 2534022, WINDOW, WINDOW),
    (10, 2534044, WINDOW, WINDOW),
    (10, 2018276, WINDOW, WINDOW),
    (10, 2018278, WINDOW, WINDOW),
    # never, for this person, comment or object
    (10, 2018108, DROP, DROP),
    (10, 2018300, DROP, DROP),
    (24, 2207006, DROP, DROP),
    (100, 33, DROP, DROP),
    (100, 2534001, DROP, DROP),
    (100, 2534013, DROP, DROP),
    (100, 2534014, DROP, DROP),
    (230, None, DROP, DROP),
    (551, 1545041, DROP, DROP),
    (10903, 1893049, DROP, DROP),
    (9000001, None, DROP, DROP),
    # answered before
    (100, 2534025, DONE, DONE),
    (10900, None, DONE, DONE),
    # ours to mend
    (1, 99, FIX, FIX),
    (3, None, FIX, FIX),
    (100, None, FIX, FIX),
    (100, 2534068, FIX, FIX),
    (200, 2018028, FIX, FIX),
    (555, 2534068, FIX, FIX),
    # nobody has said what these mean
    (10, 777, UNKNOWN, UNKNOWN),
    (20, None, UNKNOWN, UNKNOWN),
    (25, None, UNKNOWN, UNKNOWN),
    (100, 777, UNKNOWN, UNKNOWN),
    (200, 777, UNKNOWN, UNKNOWN),
    (508, None, UNKNOWN, UNKNOWN),
    (31337, None, UNKNOWN, UNKNOWN),
]


@pytest.mark.parametrize(("code", "subcode", "send", "read"), ROWS)
def test_every_pair_has_its_action(
    code: int, subcode: int | None, send: Action, read: Action
) -> None:
    """Code and subcode alone decide; what is unclear for a send is merely repeated for a read."""
    assert send is classify(code, subcode, is_send=True).action
    assert read is classify(code, subcode, is_send=False).action


def test_every_row_is_tried_above() -> None:
    """No row of the table is without a case here."""
    tried = {classify(code, subcode, is_send=True) for code, subcode, _, _ in ROWS}

    assert set(_TABLE.values()) - tried == set()


@pytest.mark.parametrize(("code", "subcode", "send", "read"), ROWS)
def test_what_passes_says_when(code: int, subcode: int | None, send: Action, read: Action) -> None:
    """Whatever is tried again carries its wait, and nothing else does."""
    for is_send in (True, False):
        row = classify(code, subcode, is_send=is_send)
        passes = row.action in {Action.RETRY, Action.HOLD, Action.OWNER}
        assert passes == (row.wait_s is not None and row.wait_s > 0)


def test_what_is_too_fast_is_told_from_what_failed() -> None:
    """A pace is learnt from limits, and from nothing else that is tried again later."""
    limits = {(code, subcode) for (code, subcode), row in _TABLE.items() if row.is_limit}

    assert {4, 17, 32, 341, 613, 80001, 80002, 80006} == {code for code, _ in limits}
    assert not classify(4, 2207051, is_send=True).is_limit
    assert not classify(-2, None, is_send=True).is_limit
    assert not classify(1, None, is_send=False).is_limit
    assert all(row.is_limit for row in _TABLE.values() if row.app_wide)


MINUTE, HOUR = 60.0, 3600.0

# Code, subcode, the first wait, the longest.
HOLDS = [
    (4, 2207051, 2 * HOUR, 12 * HOUR),
    (10, 1893063, 30 * MINUTE, 4 * HOUR),
    (200, None, 15 * MINUTE, HOUR),
    (368, None, HOUR, 8 * HOUR),
    (508, 2534122, 30 * MINUTE, 4 * HOUR),
    (25, 2207050, 4 * HOUR, 12 * HOUR),
    (100, 2534029, 4 * HOUR, 12 * HOUR),
    (190, 459, HOUR, 4 * HOUR),
    (190, 464, HOUR, 4 * HOUR),
    (190, 492, HOUR, 4 * HOUR),
    (200, 2534041, HOUR, 4 * HOUR),
    (10904, 1893050, HOUR, 4 * HOUR),
]


@pytest.mark.parametrize(("code", "subcode", "first_s", "longest_s"), HOLDS)
def test_how_long_a_hold_is(
    code: int, subcode: int | None, first_s: float, longest_s: float
) -> None:
    """Each restriction has its first wait and its longest."""
    row = classify(code, subcode, is_send=True)

    assert (first_s, longest_s) == (row.wait_s, row.longest_s)


def test_every_hold_is_tried_above() -> None:
    """No restriction is without a case here, and nothing else has a longest wait."""
    held = {row for row in _TABLE.values() if row.action in {H, OWNER}}

    assert held == {classify(code, subcode, is_send=True) for code, subcode, _, _ in HOLDS}
    assert held == {row for row in _TABLE.values() if row.longest_s is not None}


def test_a_permission_that_stays_away() -> None:
    """Only what passes or does not, and looks the same, becomes a new login: at the third time."""
    after = {key: row.reconnect_after for key, row in _TABLE.items() if row.reconnect_after}

    assert {(200, None): 3} == after


def test_what_a_wrong_parameter_means_at_first() -> None:
    """While Meta has taken nothing of the account, it is the account that is not right."""
    at_first = {key: row.at_first for key, row in _TABLE.items() if row.at_first}
    ((key, row),) = at_first.items()

    assert ((100, None), OWNER, "app_role_missing") == (key, row.action, row.reason)


def test_only_limits_of_the_app_concern_every_account() -> None:
    """One account's trouble never slows another's."""
    app_wide = {key for key, row in _TABLE.items() if row.app_wide}

    assert {4, 341, 613} == {code for code, _ in app_wide}


def test_rows_are_named_and_sourced() -> None:
    """A reason is a name fit for SQL and metrics, and each row says who told us."""
    for _, _, row in every_row():
        assert row.reason.replace("_", "").isalpha()
        assert row.reason == row.reason.lower()
        assert (row.source is Source.NONE) == (row.action is UNKNOWN)
