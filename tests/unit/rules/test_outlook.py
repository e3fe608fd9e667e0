"""What becomes of those who wait, in numbers that can be checked by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from switchboard.contracts.ids import CampaignId
from switchboard.rules.ceilings import Ceiling, private_replies
from switchboard.rules.forecast import Standing, micros_of, turns
from switchboard.rules.outlook import Outlook, Waiting, outlooks
from tests.support.builders import NOON

# Two at once, and one more each minute.
_SLOW = Ceiling(burst=2, sustained=60, window=timedelta(hours=1))
_MINUTE = timedelta(minutes=1)
_WEEK = timedelta(days=7)
_ONE, _OTHER = CampaignId(UUID(int=1)), CampaignId(UUID(int=2))


def standing(free: int, **fields: Any) -> Standing:
    """It is noon, and `free` turns are left."""
    whole: dict[str, Any] = {"now": NOON, "ceiling": _SLOW, "free": free}
    return Standing(**whole | fields)


def when(deadlines: list[datetime], at: Standing, due: datetime = NOON) -> list[datetime | None]:
    """Return when each goes of those who may from `due` on."""
    due_us = [micros_of(due)] * len(deadlines)
    found = turns(due_us, [micros_of(one) for one in deadlines], at)
    return [None if one is None else NOON + (one - micros_of(NOON)) * _MICROSECOND for one in found]


_MICROSECOND = timedelta(microseconds=1)


class TestTurns:
    def test_with_turns_left(self) -> None:
        """Who has a turn goes at once, the others as turns come back."""
        found = when([NOON + _WEEK] * 4, standing(free=2))

        assert [NOON, NOON, NOON + _MINUTE, NOON + 2 * _MINUTE] == found

    def test_without(self) -> None:
        """Nobody goes before the first turn is back, which may take as long as one takes."""
        assert [NOON + _MINUTE, NOON + 2 * _MINUTE] == when([NOON + _WEEK] * 2, standing(free=0))

    def test_before_it_opens(self) -> None:
        """A held account sends nothing, and its turns come back meanwhile, up to a burst."""
        opens = NOON + timedelta(minutes=10)

        found = when([NOON + _WEEK] * 3, standing(free=0, opens=opens))

        assert [opens, opens, opens + _MINUTE] == found

    def test_the_margin(self) -> None:
        """Who has only the margin left until the deadline is too late; with more, in time."""
        margin = timedelta(seconds=30)
        just, barely = NOON + margin, NOON + margin + _MICROSECOND

        assert [None, NOON] == when([just, barely], standing(free=2, margin=margin))

    def test_those_for_later(self) -> None:
        """Who waits for a moment takes no turn before it, and nobody else's place after it."""
        due_us = [micros_of(NOON + timedelta(seconds=90)), micros_of(NOON), micros_of(NOON)]

        found = turns(due_us, [micros_of(NOON + _WEEK)] * 3, standing(free=0))

        after_s = [None if at is None else (at - micros_of(NOON)) // 10**6 for at in found]
        assert [120, 60, 180] == after_s


class TestOutlooks:
    def test_nobody(self) -> None:
        """Where nobody waits there is nothing to tell."""
        found = outlooks(Waiting([], [], [], ()), standing(free=2))

        assert (Outlook(), {}, []) == (found.account, found.campaigns, found.missed)

    def test_of_all_and_of_each_campaign(self) -> None:
        """Each has its own numbers, which add up to the account's; who is missed is named."""
        soon, later = NOON + timedelta(seconds=30), NOON + _WEEK
        waiting = Waiting(
            due_us=[micros_of(NOON)] * 4,
            deadline_us=[micros_of(one) for one in (soon, soon, later, later)],
            campaign=[1, 0, 0, 1],
            campaigns=(_ONE, _OTHER),
        )

        found = outlooks(waiting, standing(free=1))

        assert Outlook(4, NOON + 2 * _MINUTE, 1, soon) == found.account
        assert {
            _ONE: Outlook(2, NOON + _MINUTE, 1, soon),
            _OTHER: Outlook(2, NOON + 2 * _MINUTE, 0, None),
        } == found.campaigns
        assert [1] == found.missed

    def test_a_crowd_that_cannot_fit(self) -> None:
        """Of 150,000 who came at once, those are missed whom 690 an hour do not reach in a week."""
        margin, crowd = timedelta(seconds=310), 150_000
        waiting = Waiting(
            due_us=[micros_of(NOON)] * crowd,
            deadline_us=[micros_of(NOON + _WEEK)] * crowd,
            campaign=[0] * crowd,
            campaigns=(_ONE,),
        )
        ceiling = private_replies(720)

        found = outlooks(
            waiting, Standing(now=NOON, ceiling=ceiling, free=30, margin=margin)
        ).account

        in_time = 30 + (_WEEK - margin) // (ceiling.interval_us * _MICROSECOND)
        assert (crowd, crowd - in_time) == (found.waiting, found.missed)
