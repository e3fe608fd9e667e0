"""Under which posts comments are waited for, how far back they are read, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.control.caretaker.job import backoff
from services.control.caretaker.probing import missing
from services.control.caretaker.refreshing import is_due
from services.control.caretaker.watching import (
    ANSWERABLE,
    OVERLAP,
    Post,
    Rhythm,
    Watched,
    changed,
    floor_of,
    to_count,
    to_read,
    to_the_end,
    watched,
)
from switchboard.contracts import MediaId
from switchboard.db.care import Heard, Target
from switchboard.db.coverage import Ground
from switchboard.db.readings import Reading
from switchboard.graph import Media

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RHYTHM = Rhythm(usual=10 * MINUTE, soon=MINUTE)
NOBODY = Heard(None, 0)


def media(media_id: str, comments: int | None) -> Media:
    return Media(
        media_id=MediaId(media_id),
        posted_at=NOW,
        product_type="FEED",
        permalink=None,
        comments=comments,
    )


def some(*names: str) -> frozenset[MediaId]:
    return frozenset(map(MediaId, names))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], Watched(every=False, named=some())),
        ([Target({"kind": "comment"}, None)], Watched(every=True, named=some())),
        (
            [Target({"kind": "comment", "media_ids": ["1", "2"]}, None)],
            Watched(False, some("1", "2")),
        ),
        ([Target({"kind": "comment", "next_post": True}, None)], Watched(False, some())),
        ([Target({"kind": "comment", "next_post": True}, "3")], Watched(False, some("3"))),
        ([Target({"kind": "intent", "intent": "price"}, None)], Watched(True, some())),
        ([Target({"kind": "unrecognised"}, None)], Watched(True, some())),
        ([Target({"kind": "message"}, None)], Watched(False, some())),
        ([Target({"kind": "live_comment"}, None)], Watched(False, some())),
        ([Target({"kind": "of a later release"}, None)], Watched(False, some())),
    ],
)
def test_what_is_watched(targets: list[Target], expected: Watched) -> None:
    """What comments can set off, and nothing else: broadcasts cannot be read afterwards."""
    assert expected == watched(targets)
    assert bool(expected) == (expected.every or bool(expected.named))


def test_only_what_may_have_changed_is_read() -> None:
    """A count that is as it was, or 0 at first, says that there is nothing to read."""
    grounds = {
        MediaId("same"): Ground(told=3, grounded_at=NOW),
        MediaId("more"): Ground(told=3, grounded_at=NOW),
        MediaId("unended"): Ground(told=3, grounded_at=None),
    }
    listed = [
        media("same", 3),
        media("more", 4),
        media("unended", 3),
        media("new", 2),
        media("empty", 0),
        media("untold", None),
    ]
    found = to_read(Watched(every=True, named=some()), listed, grounds, {})

    assert {"more", "unended", "new", "untold"} == {post.media_id for post in found}


def test_who_has_waited_longest_is_read_first() -> None:
    """Whether it was read to its end or not; Meta's count is no news of what is being read."""
    grounds = {
        MediaId("an hour ago"): Ground(told=3, grounded_at=NOW - HOUR),
        MediaId("just now"): Ground(told=3, grounded_at=NOW - MINUTE),
    }
    begun = Reading(floor=NOW - 7 * DAY, began_at=NOW - 2 * HOUR, after="x")
    unfinished = {
        MediaId("begun"): replace(begun, read_at=NOW - 10 * MINUTE),
        MediaId("begun, no longer listed"): replace(begun, read_at=NOW - DAY),
    }
    names = ("just now", "begun", "an hour ago", "never")
    found = to_read(
        Watched(every=True, named=some()),
        [media(name, 9) for name in names],
        grounds,
        unfinished,
    )

    assert [
        Post(MediaId("never"), 9),
        Post(MediaId("begun, no longer listed"), None),
        Post(MediaId("an hour ago"), 9),
        Post(MediaId("begun"), None),
        Post(MediaId("just now"), 9),
    ] == found


def test_only_what_is_watched_is_read() -> None:
    """Of what is listed that which is named; what is named and not listed as well."""
    posts = Watched(every=False, named=some("2", "9"))
    found = to_read(posts, [media("1", 5), media("2", 5)], {}, {})

    assert [Post(MediaId("2"), 5), Post(MediaId("9"), None)] == found


@pytest.mark.parametrize(
    ("ground", "floor"),
    [
        (None, NOW - ANSWERABLE),
        (Ground(told=1, grounded_at=None), NOW - ANSWERABLE),
        (Ground(told=1, grounded_at=NOW - HOUR), NOW - HOUR - OVERLAP),
        (Ground(told=1, grounded_at=NOW - 30 * DAY), NOW - ANSWERABLE),
    ],
)
def test_how_far_back(ground: Ground | None, floor: datetime) -> None:
    """To known ground and a little further, never beyond what can still be answered."""
    assert floor == floor_of(ground, NOW)


