"""Under one comment stand more answers than Meta shows with it: they are read on, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from switchboard.contracts import CommentId, MediaId, PersonId
from switchboard.db import coverage, erasing
from switchboard.errors import Unavailable
from switchboard.graph import CommentPage, CommentSeen, MoreAnswers, Said
from switchboard.queues import Outgoing
from tests.integration.control.caretaker.household import MEDIA, Household

DAY = timedelta(days=1)


def days_ago(days: float) -> dict[str, str]:
    """Return what lets a comment have been written so long ago."""
    return {"created_at": (datetime.now(UTC) - days * DAY).isoformat()}


def found(house: Household) -> int:
    """Return how many comments were published, each of them once."""
    assert len({one.event_id for one in house.published}) == len(house.published)
    return len(house.published)


async def test_answers_beyond_a_page(house: Household) -> None:
    """All are published, under their comment; the first page of them costs nothing."""
    top = await house.thread(130)
    standing = await house.run(house.backfilling())
    answers = [one for one in house.published if one.parent_id is not None]

    assert (131, True) == (standing.detail["missed"], standing.detail["whole"])
    assert {CommentId(top)} == {one.parent_id for one in answers}
    assert {f"a{n}" for n in range(130)} == {one.author_username for one in answers}
    assert {"FEED"} == {one.media_product_type for one in answers}
    assert 4 == house.purse.taken  # the list of posts, a page of it, and two of answers


async def test_only_what_is_new(house: Household) -> None:
    """Answers that were read are not read again: those that are new stand before them."""
    top = await house.thread(130, **days_ago(1))
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.comment("new", parent_id=top)
    before = house.purse.taken
    standing = await house.run(house.backfilling())

    assert 2 == house.purse.taken - before
    assert 1 == standing.detail["missed"]
    assert "new" == house.published[-1].author_username


async def test_more_answers_than_calls(house: Household) -> None:
    """It goes on where it stopped, run after run: with the answers, then with the post."""
    for n in range(60):
        await house.comment(f"p{n}", **days_ago(2))
    await house.thread(130, **days_ago(1))
    runs = []
    for _ in range(4):
        house.purse.left = 2
        runs.append(await house.run(house.backfilling()))
        await house.recorded(*house.published)

    assert [50 + 50, 50, 30, 11] == [run.detail["missed"] for run in runs]
    assert [False, False, False, True] == [run.detail["whole"] for run in runs]
    assert 191 == found(house)
    assert None is await house.owner.fetchrow("select from private.comment_readings")


async def test_a_thread_that_is_cut_off(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is away while answers are read: the next run goes on behind the last page."""
    await house.thread(130)
    publish = house.publish

    async def only_twice(messages: Sequence[Outgoing]) -> None:
        if len(house.published) > 51:
            raise Unavailable("SQS is away")
        await publish(messages)

    monkeypatch.setattr(house, "publish", only_twice)
    failed = await house.run(house.backfilling())
    monkeypatch.undo()
    before = house.purse.taken
    again = await house.run(house.backfilling())

    assert ("failed", 30) == (failed.last_outcome, again.detail["missed"])
    assert 2 == house.purse.taken - before
    assert 131 == found(house)


async def test_the_comment_is_deleted_meanwhile(house: Household) -> None:
    """Its answers are shown no more: the reading goes on with what else there is, to its end."""
    await house.comment("below", **days_ago(2))
    other = await house.thread(60, **days_ago(1.5))
    top = await house.thread(130, **days_ago(1))
    house.purse.left = 3
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.meta.graph("DELETE", f"/{top}")
    house.purse.left = 10
    standing = await house.run(house.backfilling())
    under_other = [one for one in house.published if one.parent_id == other]

    assert standing.detail["whole"]
    assert 60 == len(under_other)
    assert 1 + 61 + 1 + 50 + 50 == found(house)


