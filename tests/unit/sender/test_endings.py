"""Every failure has one ending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.sender.endings import (
    Doubtful,
    Ending,
    Late,
    Never,
    Postponed,
    TokenMissing,
    ending_of,
)
from switchboard.db.credentials import CannotOpen
from switchboard.errors import Failure, Unavailable
from switchboard.graph import Action, NotSendable, Said, Usage
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


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


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
        (meta(368), Postponed("policy_block", HOUR, hold=HOUR, said=said(368))),
        (
            meta(200, 2534041),
            Postponed("message_access_off", HOUR, hold=HOUR, said=said(200, 2534041)),
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


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply"])
def test_only_what_was_refused_before_acting_comes_back(action: Action, kind: str) -> None:
    """No error under which Meta may have acted leads to a second call."""
    comes_back = {Action.RETRY, Action.HOLD, Action.OWNER, Action.REAUTH}
    for (code, subcode), row in _TABLE.items():
        if row.action is action and isinstance(code, int):
            number = subcode if isinstance(subcode, int) else None
            ending = ending_of(meta(code, number), claimed(kind=kind))
            assert (action in comes_back) == isinstance(ending, Postponed)
            assert (action is Action.AMBIG) == isinstance(ending, Doubtful)
