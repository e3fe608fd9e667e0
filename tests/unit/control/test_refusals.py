"""What the database refuses, as callers are told it."""

from __future__ import annotations

import pytest

from services.control.refusals import declined
from switchboard.db.errors import Refusal

_OTHERS_ACCOUNT = Refusal("23503", "fk", constraint="login_states_workspace_id_account_id_fkey")


@pytest.mark.parametrize(
    ("refusal", "code", "pointer"),
    [
        (Refusal("42501", "permission denied for table campaigns"), "forbidden", None),
        (Refusal("42501", "it is another's", "Log in as them."), "forbidden", None),
        (Refusal("P0002", "there is no such invitation", "Ask for another."), "not_found", None),
        (Refusal("23514", "it would have no owner", "Make somebody one."), "conflict", None),
        (Refusal("23505", "duplicate", constraint="invitations_open"), "conflict", "/email"),
        (Refusal("23514", "check", constraint="workspaces_name_check"), "invalid", "/name"),
        (_OTHERS_ACCOUNT, "invalid", "/account_id"),
        (Refusal("22021", "invalid byte sequence: 0x00"), "invalid", ""),
        (Refusal("54000", "index row size"), "too_large", None),
    ],
)
def test_what_callers_can_do_something_about(
    refusal: Refusal, code: str, pointer: str | None
) -> None:
    """It has a code, and where it is about a part of the body, the place."""
    told = declined(refusal)

    assert told is not None
    assert code == told.code
    assert ([] if pointer is None else [pointer]) == [one.pointer for one in told.errors]


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("42601", "syntax error"),
        Refusal("42P01", "no such table"),
        Refusal("23505", "duplicate", constraint="some_other_key"),
        Refusal("23514", "check", constraint="some_other_check"),
    ],
)
def test_bugs_of_ours(refusal: Refusal) -> None:
    """What no caller can mend is not told as if they could."""
    assert declined(refusal) is None


def test_postgres_own_words_are_not_passed_on() -> None:
    """They name tables and quote what was to be written."""
    told = declined(Refusal("42501", "new row violates row-level security policy for secrets"))

    assert told is not None
    assert "secrets" not in told.detail
