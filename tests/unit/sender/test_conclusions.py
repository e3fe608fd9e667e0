"""What a look comes to: by what it saw, and by how long nothing has been known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.sender.conclusions import (
    NeverSent,
    SendAgain,
    Wait,
    WasSent,
    conclude,
    gives_up_at,
    put_off,
)
from services.sender.evidence import Absent, Found, Sighting, Unclear, Verdict
from switchboard.contracts import MessageId
from switchboard.db.uncertain import UNRESOLVED
from switchboard.rules.wording import Told
from tests.unit.sender.builders import NOON
from tests.unit.sender.doubts import PATIENCE, at, doubt

SEEN = Sighting(
    source="conversation", message_id=MessageId("m"), at=NOON, own=True, told=Told("Hello")
)


def waits(seconds: float, absent_s: float | None = None, *, ask: bool = False) -> Wait:
    """Return that nothing is decided."""
    absent_at = None if absent_s is None else at(absent_s)
    return Wait(wait=timedelta(seconds=seconds), absent_at=absent_at, ask=ask)


@pytest.mark.parametrize(
    ("look_s", "absent_s", "expected"),
    [
        # not settled: it may still be made
        (0, None, waits(5)),
        (119.5, None, waits(0.5)),
        # settled, and seen for the first time not to be there
        (120, None, waits(60, 120)),
        (300, None, waits(60, 300)),
        # a second time, too soon
        (130, 120, waits(50, 120)),
        (179, 120, waits(1, 120)),
        # and again
        (180, 120, SendAgain()),
        (900, 120, SendAgain()),
    ],
)
def test_absence_counts_twice(look_s: float, absent_s: float | None, expected: object) -> None:
    """Only what had settled, and was not there twice with some time between, is sent again."""
    assert expected == conclude(doubt(look_s, absent_s), Absent(), PATIENCE)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, SendAgain()),
        ({"delivery": {"attempts": 2}}, SendAgain()),
        ({"delivery": {"attempts": 3}}, NeverSent("refused", "never_answered")),
        ({"delivery": {"deadline": at(200)}}, NeverSent("expired", "deadline_passed")),
        ({"delivery": {"deadline": at(200.5)}}, SendAgain()),
        # whoever wrote since has moved their window
        ({"delivery": {"deadline": at(100), "window_closes_at": at(400)}}, SendAgain()),
        (
            {
                "delivery": {
                    "kind": "private_reply",
                    "deadline": at(100),
                    "window_closes_at": at(400),
                }
            },
            NeverSent("expired", "deadline_passed"),
        ),
        # a person was asked
        ({"reason": UNRESOLVED}, waits(200, 120, ask=True)),
        (
            {"reason": UNRESOLVED, "delivery": {"deadline": at(200)}},
            NeverSent("expired", "deadline_passed"),
        ),
    ],
)
def test_what_was_not_sent(fields: dict[str, Any], expected: object) -> None:
    """It is sent again while Meta allows it and nobody was asked, and not for ever."""
    assert expected == conclude(doubt(200, 120, **fields), Absent(), PATIENCE)


@pytest.mark.parametrize("reason", ["timed_out", UNRESOLVED])
@pytest.mark.parametrize("look_s", [0, 200, 90_000])
def test_what_is_found_was_sent(look_s: float, reason: str) -> None:
    """Whenever it is found, and whoever was asked meanwhile."""
    assert WasSent(SEEN) == conclude(doubt(look_s, reason=reason), Found(SEEN, 1), PATIENCE)


@pytest.mark.parametrize(
    ("look_s", "wait_s", "ask"),
    [
        # the time since doubles, and no look is later than the first that counts
        (0, 5, False),
        (4, 5, False),
        (10, 10, False),
        (40, 40, False),
        (80, 40, False),
        (200, 200, False),
        (1000, 900, False),
        (3599, 900, False),
        # a person is asked, and it is looked for ever more rarely
        (3600, 3600, True),
        (40_000, 3600, True),
    ],
)
def test_what_is_unclear_is_looked_for_again(
    look_s: float,
    wait_s: float,
    ask: bool,  # noqa: FBT001  a table's column
) -> None:
    """Sooner at first; and what a look showed before is not taken for granted."""
    verdict: Verdict = Unclear("another", 1)

    assert waits(wait_s, ask=ask) == conclude(doubt(look_s, 10), verdict, PATIENCE)


def test_in_the_end_nobody_looks() -> None:
    """After as long as Meta repeats a webhook, only a person decides."""
    day_and_half = 36 * 3600

    assert waits(3600, ask=True) == conclude(doubt(day_and_half - 1), Unclear("another"), PATIENCE)
    assert Wait(wait=None, absent_at=None, ask=True) == conclude(
        doubt(day_and_half), Unclear("another"), PATIENCE
    )


@pytest.mark.parametrize(
    ("fields", "expected_s"),
    [
        ({}, 3600),
        # what cannot be sent any more is no longer waited for, once it could be known
        ({"delivery": {"deadline": at(600)}}, 600),
        ({"delivery": {"deadline": at(10)}}, 240),
        # its sender's lease ran out long before anybody noticed
        ({"over_at": at(-5000), "delivery": {"deadline": at(-4000)}}, 120),
    ],
)
def test_when_a_person_is_asked(fields: dict[str, Any], expected_s: float) -> None:
    """After an hour, or when it is too late to send it, but not before it could be known."""
    assert at(expected_s) == gives_up_at(doubt(**fields), PATIENCE)


def test_a_look_that_failed_takes_nothing_back() -> None:
    """What was seen not to be there was not there; and no look is sooner than Meta wants it."""
    failed = put_off(doubt(130, 120), PATIENCE, absent_at=at(120), at_least=timedelta(seconds=600))

    assert waits(600, 120) == failed
