"""Comments that no webhook told of are found at Meta, published once, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from switchboard.contracts import CommentId, MediaId
from switchboard.contracts.ids import event_id
from switchboard.db import coverage, tenancy
from switchboard.errors import Unavailable
from switchboard.queues import Outgoing
from tests.integration.control.caretaker.household import MEDIA, RHYTHM, Household
from tests.integration.db.town import definition

DAY = timedelta(days=1)


def figures(detail: Any) -> tuple[int, int, int]:
    """Return how many were readable, stored and missed."""
    return detail["readable"], detail["stored"], detail["missed"]


async def test_what_was_missed_is_published(house: Household) -> None:
    """As its webhook would have been, with the id that one would have had; marked as read."""
    comment_id = await house.comment("ana", text="LINK")
    standing = await house.run(house.backfilling())
    (event,) = house.published
    us = house.shop.instagram_id

    assert ("done", (1, 0, 1)) == (standing.last_outcome, figures(standing.detail))
    assert event_id(f"c:{us}:{comment_id}") == event.event_id
    assert ("LINK", "ana", MEDIA, "FEED", "backfill") == (
        event.text,
        event.author_username,
        event.media_id,
        event.media_product_type,
        event.told_by,
    )
    assert abs(event.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert not event.own


async def test_nothing_is_published_twice(house: Household) -> None:
    """What is in the ledger is not missing; what was read is not read again."""
    await house.comment()
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    before = house.purse.taken
    again = await house.run(house.backfilling())

    assert 1 == len(house.published)
    assert (0, 0, 0) == figures(again.detail)
    assert 1 == house.purse.taken - before


async def test_what_lies_below_what_is_known(house: Household) -> None:
    """One comment in the ledger is no known ground: those below it are found as well."""
    for n in range(120):
        await house.comment(f"p{n}")
    await house.run(house.backfilling())
    told, untold = house.published[:60], house.published[60:]
    await house.owner.execute("delete from public.post_coverage")
    house.published.clear()
    await house.recorded(*told)
    standing = await house.run(house.backfilling())

    assert (120, 60, 60) == figures(standing.detail)
    assert {one.event_id for one in untold} == {one.event_id for one in house.published}


async def test_known_ground_ends_a_reading(house: Household) -> None:
    """Of a post with many comments only what is new is read, once it was read to the end."""
    old = (datetime.now(UTC) - DAY).isoformat()
    for n in range(120):
        await house.comment(f"p{n}", created_at=old)
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.comment("new")
    before = house.purse.taken
    standing = await house.run(house.backfilling())

    assert 2 == house.purse.taken - before  # the list of posts, and one page of three
    assert 1 == standing.detail["missed"]
    assert "new" == house.published[-1].author_username


async def test_answers_under_a_comment_are_read(house: Household) -> None:
    """With the comment they are under."""
    first = await house.comment()
    await house.comment("bo", parent_id=first)
    await house.run(house.backfilling())

    assert [None, CommentId(first)] == [one.parent_id for one in house.published]


async def test_what_is_left_alone(house: Household) -> None:
    """The account's own comments, and those that are too old to be answered."""
    us = house.shop.instagram_id
    own = {"account_id": us, "media_id": MEDIA, "text": "LINK"}
    await house.meta.sim("POST", "/self-comments", own)
    for days in (8, 7.01):
        at = datetime.now(UTC) - timedelta(days=days)
        await house.comment("late", created_at=at.isoformat())
    await house.comment("in.time", created_at=(datetime.now(UTC) - 6.9 * DAY).isoformat())
    standing = await house.run(house.backfilling())

    assert ["in.time"] == [one.author_username for one in house.published]
    assert (1, 0, 1) == figures(standing.detail)


