"""The ledger: one statement for a batch, safe to repeat, safe beside others."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from uuid import UUID

from switchboard.contracts import AccountId, CommentId, EventId, PersonId
from switchboard.contracts.ids import event_id
from switchboard.db import deliveries
from switchboard.db.ledger import Recorded, Standing, record
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, draft, now, recorded, state_of
from tests.support.waiting import until


async def _count(owner: Database, table: str) -> int:
    row = await owner.fetchrow(f"select count(*) as n from public.{table}")
    assert row is not None
    return int(row["n"])


class TestRecording:
    async def test_an_event_with_a_delivery(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A decided event is kept with its decision, and what it got is ready for a sender."""
        one = recorded(shop, "c:1", decision='{"because": "keyword"}', event='{"text": "LINK"}')

        standings = await record(pipeline, [one])

        expected = Standing("matched", (one.deliveries[0].id,), new=True, ours=True)
        assert {one.event_id: expected} == standings
        row = await owner.fetchrow("select * from public.events")
        assert row is not None
        assert (shop.workspace, shop.account) == (row["workspace_id"], row["account_id"])
        assert ({"because": "keyword"}, {"text": "LINK"}) == (row["decision"], row["event"])
        row = await owner.fetchrow("select * from public.deliveries")
        assert row is not None
        assert ("ready", {"text": "Here you are"}) == (row["state"], row["content"])
        assert row["published_at"] is not None

    async def test_nothing(self, pipeline: Database) -> None:
        """An empty batch is no question to the database."""
        assert await record(pipeline, []) == {}

    async def test_an_account_nobody_connected(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An event that is nobody's is kept, and belongs to no tenant."""
        stray = recorded(
            shop,
            "c:stray",
            answered=False,
            workspace_id=None,
            account=None,
            instagram_id=AccountId("99"),
            outcome="ignored",
        )

        standings = await record(pipeline, [stray])

        assert {stray.event_id: Standing("ignored", (), new=True, ours=True)} == standings
        assert await _count(owner, "contacts") == 0

    async def test_the_same_event_twice_in_a_batch(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of duplicates in one batch one is recorded, and a decision wins over a question."""
        asked = recorded(shop, "c:1", answered=False, outcome="asked")
        matched = recorded(shop, "c:1")

        standings = await record(pipeline, [asked, matched, asked, matched])

        expected = Standing("matched", (matched.deliveries[0].id,), new=True, ours=True)
        assert {matched.event_id: expected} == standings
        assert (1, 1) == (await _count(owner, "events"), await _count(owner, "deliveries"))

    async def test_characters_postgresql_cannot_store(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A NUL that somebody typed costs that character, and not the nine other events."""
        text = "a\x00b\\u0000"
        one = recorded(shop, "c:\x00", event=json.dumps({"text": text}), username="x\x00y")

        await record(pipeline, [one, recorded(shop, "c:2")])

        row = await owner.fetchrow(
            "select event from public.events where event_id=$1", one.event_id
        )
        assert row is not None
        assert {"text": "a\ufffdb\\u0000"} == row["event"]

    async def test_a_clock_that_runs_ahead(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What is ready can be taken at once, though the router's clock runs ahead."""
        event = event_id("c:1")
        early = draft(shop, event, not_before=now() + timedelta(seconds=2))

        await record(pipeline, [recorded(shop, "c:1", deliveries=(early,))])

        assert await deliveries.claim(pipeline, early.id, owner="me", lease_s=30) is not None

    async def test_ready_but_not_due(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What is due later is parked until then, and no sender is told."""
        event = event_id("c:1")
        later = draft(shop, event, not_before=now() + timedelta(minutes=10))

        standings = await record(pipeline, [recorded(shop, "c:1", deliveries=(later,))])

        assert () == standings[event].ready
        assert await state_of(owner, later.id) == "parked"


class TestRepeating:
    async def test_a_crash_between_commit_and_publish(self, pipeline: Database, shop: Shop) -> None:
        """A batch given again tells what is still to be published, and adds nothing."""
        one = recorded(shop, "c:1")
        await record(pipeline, [one])

        again = await record(pipeline, [one])

        assert {
            one.event_id: Standing("matched", (one.deliveries[0].id,), new=False, ours=False)
        } == again

    async def test_what_a_sender_took_is_not_told(self, pipeline: Database, shop: Shop) -> None:
        """A delivery that is being sent is not published again."""
        one = recorded(shop, "c:1")
        await record(pipeline, [one])
        await deliveries.claim(pipeline, one.deliveries[0].id, owner="me", lease_s=30)

        again = await record(pipeline, [one])

        assert () == again[one.event_id].ready

    async def test_another_decision_changes_nothing(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Rules that changed between two attempts do not decide an event a second time."""
        await record(pipeline, [recorded(shop, "c:1", answered=False)])

        standings = await record(pipeline, [recorded(shop, "c:1")])

        assert {event_id("c:1"): Standing("no_match", (), new=False, ours=False)} == standings
        assert await _count(owner, "deliveries") == 0

    async def test_an_answer_completes_a_question(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An event that was asked about is decided by its answer, once."""
        asked = recorded(shop, "c:1", answered=False, outcome="asked")
        matched = recorded(shop, "c:1", decision='{"intent": "price"}')
        await record(pipeline, [asked])

        answered = await record(pipeline, [matched])
        late = await record(pipeline, [recorded(shop, "c:1", answered=False, outcome="no_match")])
        asked_again = await record(pipeline, [asked])

        ready = (matched.deliveries[0].id,)
        ours = Standing("matched", ready, new=False, ours=True)
        theirs = Standing("matched", ready, new=False, ours=False)
        assert {asked.event_id: ours} == answered
        assert {asked.event_id: theirs} == late == asked_again
        row = await owner.fetchrow("select outcome, campaign_id, decision from public.events")
        assert row is not None
        assert ("matched", shop.campaign) == (row["outcome"], row["campaign_id"])
        assert {"intent": "price"} == row["decision"]

    async def test_one_private_reply_for_each_comment(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A comment that two events tell of gets one private reply, whichever came first."""
        same = CommentId("17900")
        first = recorded(shop, "c:1", deliveries=(draft(shop, event_id("c:1"), comment_id=same),))
        second = recorded(shop, "m:1", deliveries=(draft(shop, event_id("m:1"), comment_id=same),))

        standings = await record(pipeline, [first]) | await record(pipeline, [second])

        assert (first.deliveries[0].id,) == standings[first.event_id].ready
        assert () == standings[second.event_id].ready
        assert await _count(owner, "deliveries") == 1

    async def test_a_public_reply_beside_it(self, pipeline: Database, shop: Shop) -> None:
        """One event may get both: a private reply and a public one."""
        event = event_id("c:1")
        both = (draft(shop, event), draft(shop, event, step="1", kind="public_reply"))

        standings = await record(pipeline, [recorded(shop, "c:1", deliveries=both)])

        assert tuple(sorted(one.id for one in both)) == standings[event].ready


class TestTogether:
    async def test_the_same_events_in_opposite_order(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Batches with the same events never wait for each other in a circle; one row each."""
        batch = [
            recorded(shop, f"c:{number}", person_id=PersonId(str(number % 7)), inbound=True)
            for number in range(40)
        ]
        expected = {one.event_id: ("matched", (one.deliveries[0].id,)) for one in batch}

        results = await asyncio.gather(
            *(record(pipeline, batch[:: 1 if n % 2 else -1]) for n in range(12))
        )

        for standings in results:
            told = {event: (s.outcome, s.ready) for event, s in standings.items()}
            assert expected == told
        assert len(batch) == sum(s.new for standings in results for s in standings.values())
        assert (40, 40) == (await _count(owner, "events"), await _count(owner, "deliveries"))
        assert await _count(owner, "contacts") == 7

    async def test_events_crossed(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Batches with the same events in opposite order do not wait in a circle."""
        batch = [_numbered(shop, number) for number in range(9)]

        await _meet_in_the_middle(owner, pipeline, batch[4], batch, batch[::-1])

        assert (9, 9) == (await _count(owner, "events"), await _count(owner, "deliveries"))

    async def test_comments_crossed(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Nor do different events for the same comments; each comment gets one reply."""
        there = [_numbered(shop, number, comment=number) for number in range(9)]
        back = [_numbered(shop, 20 + number, comment=8 - number) for number in range(9)]
        middle = _numbered(shop, 50, comment=4)

        await _meet_in_the_middle(owner, pipeline, middle, there, back)

        assert (19, 9) == (await _count(owner, "events"), await _count(owner, "deliveries"))

    async def test_people_crossed(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Nor do different events of the same people."""
        there = [_numbered(shop, number, person=number) for number in range(9)]
        back = [_numbered(shop, 20 + number, person=8 - number) for number in range(9)]
        middle = _numbered(shop, 50, person=4)

        await _meet_in_the_middle(owner, pipeline, middle, there, back)

        assert (19, 9) == (await _count(owner, "events"), await _count(owner, "contacts"))


def _numbered(
    shop: Shop, number: int, *, comment: int | None = None, person: int | None = None
) -> Recorded:
    """Return event `number`: numbers, unlike derived ids, have an order a test can choose."""
    event = EventId(UUID(int=number))
    comment_id = CommentId(str(number if comment is None else comment))
    return recorded(
        shop,
        f"e:{number}",
        event_id=event,
        person_id=PersonId(str(number if person is None else person)),
        deliveries=(draft(shop, event, comment_id=comment_id),),
    )


async def _meet_in_the_middle(
    owner: Database,
    pipeline: Database,
    middle: Recorded,
    there: list[Recorded],
    back: list[Recorded],
) -> None:
    """
    Record `there` and `back` at once, both held up until both wait.

    What they wait for is `middle`, recorded and not yet committed. Had each taken its rows from its
    own end, each would then have what the other needs next.
    """
    async with asyncio.TaskGroup() as batches, owner.transaction() as tx:
        await record(tx, [middle])
        for batch in (there, back):
            batches.create_task(record(pipeline, batch))
        await until(lambda: _waiting(owner), lambda waiting: waiting == 2)


async def _waiting(owner: Database) -> int:
    row = await owner.fetchrow(
        "select count(*) as n from pg_locks join pg_stat_activity using (pid)"
        " where not granted and datname = current_database()"
    )
    assert row is not None
    return int(row["n"])


class TestContacts:
    async def test_a_person_met(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A person's latest action and widest window are kept, whatever order events come in."""
        early, late = now() - timedelta(hours=3), now() - timedelta(hours=1)
        closes = late + timedelta(hours=24)
        person = PersonId("77")

        def acted(identity: str, moment: datetime, username: str) -> Recorded:
            return recorded(
                shop,
                identity,
                answered=False,
                person_id=person,
                occurred_at=moment,
                received_at=moment,
                inbound=True,
                window_closes_at=moment + timedelta(hours=24),
                username=username,
            )

        await record(pipeline, [acted("m:3", late, "new_name"), acted("m:1", early, "old_name")])
        await record(pipeline, [recorded(shop, "m:4", person_id=person)])

        row = await owner.fetchrow("select * from public.contacts")
        assert row is not None
        assert (early, late, closes) == (
            row["first_seen_at"],
            row["last_inbound_at"],
            row["window_closes_at"],
        )
        assert row["username"] == "new_name"

    async def test_an_old_event_late(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """An event that comes late never closes a window early."""
        early, late = now() - timedelta(hours=3), now() - timedelta(hours=1)
        for identity, moment in [("m:2", late), ("m:1", early)]:
            one = recorded(
                shop,
                identity,
                answered=False,
                inbound=True,
                occurred_at=moment,
                received_at=moment,
                window_closes_at=moment + timedelta(hours=24),
            )
            await record(pipeline, [one])

        row = await owner.fetchrow("select * from public.contacts")
        assert row is not None
        assert late + timedelta(hours=24) == row["window_closes_at"]
        assert (early, late) == (row["first_seen_at"], row["last_inbound_at"])