@pytest.mark.parametrize(
    ("missed", "whole", "last", "heard", "expected"),
    [
        (0, True, NOW - 10 * MINUTE, NOBODY, RHYTHM.usual),
        (0, True, None, NOBODY, RHYTHM.usual),
        (1, True, NOW - 10 * MINUTE, NOBODY, RHYTHM.soon),
        (0, False, NOW - 10 * MINUTE, NOBODY, RHYTHM.soon),
        (0, True, NOW - 31 * MINUTE, NOBODY, RHYTHM.soon),
        (0, True, NOW - 10 * MINUTE, Heard(NOW - 2 * HOUR, 100), RHYTHM.soon),
        (0, True, NOW - 10 * MINUTE, Heard(NOW - 2 * HOUR, 5), RHYTHM.usual),
        (0, True, NOW - 10 * MINUTE, Heard(NOW - MINUTE, 100), RHYTHM.usual),
    ],
)
def test_how_often(
    missed: int, *, whole: bool, last: datetime | None, heard: Heard, expected: timedelta
) -> None:
    """More often after something was missed or left, after we were away, and in rare silence."""
    found = RHYTHM.next(missed=missed, whole=whole, last=last, heard=heard, now=NOW)

    assert expected == found


@pytest.mark.parametrize(
    ("age", "left", "due"),
    [
        (23 * HOUR, 59 * DAY, False),
        (23 * HOUR, DAY, False),
        (26 * HOUR, 59 * DAY, False),
        (24 * DAY, 36 * DAY, False),
        (30 * DAY, 30 * DAY - MINUTE, True),
        (59 * DAY, DAY, True),
        (61 * DAY, -DAY, True),
        (26 * HOUR, None, True),
        (None, None, True),
    ],
)
def test_when_a_token_is_refreshed(age: timedelta | None, left: timedelta | None, due: Any) -> None:
    """With a month left, never within its first day, and always while its end is not known."""
    issued_at = None if age is None else NOW - age
    expires_at = None if left is None else NOW + left
    for _ in range(20):
        assert due == is_due(uuid4(), issued_at, expires_at, NOW)


def test_tokens_of_one_day_are_not_refreshed_on_one_day() -> None:
    """Of 200 accounts that were connected together, some are due on each of the five days."""
    accounts = [UUID(int=n) for n in range(200)]
    due = [
        sum(is_due(one, NOW - 25 * DAY, NOW + timedelta(days=left), NOW) for one in accounts)
        for left in (36, 34, 33, 32, 31, 30)
    ]

    assert 0 == due[0]
    assert due == sorted(set(due))
    assert 150 < due[-1] <= 200


@pytest.mark.parametrize(
    ("failures", "after_s", "expected"),
    [
        (1, None, MINUTE),
        (2, None, 2 * MINUTE),
        (6, None, 32 * MINUTE),
        (12, None, DAY),
        (1000, None, DAY),
        (1, 600.0, 10 * MINUTE),
        (6, 1.0, 32 * MINUTE),
    ],
)
def test_trying_again(failures: int, after_s: float | None, expected: timedelta) -> None:
    """Ever later, up to the usual time; and not before Meta says."""
    assert expected == backoff(failures, every=DAY, after_s=after_s)


def test_what_is_missing() -> None:
    """What is not known is not missing."""
    assert frozenset("c") == missing("abc", frozenset("ab"))
    assert frozenset() == missing("abc", None)


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, []),
        (10, ["less"]),
        (29, ["less"]),
        (30, ["less", "more"]),
        (1_000, ["less", "many", "more"]),
    ],
)
def test_what_is_read_to_its_end(most: int, expected: list[str]) -> None:
    """Where Meta counts otherwise than before: the smallest first, as many as there are calls."""
    counts = {
        "same": (7, 7),
        "less": (10, 12),
        "more": (20, 19),
        "many": (900, 1),
        "new": (5, None),
    }
    posts = [Post(MediaId(name), told) for name, (told, _) in counts.items()]
    grounds = {
        MediaId(name): Ground(told=None, grounded_at=NOW, counted_told=before)
        for name, (_, before) in counts.items()
    }
    never = [Post(MediaId("never"), 3), Post(MediaId("less"), None)]

    assert some(*expected) == to_the_end(posts, grounds, most=most)
    assert some() == to_the_end(never, grounds, most=most)


def test_what_is_counted() -> None:
    """The latest, what is named, and those older ones where Meta counts another number."""
    listed = [media("new", 0), media("a", 3), media("b", 4), media("c", 5), media("d", 6)]
    grounds = {
        MediaId(name): Ground(told=None, grounded_at=NOW, counted_told=told)
        for name, told in (("a", 3), ("b", 4), ("c", 4))
    }
    all_of_them = to_count(Watched(every=True, named=some()), listed, grounds, latest=2)
    named = Watched(every=False, named=some("b", "d", "gone"))

    assert [("a", 3), ("c", 5)] == [(one.media_id, one.told) for one in all_of_them]
    assert {("b", 4), ("d", 6), ("gone", None)} == {
        (one.media_id, one.told) for one in to_count(named, listed, grounds, latest=2)
    }
    assert some("c") == changed(listed, grounds)