async def test_a_place_that_meta_no_longer_knows(house: Household) -> None:
    """The comment's answers are read from the newest on; nothing is published twice."""
    await house.thread(130)
    house.purse.left = 2
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.owner.execute(
        "update private.comment_readings"
        """ set threads = jsonb_set(threads, '{0,after}', '"of yesterday"')"""
    )
    house.purse.left = 10
    standing = await house.run(house.backfilling())

    assert (80, True) == (standing.detail["missed"], standing.detail["whole"])
    assert 131 == found(house)


async def test_whoever_comes_meanwhile(house: Household) -> None:
    """Who answers while a thread is read on is found after its end, by a later run."""
    top = await house.thread(130, **days_ago(1))
    missed = []
    for turn in range(4):
        house.purse.left = 2
        missed.append((await house.run(house.backfilling())).detail["missed"])
        await house.recorded(*house.published)
        if not turn:
            await house.comment("meanwhile", parent_id=top)

    assert [51, 50, 30, 1] == missed
    assert "meanwhile" == house.published[-1].author_username


async def test_answers_are_counted(house: Household) -> None:
    """However many runs it takes: of so many that Instagram shows, so many are known."""
    await house.thread(130)
    counted = []
    for left in (2, 1, 10, 10):
        house.purse.left = left
        await house.run(house.covering())
        await house.recorded(*house.published)
        (post,) = await coverage.of_account(house.db, house.shop.account)
        counted.append((post.counted_at is not None, post.readable, post.stored, post.missed))

    assert [
        (False, 0, 0, 51),
        (False, 0, 0, 101),
        (True, 131, 0, 131),
        (True, 131, 131, 131),
    ] == counted


async def test_somebody_is_erased_meanwhile(house: Household) -> None:
    """A reading that is to go on under their comment begins anew, and names nobody until then."""
    top = await house.thread(130)
    house.purse.left = 2
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    named = await house.owner.fetchrow("select threads::text as told from private.comment_readings")
    author = next(one.author_id for one in house.published if one.comment_id == top)
    await erasing.erase(house.owner, house.shop.account, author)
    left = await house.owner.fetchrow("select from private.comment_readings")
    house.purse.left = 10
    standing = await house.run(house.backfilling())

    assert named is not None
    assert top in named["told"]
    assert None is left
    assert (80, True) == (standing.detail["missed"], standing.detail["whole"])


async def answered_of_old(house: Household) -> str:
    """Let a comment be too old to be answered, below so many that its page is not read."""
    old = await house.comment("old", **days_ago(30))
    for n in range(60):
        await house.comment(f"p{n}", **days_ago(9))
    await house.comment("newest")
    return old


async def test_an_answer_under_an_old_comment(house: Household) -> None:
    """It can be answered, wherever it stands: the next round that sees another count finds it."""
    old = await answered_of_old(house)
    await house.run(house.covering())
    await house.recorded(*house.published)
    before = house.purse.taken
    await house.run(house.covering())
    calm = house.purse.taken - before
    await house.comment("late", parent_id=old)
    await house.run(house.backfilling())
    backfilled = house.purse.taken, found(house)
    standing = await house.run(house.covering())
    await house.recorded(*house.published)
    (post,) = await coverage.of_account(house.db, house.shop.account)
    again = await house.run(house.covering())

    assert 2 == calm  # the list of posts, and one page of two
    assert 1 == backfilled[1]
    assert (1, True) == (standing.detail["missed"], standing.detail["whole"])
    assert ("late", old) == (house.published[-1].author_username, house.published[-1].parent_id)
    assert (2, 1) == (post.readable, post.stored)
    assert 0 == again.detail["missed"]