async def test_a_webhook_has_a_minute(house: Household) -> None:
    """What was written just now is not published yet; it is not forgotten either."""
    await house.comment()
    patient = house.backfilling(on_its_way=timedelta(minutes=1))
    first = await house.run(patient)
    house.ahead = timedelta(minutes=2)
    second = await house.run(patient)

    assert (1, 0) == (first.detail["new"], first.detail["missed"])
    assert (0, 1) == (second.detail["new"], second.detail["missed"])


async def test_only_where_campaigns_wait(house: Household) -> None:
    """A post that no campaign waits for comments under is not read."""
    other = MediaId("18000000000000099")
    us = house.shop.instagram_id
    await house.meta.sim("PUT", f"/accounts/{us}/media/{other}", {"caption": "caps"})
    await house.comment("ana", media_id=other)
    await house.comment("bo")
    named = definition().model_dump(mode="json")
    named["trigger"] |= {"media_ids": [MEDIA]}
    await tenancy.publish_campaign(
        house.owner,
        house.shop.campaign,
        workspace=house.shop.workspace,
        account=house.shop.account,
        name="link",
        rank=1,
        definition=definition().model_validate(named),
    )
    await house.run(house.backfilling())
    await tenancy.pause_campaign(house.owner, house.shop.campaign, workspace=house.shop.workspace)
    before = house.purse.taken
    paused = await house.run(house.backfilling())

    assert ["bo"] == [one.author_username for one in house.published]
    assert (0, 0) == (paused.detail["posts"], house.purse.taken - before)


async def test_the_budget_ends_a_reading(house: Household) -> None:
    """What was found by then is published; when there are calls again, it goes on from there."""
    for n in range(120):
        await house.comment(f"p{n}")
    house.purse.left = 2
    first = await house.run(house.backfilling())
    found = len(house.published)
    await house.recorded(*house.published)
    house.purse.left, before = 10, house.purse.taken
    second = await house.run(house.backfilling())

    assert (50, False) == (found, first.detail["whole"])
    assert (70, True) == (second.detail["missed"], second.detail["whole"])
    assert 3 == house.purse.taken - before  # the list of posts, and two pages


async def test_a_post_with_more_comments_than_calls(house: Household) -> None:
    """However few calls there are at once: all of it is read, with what came on top meanwhile."""
    a_day_ago = (datetime.now(UTC) - DAY).isoformat()
    for n in range(170):
        await house.comment(f"p{n}", created_at=a_day_ago)
    runs = []
    for n in range(5):
        house.purse.left = 2
        runs.append(await house.run(house.backfilling()))
        await house.recorded(*house.published[-runs[-1].detail["missed"] :])
        await house.comment(f"late{n}")

    assert [50, 50, 50, 20, 4] == [run.detail["missed"] for run in runs]
    assert [False, False, False, True, True] == [run.detail["whole"] for run in runs]
    assert 174 == len({one.event_id for one in house.published}) == len(house.published)


