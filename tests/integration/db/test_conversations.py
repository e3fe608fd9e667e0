"""Decisions that change what is remembered of a person: written only if it is still so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from switchboard.contracts import EventId, MediaId, PersonId
from switchboard.contracts.ids import event_id
from switchboard.db import contacts, rules
from switchboard.db.ledger import Recorded, Standing, record
from switchboard.db.pool import Database, Queryable
from switchboard.rules.contact import STRANGER, Contact
from tests.integration.db.town import SOMEBODY, Shop, draft, kept, now, open_shop, recorded
from tests.support.waiting import until


async def _known(db: Database, shop: Shop, person: PersonId = SOMEBODY) -> Contact:
    """Return what is stored of a person."""
    return (await contacts.load(db, [(shop.account, person)])).get((shop.account, person), STRANGER)


async def _ids(owner: Database, table: str) -> set[EventId]:
    rows = await owner.fetch(f"select event_id from public.{table}")
    return {EventId(row["event_id"]) for row in rows}


async def _blocked(owner: Database, n: int) -> None:
    """Wait until `n` statements wait for a lock."""
    query = (
        "select count(distinct pid) as n from pg_locks join pg_stat_activity using (pid)"
        " where not granted and datname = current_database()"
    )

    async def waiting() -> int:
        row = await owner.fetchrow(query)
        assert row is not None
        return int(row["n"])

    await until(waiting, lambda found: found == n)


class TestComparing:
    async def test_what_was_decided_by(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A contact that is still what was decided by is replaced, with event and delivery."""
        first, second = recorded(shop, "m:1"), recorded(shop, "m:2")

        await record(pipeline, [first], [kept(shop, 0, Contact(revision=1, tags=("a",)))])
        standings = await record(
            pipeline, [second], [kept(shop, 1, Contact(revision=2, email="a@example.com"))]
        )

        ready = (second.deliveries[0].id,)
        assert {second.event_id: Standing("matched", ready, new=True, ours=True)} == standings
        assert Contact(revision=2, email="a@example.com") == await _known(pipeline, shop)

    async def test_another_revision(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A decision by what is no longer so is not written, its contact and deliveries neither."""
        stored = Contact(revision=1, tags=("a",))
        await record(pipeline, [recorded(shop, "m:1")], [kept(shop, 0, stored)])

        for expected, after in [(0, Contact(revision=1)), (0, None), (7, Contact(revision=8))]:
            late = recorded(shop, f"m:{expected}")
            assert {} == await record(pipeline, [late], [kept(shop, expected, after)])

        assert {event_id("m:1")} == await _ids(owner, "events") == await _ids(owner, "deliveries")
        assert stored == await _known(pipeline, shop)

    async def test_a_stranger_with_a_past(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Whoever expects a contact that is not there decided by something else."""
        one = recorded(shop, "m:1")

        assert {} == await record(pipeline, [one], [kept(shop, 3, Contact(revision=4))])
        assert {} == await record(pipeline, [one], [kept(shop, 3)])

        assert set() == await _ids(owner, "events")
        assert [] == await owner.fetch("select 1 from public.contacts")

    async def test_nothing_changes(self, pipeline: Database, shop: Shop) -> None:
        """A decision may go by a contact and leave it as it is, its revision too."""
        stored = Contact(revision=1, tags=("a",), fields={"size": "M"})
        await record(pipeline, [recorded(shop, "m:1")], [kept(shop, 0, stored)])

        await record(pipeline, [recorded(shop, "m:2")], [kept(shop, 1)])
        await record(pipeline, [recorded(shop, "m:3")])

        assert stored == await _known(pipeline, shop)

    async def test_somebody_elsewhere_changed_it(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A change that no event made counts as well: whoever makes it counts the revision up."""
        await record(pipeline, [recorded(shop, "m:1")])
        await owner.execute("update public.contacts set tags = '{vip}', revision = revision + 1")

        assert {} == await record(pipeline, [recorded(shop, "m:2")], [kept(shop, 0)])

    async def test_several_people(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """One person's conflict holds nobody else's events up."""
        other = await open_shop(owner)
        ana, bo, cy = PersonId("1"), PersonId("2"), PersonId("3")
        await record(
            pipeline,
            [recorded(shop, "m:0", person_id=bo)],
            [kept(shop, 0, Contact(revision=1), person=bo)],
        )
        batch = [
            recorded(shop, "ana:1", person_id=ana),
            recorded(shop, "ana:2", person_id=ana),
            recorded(shop, "bo:1", person_id=bo),
            recorded(shop, "bo:2", person_id=bo),
            recorded(shop, "cy:1", person_id=cy),
            recorded(other, "bo:elsewhere", person_id=bo),
            recorded(shop, "nobody:1", person_id=None),
        ]

        standings = await record(
            pipeline,
            batch,
            [
                kept(shop, 0, Contact(revision=1, tags=("ana",)), person=ana),
                kept(shop, 0, Contact(revision=1, tags=("bo",)), person=bo),
                kept(other, 0, Contact(revision=1, tags=("elsewhere",)), person=bo),
            ],
        )

        told = {"ana:1", "ana:2", "cy:1", "bo:elsewhere", "nobody:1"}
        assert {event_id(identity) for identity in told} == standings.keys()
        assert (("ana",), ()) == (
            (await _known(pipeline, shop, ana)).tags,
            (await _known(pipeline, shop, bo)).tags,
        )
        assert ("elsewhere",) == (await _known(pipeline, other, bo)).tags

    @pytest.mark.parametrize("fault", ["twice", "back", "nobody's"])
    async def test_mistakes(self, pipeline: Database, shop: Shop, fault: str) -> None:
        """A contact given twice, going back, or without an event is a mistake of the caller."""
        given = {
            "twice": [kept(shop, 0), kept(shop, 0)],
            "back": [kept(shop, 2, Contact(revision=2))],
            "nobody's": [kept(shop, 0, person=PersonId("404"))],
        }

        with pytest.raises(ValueError, match="a contact"):
            await record(pipeline, [recorded(shop, "m:1")], given[fault])


class TestDuplicates:
    async def test_of_a_decided_event(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of an event that is decided nothing more happens, and nothing beside it is written."""
        await record(pipeline, [recorded(shop, "m:1", answered=False)], [kept(shop, 0)])
        again, beside = recorded(shop, "m:1"), recorded(shop, "m:2")

        standings = await record(
            pipeline, [again, beside], [kept(shop, 0, Contact(revision=1, tags=("twice",)))]
        )

        assert {again.event_id: Standing("no_match", (), new=False, ours=False)} == standings
        assert STRANGER == await _known(pipeline, shop)
        assert set() == await _ids(owner, "deliveries")
        assert {beside.event_id} == (await record(pipeline, [beside], [kept(shop, 0)])).keys()

    async def test_a_decision_again(self, pipeline: Database, shop: Shop) -> None:
        """The same decision again tells what is to be published, and changes nobody twice."""
        one, after = recorded(shop, "m:1"), Contact(revision=1, tags=("a",))
        await record(pipeline, [one], [kept(shop, 0, after)])

        again = await record(pipeline, [one], [kept(shop, 0, after)])

        ready = (one.deliveries[0].id,)
        assert {one.event_id: Standing("matched", ready, new=False, ours=False)} == again
        assert after == await _known(pipeline, shop)

    async def test_a_question_and_its_answer(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Asking changes the contact once, and so does the answer; repeating neither does."""
        asked = recorded(shop, "m:1", answered=False, outcome="asked")
        matched = recorded(shop, "m:1")
        open_, done = Contact(revision=1, tags=("asked",)), Contact(revision=2, tags=("done",))

        await record(pipeline, [asked], [kept(shop, 0, open_)])
        repeated = await record(pipeline, [asked], [kept(shop, 1, Contact(revision=2))])
        assert (open_, "asked") == (await _known(pipeline, shop), repeated[asked.event_id].outcome)
        answered = await record(pipeline, [matched], [kept(shop, 1, done)])
        late = await record(pipeline, [asked], [kept(shop, 2, Contact(revision=3))])

        ready = (matched.deliveries[0].id,)
        assert {asked.event_id: Standing("matched", ready, new=False, ours=True)} == answered
        assert {asked.event_id: Standing("matched", ready, new=False, ours=False)} == late
        assert done == await _known(pipeline, shop)

    async def test_a_second_question(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """An answer may lead to another question; the first one, repeated, does not undo that."""
        first = recorded(shop, "m:1", answered=False, outcome="asked", decision='{"answer": null}')
        second = recorded(shop, "m:1", outcome="asked", decision='{"answer": {"intent": "price"}}')
        open_ = Contact(revision=1, follows=True)
        await record(pipeline, [first], [kept(shop, 0)])

        asked = await record(pipeline, [second], [kept(shop, 0, open_)])
        repeated = await record(pipeline, [first], [kept(shop, 1, Contact(revision=2))])

        ready = (second.deliveries[0].id,)
        assert {first.event_id: Standing("asked", ready, new=False, ours=True)} == asked
        assert {first.event_id: Standing("asked", ready, new=False, ours=False)} == repeated
        assert open_ == await _known(pipeline, shop)
        (row,) = await owner.fetch("select decision ->> 'answer' as answer from public.events")
        assert row["answer"] is not None

    async def test_an_answer_by_an_old_contact(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An answer that was decided by what is no longer so leaves the question open."""
        asked = recorded(shop, "m:1", answered=False, outcome="asked")
        await record(pipeline, [asked], [kept(shop, 0)])
        await record(pipeline, [recorded(shop, "m:2")], [kept(shop, 0, Contact(revision=1))])

        standings = await record(
            pipeline, [recorded(shop, "m:1")], [kept(shop, 0, Contact(revision=1))]
        )

        assert {asked.event_id: Standing("asked", (), new=False, ours=False)} == standings


class TestTogether:
    async def test_two_decisions_about_one_stranger(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of two routers that decide about somebody new at once exactly one is right."""
        for number in range(10):
            person = PersonId(f"9{number}")
            pair = [
                recorded(shop, f"{person}:{which}", person_id=person, answered=False)
                for which in "ab"
            ]
            results = await asyncio.gather(
                *(
                    record(
                        pipeline,
                        [one],
                        [kept(shop, 0, Contact(revision=1, tags=(one.identity,)), person=person)],
                    )
                    for one in pair
                )
            )

            (winner,) = [event for standings in results for event in standings]
            (identity,) = (await _known(pipeline, shop, person)).tags
            assert winner == event_id(identity)

    async def test_one_event_decided_twice_at_once(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Where one decides an event without a change, the other's change is not written."""
        plain, other = recorded(shop, "m:1", answered=False), recorded(shop, "m:1")
        change = [kept(shop, 0, Contact(revision=1, tags=("changed",)))]

        async with asyncio.TaskGroup() as group, owner.transaction() as tx:
            await record(tx, [plain], [kept(shop, 0)])
            second = group.create_task(record(pipeline, [other], change))
            await _blocked(owner, 1)

        assert {plain.event_id: Standing("no_match", (), new=False, ours=False)} == second.result()
        assert STRANGER == await _known(pipeline, shop)

    async def test_what_waited_is_written_after_all(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Who only waited for somebody that changed nothing need not decide again."""
        mine = recorded(shop, "m:2")

        async with asyncio.TaskGroup() as group, owner.transaction() as tx:
            await record(tx, [recorded(shop, "m:1")], [kept(shop, 0)])
            second = group.create_task(record(pipeline, [mine], [kept(shop, 0)]))
            await _blocked(owner, 1)

        assert {mine.event_id} == second.result().keys()

    async def test_fifty_writers(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """All who load, decide and record again get through; the contact has all they did."""

        async def write(number: int) -> None:
            one = recorded(shop, f"m:{number}")
            while True:
                before = await _known(pipeline, shop)
                tags = (*before.tags, str(number))
                after = replace(
                    before, revision=before.revision + 1, tags=tags, window_closes_at=None
                )
                if await record(pipeline, [one], [kept(shop, before.revision, after)]):
                    return

        async with asyncio.timeout(60):
            await asyncio.gather(*(write(number) for number in range(50)))

        stored = await _known(pipeline, shop)
        assert 50 == stored.revision
        assert sorted(map(str, range(50))) == sorted(stored.tags)
        expected = {event_id(f"m:{number}") for number in range(50)}
        assert expected == await _ids(owner, "events") == await _ids(owner, "deliveries")

    async def test_the_same_people_in_opposite_order(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Batches with the same people never wait for each other in a circle."""
        people = [PersonId(str(number)) for number in range(12)]

        async def batch(name: str, *, back: bool) -> set[EventId]:
            pending = {
                person: recorded(shop, f"{name}:{person}", person_id=person) for person in people
            }
            written: set[EventId] = set()
            while pending:
                order = sorted(pending, reverse=back)
                known = await contacts.load(pipeline, [(shop.account, one) for one in order])
                revisions = {
                    one: known.get((shop.account, one), STRANGER).revision for one in order
                }
                standings = await record(
                    pipeline,
                    [pending[one] for one in order],
                    [
                        kept(shop, n, Contact(revision=n + 1), person=p)
                        for p, n in revisions.items()
                    ],
                )
                written |= standings.keys()
                pending = {p: one for p, one in pending.items() if one.event_id not in standings}
            return written

        async with asyncio.timeout(60):
            done = await asyncio.gather(*(batch(f"b{n}", back=bool(n % 2)) for n in range(8)))

        assert [12] * 8 == [len(written) for written in done]
        assert {8} == {(await _known(pipeline, shop, person)).revision for person in people}

    async def test_guarded_beside_unguarded(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Nor do batches of which only some say what they were decided by."""
        batch = [recorded(shop, f"m:{n}", person_id=PersonId(str(n % 5))) for n in range(25)]
        contact_of = [kept(shop, 0, person=PersonId(str(n))) for n in range(5)]

        async with asyncio.timeout(60):
            results = await asyncio.gather(
                *(
                    record(pipeline, batch[:: 1 if n % 2 else -1], contact_of if n % 3 else ())
                    for n in range(12)
                )
            )

        assert 25 == sum(one.new for standings in results for one in standings.values())
        assert {one.event_id for one in batch} == await _ids(owner, "events")


class TestNextPost:
    POST = MediaId("18000000000000009")

    async def _bind(self, db: Queryable, shop: Shop, identity: str, **fields: Any) -> None:
        one: Recorded = recorded(
            shop, identity, bound=((shop.campaign, MediaId(f"{self.POST}")),), **fields
        )
        await record(db, [one])

    async def _bound(self, pipeline: Database, shop: Shop) -> str | None:
        (loaded,) = await rules.load(pipeline, [shop.instagram_id])
        return loaded.campaigns[0].next_media_id

    async def test_a_post_found(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """The campaign is bound with the decision that found the post, and routers hear of it."""
        before = await rules.versions(pipeline, [shop.instagram_id])

        await self._bind(pipeline, shop, "c:1")

        assert self.POST == await self._bound(pipeline, shop)
        assert before != await rules.versions(pipeline, [shop.instagram_id])

    async def test_another_found_later(self, pipeline: Database, shop: Shop) -> None:
        """The first post stays, and an event that was not recorded binds nothing."""
        await record(pipeline, [recorded(shop, "c:0", answered=False)])
        await self._bind(pipeline, shop, "c:0")
        assert await self._bound(pipeline, shop) is None

        await self._bind(pipeline, shop, "c:1")
        later = recorded(shop, "c:2", bound=((shop.campaign, MediaId("2")),))
        await record(pipeline, [later])

        assert self.POST == await self._bound(pipeline, shop)

    async def test_by_other_rules(self, pipeline: Database, shop: Shop) -> None:
        """What was decided by older rules may have meant another version, and binds nothing."""
        version = (await rules.versions(pipeline, [shop.instagram_id]))[shop.instagram_id]

        old = json.dumps({"rules_version": version - 1})
        await self._bind(pipeline, shop, "c:1", decision=old)
        assert await self._bound(pipeline, shop) is None
        await self._bind(pipeline, shop, "c:2", decision=json.dumps({"rules_version": version}))

        assert self.POST == await self._bound(pipeline, shop)

    async def test_a_version_published_meanwhile(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A version that is published while the post is being bound starts without one."""
        async with asyncio.TaskGroup() as group, owner.transaction() as tx:
            await tx.execute(
                """
                insert into public.campaign_versions
                  (campaign_id, version, workspace_id, definition)
                select campaign_id, 2, workspace_id, definition from public.campaign_versions
                """
            )
            await tx.execute("update public.campaigns set live_version = 2")
            group.create_task(self._bind(pipeline, shop, "c:1"))
            await _blocked(owner, 1)

        assert await self._bound(pipeline, shop) is None

    async def test_anothers_campaign(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """An event binds its own account's campaigns, and no other's."""
        other = await open_shop(owner)
        event = event_id("c:1")
        mine = draft(shop, event, not_before=now())
        one = recorded(shop, "c:1", deliveries=(mine,), bound=((other.campaign, self.POST),))

        await record(pipeline, [one])

        assert await self._bound(pipeline, other) is None
