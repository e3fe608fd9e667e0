"""Every failure has one ending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.sender.endings import (
    Doubtful,
    Ending,
    Hold,
    Late,
    Never,
    Postponed,
    ProbeUnderWay,
    TokenMissing,
    ending_of,
)
from switchboard.db.credentials import CannotOpen
from switchboard.errors import Failure, Unavailable
from switchboard.graph import Action, NotSendable, Said, Usage, every_row
from switchboard.graph.errors import _TABLE
from switchboard.graph.failures import no_answer, refusal
from switchboard.state import Limited
from tests.unit.sender.builders import claimed


def said(code: int, subcode: int | None = None, *, regain_after_s: float = 0) -> Said:
    """An answer with an error."""
    return Said(code=code, subcode=subcode, usage=Usage(0, regain_after_s))


def meta(code: int, subcode: int | None = None, **fields: Any) -> Failure:
    """What the client raises for an error."""
    return refusal(said(code, subcode, **fields), is_send=True)


NOW, MINUTE, HOUR = timedelta(), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("failure", "ending"),
    [
        (Limited("limit_sends", after_s=3), Postponed("limit_sends", timedelta(seconds=3))),
        (Limited("app_cooling", after_s=3), Postponed("app_cooling", timedelta(seconds=3))),
        (Unavailable("DNS"), Postponed("unavailable", timedelta(seconds=15))),
        (CannotOpen("no key"), Postponed("credential_unreadable", MINUTE)),
        (TokenMissing("none"), Postponed("token_missing", timedelta(), reconnect=True)),
        (NotSendable("1001 bytes"), Never("not_sendable")),
        (no_answer("timed_out"), Doubtful("timed_out")),
        (meta(1), Doubtful("unknown_failure", said(1))),
        (meta(20, 1772107), Doubtful("created_then_failed", said(20, 1772107))),
        (meta(10, 2534022), Late("window_closed", said(10, 2534022))),
        (meta(613), Postponed("rate_limited", MINUTE, said=said(613))),
        (
            meta(80002, regain_after_s=7200),
            Postponed("budget_spent", 2 * HOUR, said=said(80002, regain_after_s=7200)),
        ),
        (
            meta(368),
            Postponed("policy_block", NOW, hold=Hold(HOUR, 8 * HOUR), said=said(368)),
        ),
        (
            meta(368, regain_after_s=36_000),
            Postponed(
                "policy_block",
                NOW,
                hold=Hold(10 * HOUR, 10 * HOUR),
                said=said(368, regain_after_s=36_000),
            ),
        ),
        (
            meta(200, 2534041),
            Postponed(
                "message_access_off", NOW, hold=Hold(HOUR, 4 * HOUR), said=said(200, 2534041)
            ),
        ),
        (
            meta(200),
            Postponed("permission_denied", NOW, hold=Hold(15 * MINUTE, HOUR, 3), said=said(200)),
        ),
        (
            meta(190, 460),
            Postponed("password_changed", timedelta(), reconnect=True, said=said(190, 460)),
        ),
        (meta(551, 1545041), Never("person_unreachable", said(551, 1545041))),
        (meta(100, 2534025), Never("comment_not_answerable", said(100, 2534025))),
        (meta(100), Never("invalid_parameter", said(100))),
    ],
)
def test_a_failure_ends_so(failure: Failure, ending: Ending) -> None:
    """Limits and outages wait uncounted; holds and dead tokens stop the account; the rest ends."""
    assert ending == ending_of(failure, claimed())


@pytest.mark.parametrize(
    ("kind", "attempts", "outcome"),
    [
        ("message", 1, "parked"),
        ("message", 2, "refused"),
        ("message", 3, "refused"),
        ("private_reply", 1, "refused"),
        ("public_reply", 1, "refused"),
    ],
)
def test_an_error_nobody_knows_is_met_twice_at_most(kind: str, attempts: int, outcome: str) -> None:
    """A message is tried once more, counted; what stands under a comment is not."""
    ending = ending_of(meta(31337), claimed(kind=kind, attempts=attempts))

    assert outcome == ending.outcome
    assert not isinstance(ending, Postponed) or ending.counted


@pytest.mark.parametrize(
    ("transient", "outcome"), [(None, "parked"), (True, "parked"), (False, "refused")]
)
def test_what_meta_thinks_of_its_error_is_a_hint(
    transient: bool | None,  # noqa: FBT001  a table's column
    outcome: str,
) -> None:
    """It may spare an error nobody knows its second try, and never allows one more."""
    failure = refusal(Said(code=31337, transient=transient), is_send=True)

    assert outcome == ending_of(failure, claimed()).outcome
    assert "refused" == ending_of(failure, claimed(attempts=2)).outcome
    assert "refused" == ending_of(failure, claimed(kind="private_reply")).outcome


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply"])
def test_only_what_was_refused_before_acting_comes_back(action: Action, kind: str) -> None:
    """No error under which Meta may have acted leads to a second call of what is done once."""
    comes_back = {Action.RETRY, Action.HOLD, Action.OWNER, Action.REAUTH}
    for (code, subcode), row in _TABLE.items():
        if row.action is action and isinstance(code, int):
            number = subcode if isinstance(subcode, int) else None
            ending = ending_of(meta(code, number), claimed(kind=kind))
            unclear = action is Action.AMBIG or (row.may_have_begun and kind != "message")
            assert (action in comes_back and not unclear) == isinstance(ending, Postponed)
            assert unclear == isinstance(ending, Doubtful)


@pytest.mark.parametrize("kind", ["private_reply", "public_reply"])
def test_what_is_done_once_is_retried_on_clear_refusals_only(kind: str) -> None:
    """Limits and restrictions of which Meta says that they come before acting, and nothing else."""
    retried = {
        code
        for code, subcode, row in every_row()
        if isinstance(code, int)
        and row.action is Action.RETRY
        and isinstance(
            ending_of(
                meta(code, subcode if isinstance(subcode, int) else None), claimed(kind=kind)
            ),
            Postponed,
        )
    }

    assert {4, 17, 32, 613, 80001, 80002, 80006} == retried


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [(1, 30), (2, 60), (3, 120), (4, 240), (5, None), (9, None)],
)
def test_a_passing_fault_is_met_a_few_times(attempts: int, wait: int | None) -> None:
    """A file that Meta cannot fetch is tried ever later, counted, and then no more."""
    ending = ending_of(meta(-2, 2207003), claimed(attempts=attempts))

    if wait is None:
        assert Never("media_timeout", said(-2, 2207003)) == ending
    else:
        assert (
            Postponed(
                "media_timeout", timedelta(seconds=wait), counted=True, said=said(-2, 2207003)
            )
            == ending
        )


def test_a_read_that_failed_is_made_again_until_its_deadline() -> None:
    """A question changes nothing: it is asked again, ever more rarely, until its time is over."""
    waits = []
    for attempts in (1, 2, 5, 50):
        ending = ending_of(
            refusal(said(1), is_send=False), claimed(kind="lookup", attempts=attempts)
        )
        assert isinstance(ending, Postponed)
        waits.append(ending.wait)

    assert [MINUTE, 2 * MINUTE, 15 * MINUTE, 15 * MINUTE] == waits


@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply", "lookup"])
def test_an_account_of_which_nothing_was_taken_yet(kind: str) -> None:
    """A wrong parameter on every call since the login means that the account has no role."""
    role = Hold(15 * MINUTE, 4 * HOUR)
    first, second, later = (
        ending_of(meta(100), claimed(kind=kind, proven=proven, attempts=attempts))
        for proven, attempts in ((False, 1), (False, 2), (True, 1))
    )

    assert Postponed("app_role_missing", NOW, counted=True, hold=role, said=said(100)) == first
    assert Never("app_role_missing", said(100)) == second
    assert Never("invalid_parameter", said(100)) == later


def test_the_place_of_a_probe_is_waited_for() -> None:
    """Who finds another delivery trying comes back as soon as the pacer lets it."""
    assert Postponed("probe_under_way", NOW) == ending_of(ProbeUnderWay("taken"), claimed())