async def test_more_old_comments_than_calls(house: Household) -> None:
    """A round that may not read so much leaves it to the next, which goes on over several runs."""
    old = await answered_of_old(house)
    await house.run(house.covering())
    await house.recorded(*house.published)
    await house.comment("late", parent_id=old)
    bounded = await house.run(house.covering(deep=10))
    missed = []
    for _ in range(2):
        house.purse.left = 2
        missed.append((await house.run(house.covering())).detail["missed"])

    assert (0, True) == (bounded.detail["missed"], bounded.detail["whole"])
    assert [0, 1] == missed


async def test_a_post_beyond_the_latest_hundred(house: Household) -> None:
    """A round looks at its count, and reads it when that is another."""
    us = house.shop.instagram_id
    await house.comment("before", **days_ago(9))
    for n in range(100):
        await house.meta.sim("PUT", f"/accounts/{us}/media/181{n:014}", {"caption": "caps"})
    await house.run(house.covering())
    before = house.purse.taken
    await house.comment("late")
    await house.run(house.backfilling())
    backfilled = found(house)
    standing = await house.run(house.covering())
    await house.recorded(*house.published)
    again = await house.run(house.covering())

    assert 0 == backfilled
    assert ("late", 1) == (house.published[-1].author_username, standing.detail["missed"])
    assert (0, 0) == (again.detail["posts"], again.detail["missed"])
    assert 1 + 3 + 2 == house.purse.taken - before  # lists of posts of a page or two, and the post


async def test_few_calls_and_many_posts(house: Household) -> None:
    """The latest are counted, though there is no call left to look at the others."""
    us = house.shop.instagram_id
    for n in range(100):
        await house.meta.sim("PUT", f"/accounts/{us}/media/181{n:014}", {"caption": "caps"})
    await house.comment("late", media_id="181" + "0" * 12 + "99")
    house.purse.left = 1
    begun = await house.run(house.covering())
    house.purse.left = 1
    standing = await house.run(house.covering())

    assert (False, True) == (begun.detail["whole"], standing.detail["whole"])
    assert "late" == house.published[-1].author_username


class OldestFirst:
    """A Meta that shows one comment, and its answers with the oldest first: 20 on a page."""

    def __init__(self, answers: int, *, newest: datetime) -> None:
        self._answers = [
            self._comment(f"2{n:03}", newest - (answers - 1 - n) * timedelta(hours=1))
            for n in range(answers)
        ]
        self._top = self._comment("1", newest)

    async def read_comments(
        self, media_id: MediaId, *, after: str | None = None, token: str
    ) -> CommentPage:
        shown = (self._top, *self._answers[:20])
        more = (MoreAnswers(comment_id=self._top.comment_id, after="20"),)
        return CommentPage(shown, self._top.written_at, None, Said(http_status=200), more)

    async def read_answers(
        self, comment_id: CommentId, *, after: str | None = None, token: str
    ) -> CommentPage:
        begin = int(after or 0)
        shown = tuple(self._answers[begin : begin + 20])
        following = str(begin + 20) if begin + 20 < len(self._answers) else None
        return CommentPage(shown, None, following, Said(http_status=200))

    def _comment(self, comment_id: str, at: datetime) -> CommentSeen:
        return CommentSeen(
            comment_id=CommentId(comment_id),
            written_at=at,
            author_id=PersonId("7" + comment_id),
            author_username=None,
            text="LINK",
            parent_id=None,
            media_product_type="FEED",
        )


async def test_the_order_of_answers_is_not_trusted(house: Household) -> None:
    """Were they shown oldest first, those that can be answered stand last: all are read."""
    backfilling = house.backfilling()
    meta = OldestFirst(300, newest=datetime.now(UTC) - timedelta(minutes=1))
    await house.comment()  # so that Meta's list of posts says there is something
    sifting = replace(backfilling.sifting, meta=meta)
    standing = await house.run(replace(backfilling, sifting=sifting))
    within = 7 * 24  # one an hour

    assert (within + 1, True) == (standing.detail["missed"], standing.detail["whole"])
    assert {MediaId(MEDIA)} == {one.media_id for one in house.published}