async def test_a_reading_that_is_cut_off(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is away in the middle: the next run goes on behind the last published page."""
    for n in range(120):
        await house.comment(f"p{n}")
    publish = house.publish

    async def only_once(messages: Sequence[Outgoing]) -> None:
        if house.published:
            raise Unavailable("SQS is away")
        await publish(messages)

    monkeypatch.setattr(house, "publish", only_once)
    failed = await house.run(house.backfilling())
    monkeypatch.undo()
    before = house.purse.taken
    again = await house.run(house.backfilling())

    assert ("failed", 70) == (failed.last_outcome, again.detail["missed"])
    assert 3 == house.purse.taken - before
    assert 120 == len({one.event_id for one in house.published}) == len(house.published)


async def test_a_place_that_meta_no_longer_knows(house: Household) -> None:
    """The reading is given up, and the next one begins at the newest comment."""
    for n in range(120):
        await house.comment(f"p{n}")
    house.purse.left = 2
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.owner.execute("update private.comment_readings set after = 'of yesterday'")
    house.purse.left = 10
    given_up = await house.run(house.backfilling())
    anew = await house.run(house.backfilling())

    assert (0, 70) == (given_up.detail["missed"], anew.detail["missed"])
    assert 120 == len({one.event_id for one in house.published}) == len(house.published)


async def test_a_large_post_leaves_calls_to_the_others(house: Household) -> None:
    """What takes all calls of one run is not read first by the next."""
    other, us = MediaId("18000000000000099"), house.shop.instagram_id
    await house.meta.sim("PUT", f"/accounts/{us}/media/{other}", {"caption": "caps"})
    for n in range(120):
        await house.comment(f"p{n}")
    await house.run(house.backfilling())  # both have been read; the large one is read anew
    await house.owner.execute("delete from public.post_coverage where media_id = $1", MEDIA)
    house.purse.left = 2
    await house.run(house.backfilling())
    await house.comment("bo", media_id=other)
    house.purse.left = 2
    await house.run(house.backfilling())

    assert "bo" == house.published[-1].author_username


async def test_metas_own_figures_end_a_reading(house: Household) -> None:
    """At four fifths of Meta's budget no other page is asked for."""
    for n in range(60):
        await house.comment(f"p{n}")
    await house.meta.sim("PUT", "/config", {"usage": {"call_count": 80}})
    standing = await house.run(house.backfilling())

    assert (50, False) == (standing.detail["missed"], standing.detail["whole"])


async def test_a_doubtful_account_is_read_sooner(house: Household) -> None:
    """After something was missed, and no longer once nothing is."""
    await house.comment()
    doubtful = await house.run(house.backfilling())
    await house.recorded(*house.published)
    calm = await house.run(house.backfilling())
    waits = [
        one.next_run_at - one.last_finished_at
        for one in (doubtful, calm)
        if one.last_finished_at is not None
    ]

    assert [RHYTHM.soon, RHYTHM.usual] == waits


async def test_coverage(house: Household) -> None:
    """Of so many that Instagram shows, we know so many: first not all, then all."""
    for n in range(10):
        await house.comment(f"p{n}")
    await house.run(house.covering())
    (before,) = await coverage.of_account(house.db, house.shop.account)
    await house.recorded(*house.published)
    await house.run(house.covering())
    (after,) = await coverage.of_account(house.db, house.shop.account)

    assert (10, 10, 0, 10) == (before.told, before.readable, before.stored, before.missed)
    assert (10, 10, 10, 10) == (after.told, after.readable, after.stored, after.missed)
    assert 10 == len(house.published)


async def test_counting_goes_on_where_it_stopped(house: Household) -> None:
    """A post with more comments than calls is counted by several runs, whole; and then anew."""
    for n in range(120):
        await house.comment(f"p{n}")
    house.purse.left = 2
    first = await house.run(house.covering())
    (begun,) = await coverage.of_account(house.db, house.shop.account)
    await house.recorded(*house.published)
    house.purse.left = 10
    second = await house.run(house.covering())
    (counted,) = await coverage.of_account(house.db, house.shop.account)
    await house.recorded(*house.published[50:])
    await house.run(house.covering())
    (anew,) = await coverage.of_account(house.db, house.shop.account)
    waits = [one.next_run_at - (one.last_finished_at or one.next_run_at) for one in (first, second)]

    assert None is begun.counted_at
    assert (120, 0, 120) == (counted.readable, counted.stored, counted.missed)
    assert (120, 120, 120) == (anew.readable, anew.stored, anew.missed)
    assert [timedelta(minutes=10), DAY] == waits


async def test_a_comment_that_meta_held_back(house: Household) -> None:
    """Shown late, with the time it was written, it lies below known ground; coverage finds it."""
    await house.comment()
    await house.run(house.backfilling())
    await house.recorded(*house.published)
    await house.comment("held", created_at=(datetime.now(UTC) - DAY).isoformat())
    await house.run(house.backfilling())
    backfilled = len(house.published)
    await house.run(house.covering())

    assert 1 == backfilled
    assert "held" == house.published[-1].author_username
