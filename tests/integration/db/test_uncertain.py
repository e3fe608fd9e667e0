"""Uncertain deliveries: when they are looked for, who may decide, and what of it is kept."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import CommentId, DeliveryId, MessageId, PersonId
from switchboard.contracts.ids import event_id
from switchboard.db import alerts, deliveries, ledger, migrate, pacing, uncertain
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Row, open_pool
from switchboard.db.uncertain import ALERT, Doubt, Note, Standing, Unanswered
from tests.integration.db.test_migrations import MIGRATIONS
from tests.integration.db.town import (
    Shop,
    draft,
    force,
    now,
    open_shop,
    owe,
    recorded,
    state_of,
)

ANA, BO = PersonId("1"), PersonId("2")
MID = MessageId("mid.1")
SKEW = timedelta(seconds=10)
SAW = Note(asked="conversation", outcome="found", because="found_in_conversation", seen=1)
MISSED = Note(asked="conversation", outcome="absent", because="not_found", seen=0)


async def _owe(db: Database, shop: Shop, **fields: Any) -> DeliveryId:
    message = {"kind": "message", "person_id": ANA, "comment_id": None}
    return await owe(db, shop, **(message | fields))


async def _doubtful(db: Database, shop: Shop, **fields: Any) -> DeliveryId:
    """Return a message whose call got no answer."""
    delivery = await _owe(db, shop, **fields)
    assert await deliveries.claim(db, delivery, owner="first", lease_s=60)
    assert await deliveries.record_uncertain(db, delivery, owner="first", reason="timed_out")
    return delivery


async def _take(
    db: Database, *, limit: int = 10, each: int = 10, lease_s: float = 60
) -> list[Doubt]:
    return list(await uncertain.take(db, limit=limit, each=each, lease=timedelta(seconds=lease_s)))


async def _look(db: Database, shop: Shop, **fields: Any) -> Doubt:
    """Return a delivery in doubt that is ours to look for."""
    await _doubtful(db, shop, **fields)
    (doubt,) = await _take(db)
    return doubt


async def _row(owner: Database, delivery: DeliveryId) -> Row:
    row = await owner.fetchrow("select * from public.deliveries where id = $1", delivery)
    assert row is not None
    return row


async def _sent(
    db: Database,
    doubt: Doubt,
    message_id: MessageId = MID,
    *,
    at: datetime | None = None,
    note: Note = SAW,
) -> bool:
    sent = await uncertain.resolve_sent(
        db, doubt, note, message_id=message_id, recipient_id=ANA, sent_at=at, skew=SKEW
    )
    return sent is not None


class TestDoubting:
    async def test_when_its_sender_says_so(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """It is due to be looked for at once; its attempt is over."""
        row = await _row(owner, await _doubtful(pipeline, shop))

        assert row["doubted_at"] == row["attempt_over_at"] == row["look_at"]
        assert row["attempted_at"] <= row["attempt_over_at"] <= now()
        assert 0 == row["looks"]

    async def test_when_its_lease_ran_out(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Its attempt was over when the lease was, however long nobody noticed."""
        delivery = await _owe(pipeline, shop)
        await deliveries.claim(pipeline, delivery, owner="first", lease_s=-100)
        lease_until = (await _row(owner, delivery))["lease_until"]
        await pacing.expire_leases(pipeline)

        row = await _row(owner, delivery)
        assert "uncertain" == row["state"]
        assert lease_until == row["attempt_over_at"]
        assert row["doubted_at"] == row["look_at"] > lease_until

    async def test_a_second_time(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What was seen of the attempt before says nothing of this one; looks are counted on."""
        doubt = await _look(pipeline, shop)
        await uncertain.look_again(
            pipeline, doubt, MISSED, after=timedelta(), absent_at=doubt.taken_at
        )
        (doubt,) = await _take(pipeline)
        assert doubt.absent_at is not None
        assert await uncertain.send_again(pipeline, doubt, MISSED)
        await deliveries.claim(pipeline, doubt.delivery.id, owner="second", lease_s=60)
        await deliveries.record_uncertain(
            pipeline, doubt.delivery.id, owner="second", reason="timed_out"
        )
        (again,) = await _take(pipeline)

        assert (None, 3, 2) == (again.absent_at, again.look, again.delivery.attempts)
        assert again.doubted_at > doubt.doubted_at

    @pytest.mark.parametrize("state", ["sent", "refused", "expired", "cancelled"])
    async def test_what_is_decided_is_not_looked_for(
        self, owner: Database, pipeline: Database, shop: Shop, state: str
    ) -> None:
        """However it ends, it is looked for no more."""
        delivery = await _doubtful(pipeline, shop)
        await owner.execute(
            """
            update public.deliveries set state = $1::text,
                   sent_at = case when $1::text = 'sent' then now() end
            """,
            state,
        )

        assert (await _row(owner, delivery))["look_at"] is None
        assert [] == await _take(pipeline)


class TestTaking:
    async def test_what_is_taken(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """It comes with its account, its person as they are now, and the times of its attempt."""
        delivery = await _doubtful(pipeline, shop)
        await owner.execute(
            """
            insert into public.contacts (account_id, workspace_id, person_id, first_seen_at, name)
            values ($1, $2, $3, now(), 'Ana')
            """,
            shop.account,
            shop.workspace,
            ANA,
        )
        (doubt,) = await _take(pipeline)
        row = await _row(owner, delivery)

        assert (delivery, "Ana", shop.instagram_id) == (
            doubt.delivery.id,
            doubt.delivery.name,
            doubt.delivery.instagram_id,
        )
        assert (shop.username, "timed_out", 1) == (doubt.account_username, doubt.reason, doubt.look)
        assert (row["attempted_at"], row["attempt_over_at"], row["doubted_at"], None) == (
            doubt.attempted_at,
            doubt.over_at,
            doubt.doubted_at,
            doubt.absent_at,
        )
        assert doubt.taken_at + timedelta(seconds=60) == row["look_at"]

    async def test_only_what_is_due(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What is being looked for, is due later or never, or is in no doubt, is not taken."""
        for look_at in ("now() + interval '1 h'", "null"):
            delivery = await _doubtful(pipeline, shop)
            await owner.execute(
                f"update public.deliveries set look_at = {look_at} where id = $1", delivery
            )
        await _owe(pipeline, shop)
        due = await _doubtful(pipeline, shop)

        assert [due] == [doubt.delivery.id for doubt in await _take(pipeline)]
        assert [] == await _take(pipeline)

    async def test_after_whoever_died(self, pipeline: Database, shop: Shop) -> None:
        """A look nobody finished is taken again when its lease is over, as another look."""
        await _doubtful(pipeline, shop)
        looks = [(await _take(pipeline, lease_s=-1))[0].look for _ in range(3)]

        assert [1, 2, 3] == looks

    async def test_many_at_once(self, pipeline: Database, shop: Shop) -> None:
        """However many take, each is taken once."""
        owed = {await _doubtful(pipeline, shop) for _ in range(8)}

        taken = await asyncio.gather(*(_take(pipeline, limit=3) for _ in range(10)))

        ids = [doubt.delivery.id for doubts in taken for doubt in doubts]
        assert len(ids) == len(set(ids))
        rest = await _take(pipeline)
        assert owed == {*ids, *(doubt.delivery.id for doubt in rest)}

    async def test_accounts_in_turn(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A thousand of one account hold up nobody else's; each account's come together."""
        quiet = await open_shop(owner)
        busy = [await _doubtful(pipeline, shop) for _ in range(4)]
        alone = await _doubtful(pipeline, quiet)

        first = await _take(pipeline, limit=3, each=2)
        second = await _take(pipeline, limit=10, each=1)

        assert {alone, *busy[:2]} == {doubt.delivery.id for doubt in first}
        accounts = [doubt.delivery.account for doubt in first]
        assert sorted(accounts) == accounts
        assert [busy[2]] == [doubt.delivery.id for doubt in second]

    async def test_one_that_was_never_timed(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An attempt of a release that did not note its time began when a sender was told of it."""
        delivery = await _doubtful(pipeline, shop)
        await owner.execute("update public.deliveries set attempted_at = null")
        (doubt,) = await _take(pipeline)

        assert (await _row(owner, delivery))["published_at"] == doubt.attempted_at


class TestDeciding:
    async def test_found(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """It is sent, as that message and at that time; how that is known is kept."""
        doubt = await _look(pipeline, shop)
        made_at = now() - timedelta(seconds=1)

        assert await _sent(pipeline, doubt, at=made_at)

        row = await _row(owner, doubt.delivery.id)
        assert ("sent", MID, ANA, made_at) == (
            row["state"],
            row["message_id"],
            row["recipient_id"],
            row["sent_at"],
        )
        (look,) = await owner.fetch("select * from public.delivery_looks")
        assert (1, "conversation", "found", "found_in_conversation", 1, MID) == tuple(
            look[name] for name in ("number", "asked", "outcome", "because", "seen", "message_id")
        )
        step = await owner.fetchrow(
            "select * from public.delivery_transitions order by number desc limit 1"
        )
        assert step is not None
        assert ("sent", "found_in_conversation", "reconciler") == (
            step["after"],
            step["reason"],
            step["moved_by"],
        )

    async def test_a_moment_that_is_to_come(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Meta's clock may be ahead: nothing was sent later than now."""
        doubt = await _look(pipeline, shop)
        await _sent(pipeline, doubt, at=now() + timedelta(seconds=5))

        assert (await _row(owner, doubt.delivery.id))["sent_at"] <= now()

    async def test_absent(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """It is ready, published a moment ago, and nobody's: any sender may take it."""
        doubt = await _look(pipeline, shop)

        due = await uncertain.send_again(pipeline, doubt, MISSED)

        assert due is not None
        assert (doubt.delivery.id, shop.instagram_id, doubt.delivery.trace_id) == (
            due.delivery_id,
            due.account_id,
            due.trace_id,
        )
        row = await _row(owner, doubt.delivery.id)
        assert ("ready", "not_found", None, None) == (
            row["state"],
            row["reason"],
            row["lease_owner"],
            row["look_at"],
        )
        assert await deliveries.claim(pipeline, doubt.delivery.id, owner="other", lease_s=60)

    @pytest.mark.parametrize("state", ["expired", "refused"])
    async def test_never(self, owner: Database, pipeline: Database, shop: Shop, state: Any) -> None:
        """It is over, for the reason given, and so is what waited for it."""
        doubt = await _look(pipeline, shop)
        after = await _owe(pipeline, shop, state="waiting", after_id=doubt.delivery.id)
        note = replace(MISSED, because="never_answered")

        assert await uncertain.resolve_not_sent(pipeline, doubt, note, state)

        row = await _row(owner, doubt.delivery.id)
        assert (state, "never_answered") == (row["state"], row["reason"])
        assert "cancelled" == await state_of(owner, after)

    async def test_what_waited_for_it(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Once it is found, what waited is ready and is told of."""
        doubt = await _look(pipeline, shop)
        after = await _owe(pipeline, shop, state="waiting", after_id=doubt.delivery.id)
        sent = await uncertain.resolve_sent(
            pipeline, doubt, SAW, message_id=MID, recipient_id=ANA, sent_at=None, skew=SKEW
        )

        assert sent is not None
        assert [after] == [due.delivery_id for due in sent.due]
        assert "ready" == await state_of(owner, after)

    async def test_later(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """It stays as it is until then, and the look is kept."""
        doubt = await _look(pipeline, shop)

        assert await uncertain.look_again(
            pipeline, doubt, MISSED, after=timedelta(hours=1), absent_at=doubt.taken_at
        )

        row = await _row(owner, doubt.delivery.id)
        assert ("uncertain", "timed_out", doubt.taken_at) == (
            row["state"],
            row["reason"],
            row["absent_at"],
        )
        assert timedelta(minutes=59) < row["look_at"] - now() <= timedelta(hours=1)
        assert 1 == len(await owner.fetch("select from public.delivery_looks"))

    async def test_no_more(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A person is asked, and nobody looks."""
        doubt = await _look(pipeline, shop)
        await uncertain.look_again(
            pipeline, doubt, MISSED, after=None, absent_at=None, unresolved=True
        )

        row = await _row(owner, doubt.delivery.id)
        assert ("uncertain", "unresolved", None) == (row["state"], row["reason"], row["look_at"])

    async def test_all_at_once(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Of everything that is concluded of one look, one thing happens."""
        doubt = await _look(pipeline, shop)

        done = await asyncio.gather(
            *(_sent(pipeline, doubt, MessageId(f"mid.{n}")) for n in range(5)),
            *(uncertain.send_again(pipeline, doubt, MISSED) for _ in range(5)),
            *(uncertain.resolve_not_sent(pipeline, doubt, MISSED, "refused") for _ in range(5)),
        )

        assert 1 == sum(map(bool, done))
        assert 1 == len(await owner.fetch("select from public.delivery_looks"))


class TestWhoMayDecide:
    async def _all(self, db: Database, doubt: Doubt) -> list[bool]:
        """Try everything a look can come to; return what was taken."""
        return [
            await _sent(db, doubt),
            await uncertain.send_again(db, doubt, MISSED) is not None,
            await uncertain.resolve_not_sent(db, doubt, MISSED, "expired"),
            await uncertain.look_again(db, doubt, MISSED, after=None, absent_at=None),
        ]

    async def test_not_an_older_look(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Whoever looked for too long has lost it to the one who looks now."""
        await _doubtful(pipeline, shop)
        (old,) = await _take(pipeline, lease_s=-1)
        (latest,) = await _take(pipeline)

        assert [False] * 4 == await self._all(pipeline, old)
        assert await _sent(pipeline, latest)

    async def test_not_about_another_attempt(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What was seen of one attempt decides nothing of the next."""
        doubt = await _look(pipeline, shop)
        await owner.execute(
            "update public.deliveries set state = 'ready', lease_owner = null, lease_until = null"
        )
        await deliveries.claim(pipeline, doubt.delivery.id, owner="second", lease_s=60)
        await deliveries.record_uncertain(
            pipeline, doubt.delivery.id, owner="second", reason="timed_out"
        )

        assert [False] * 4 == await self._all(pipeline, doubt)
        assert "uncertain" == await state_of(owner, doubt.delivery.id)

    @pytest.mark.parametrize("ending", ["sent", "refused"])
    async def test_a_late_answer_goes_before(
        self, owner: Database, pipeline: Database, shop: Shop, ending: str
    ) -> None:
        """What Meta told the one who called is known better than what anybody sees."""
        doubt = await _look(pipeline, shop)
        late = doubt.delivery.id
        if ending == "sent":
            assert await deliveries.record_sent(pipeline, late, owner="first", message_id="mid.9")
        else:
            assert await deliveries.record_refused(
                pipeline, late, owner="first", reason="person_unreachable"
            )

        assert [False] * 4 == await self._all(pipeline, doubt)
        assert ending == await state_of(owner, late)

    async def _too_late(self, db: Database, delivery: DeliveryId) -> list[bool]:
        """Let the one who called first say everything it could; return what was taken."""
        sent = await deliveries.record_sent(db, delivery, owner="first", message_id="mid.9")
        refused = await deliveries.record_refused(db, delivery, owner="first", reason="final")
        doubt = await deliveries.record_uncertain(db, delivery, owner="first", reason="timed_out")
        late = await deliveries.record_expired(db, delivery, owner="first", reason="final")
        parked = await deliveries.park(db, delivery, owner="first", reason="x", after_s=1)
        return [sent is not None, refused, doubt, late, parked]

    async def test_whoever_called_first_has_lost_it(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Once it is ready again, being sent by another, or sent, their answer changes nothing."""
        doubt = await _look(pipeline, shop)
        delivery = doubt.delivery.id
        await uncertain.send_again(pipeline, doubt, MISSED)
        when_ready = await self._too_late(pipeline, delivery)
        await deliveries.claim(pipeline, delivery, owner="second", lease_s=60)
        when_sending = await self._too_late(pipeline, delivery)
        await deliveries.record_sent(pipeline, delivery, owner="second", message_id=MID)
        when_sent = await self._too_late(pipeline, delivery)

        assert [[False] * 5] * 3 == [when_ready, when_sending, when_sent]
        row = await _row(owner, delivery)
        assert ("sent", MID) == (row["state"], row["message_id"])

    async def test_nobody_takes_back_what_was_found(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What was found sent stays sent, whatever its sender says afterwards."""
        doubt = await _look(pipeline, shop)
        await _sent(pipeline, doubt)

        assert [False] * 5 == await self._too_late(pipeline, doubt.delivery.id)
        assert MID == (await _row(owner, doubt.delivery.id))["message_id"]


class TestOneMessage:
    async def test_is_taken_once(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Of two that it could be, one takes it, and it is known as that one's to the other."""
        await _doubtful(pipeline, shop)
        await _doubtful(pipeline, shop)
        first, second = await _take(pipeline)

        taken = await asyncio.gather(_sent(pipeline, first), _sent(pipeline, second))

        assert [False, True] == sorted(taken)
        left = first if taken[1] else second
        standing = await uncertain.standing(pipeline, left, [MID, "mid.2"])
        assert Standing(frozenset({MID}), ()) == standing

    async def test_is_not_two_deliveries(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """The database lets no two of an account have one message."""
        one, other = await _doubtful(pipeline, shop), await _doubtful(pipeline, shop)
        elsewhere = await _doubtful(pipeline, await open_shop(owner))
        update = "update public.deliveries set message_id = 'mid.1' where id = $1"
        await owner.execute(update, one)
        await owner.execute(update, elsewhere)

        with pytest.raises(QueryFailed, match="deliveries_by_message"):
            await owner.execute(update, other)

    async def test_of_one_whose_answer_is_late(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Meta tells the one who called that the message was theirs: both were sent."""
        await _doubtful(pipeline, shop)
        late = await _doubtful(pipeline, shop)
        first, _ = await _take(pipeline)
        await _sent(pipeline, first)

        sent = await deliveries.record_sent(pipeline, late, owner="first", message_id=MID)

        assert sent is not None
        rows = [await _row(owner, one) for one in (first.delivery.id, late)]
        assert [("sent", MID), ("sent", None)] == [(r["state"], r["message_id"]) for r in rows]

    @pytest.mark.parametrize(
        ("fields", "made_s", "taken"),
        [
            # a call to the same person is under way and had begun when the message was made
            ({}, 0, False),
            ({}, None, False),
            # it began later
            ({}, -60, True),
            # it is somebody else's, or no message
            ({"person_id": BO}, 0, True),
            ({"kind": "public_reply", "comment_id": CommentId("c")}, 0, True),
            # a private reply to somebody known by a comment alone could be to anybody
            ({"kind": "private_reply", "comment_id": CommentId("c"), "person_id": None}, 0, False),
        ],
    )
    async def test_while_a_call_is_under_way(
        self,
        pipeline: Database,
        shop: Shop,
        fields: dict[str, Any],
        made_s: float | None,
        taken: bool,  # noqa: FBT001  a table's column
    ) -> None:
        """What a call that got no answer yet may have made is not taken for another's."""
        doubt = await _look(pipeline, shop)
        rival = await _owe(pipeline, shop, **fields)
        await deliveries.claim(pipeline, rival, owner="second", lease_s=60)
        made_at = None if made_s is None else now() + timedelta(seconds=made_s)

        assert taken == await _sent(pipeline, doubt, at=made_at)

    async def test_rivals(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Others without an answer are told of, with what they say and when they were tried."""
        doubt = await _look(pipeline, shop)
        under_way = await _owe(pipeline, shop)
        await deliveries.claim(pipeline, under_way, owner="second", lease_s=60)
        other = await _doubtful(pipeline, shop, content=json.dumps({"text": "Other"}))
        await _doubtful(pipeline, shop, person_id=BO)
        await _owe(pipeline, shop)

        found = {
            str(one.content["text"]): one
            for one in (await uncertain.standing(pipeline, doubt, [])).rivals
        }

        rows = {id_: await _row(owner, id_) for id_ in (under_way, other)}
        assert {
            "Here you are": Unanswered(
                kind="message",
                content={"text": "Here you are"},
                attempted_at=rows[under_way]["attempted_at"],
                over_at=None,
            ),
            "Other": Unanswered(
                kind="message",
                content={"text": "Other"},
                attempted_at=rows[other]["attempted_at"],
                over_at=rows[other]["attempt_over_at"],
            ),
        } == found

    @pytest.mark.parametrize(
        ("comment", "text", "rival"),
        [("c1", "Other", True), ("c2", "Here you are", True), ("c2", "Other", False)],
    )
    async def test_rivals_of_a_public_reply(
        self,
        pipeline: Database,
        shop: Shop,
        comment: str,
        text: str,
        rival: bool,  # noqa: FBT001  a table's column
    ) -> None:
        """Those under the same comment, and those that say the same wherever Meta puts them."""
        public = {"kind": "public_reply", "person_id": None}
        doubt = await _look(pipeline, shop, **public, comment_id=CommentId("c1"))
        content = json.dumps({"text": text})
        await _doubtful(pipeline, shop, **public, comment_id=CommentId(comment), content=content)

        assert rival == bool((await uncertain.standing(pipeline, doubt, [])).rivals)


class TestOwnWords:
    async def _happens(
        self, db: Database, shop: Shop, kind: str, person: PersonId | None, **event: Any
    ) -> None:
        happened = recorded(
            shop,
            uuid4().hex,
            answered=False,
            kind=kind,
            event=json.dumps(event),
            person_id=person,
        )
        await ledger.record(db, [happened])

    async def test_echoes_to_the_person(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Only the account's own messages to that person since the attempt; nothing of theirs."""
        await self._happens(pipeline, shop, "echo.v1", ANA, message_id="old", text="Before")
        for table in ("private.known_events", "public.events"):
            await owner.execute(f"update {table} set received_at = received_at - interval '1 h'")
        doubt = await _look(pipeline, shop)
        other = await open_shop(owner)
        attached = [{"type": "template"}, {"type": "image", "url": "https://x"}]
        for where, kind, person, event in (
            (shop, "echo.v1", ANA, {"message_id": "m1", "recipient_id": ANA, "text": "Hi"}),
            (shop, "echo.v1", ANA, {"message_id": "m2", "attachments": attached}),
            (shop, "echo.v1", BO, {"message_id": "m3", "text": "to somebody else"}),
            (other, "echo.v1", ANA, {"message_id": "m4", "text": "another account's"}),
            (shop, "message.v1", ANA, {"message_id": "m5", "text": "what they wrote"}),
        ):
            await self._happens(pipeline, where, kind, person, **event)

        words = {word.message_id: word for word in await uncertain.own_words(pipeline, doubt)}

        assert {"m1", "m2"} == set(words)
        assert ("echo", ANA, "Hi", ()) == (
            words[MessageId("m1")].source,
            words[MessageId("m1")].recipient_id,
            words[MessageId("m1")].text,
            words[MessageId("m1")].attached,
        )
        assert ("template", "image") == words[MessageId("m2")].attached
        assert all(word.at is not None for word in words.values())

    async def test_to_somebody_nobody_knows(self, pipeline: Database, shop: Shop) -> None:
        """Of whom we know the comment alone, all of the account's messages are theirs perhaps."""
        doubt = await _look(
            pipeline, shop, kind="private_reply", comment_id=CommentId("c"), person_id=None
        )
        for person in (ANA, BO):
            await self._happens(
                pipeline, shop, "echo.v1", person, message_id=f"m{person}", recipient_id=person
            )

        words = await uncertain.own_words(pipeline, doubt)

        assert {ANA, BO} == {word.recipient_id for word in words}

    async def test_comments_under_a_comment(self, pipeline: Database, shop: Shop) -> None:
        """The account's own comments there, or under the one it answers; without their time."""
        identity = uuid4().hex
        one = draft(shop, event_id(identity), kind="public_reply", comment_id=CommentId("c1"))
        event = json.dumps({"comment_id": "c1", "parent_id": "c0", "text": "theirs"})
        await ledger.record(pipeline, [recorded(shop, identity, event=event, deliveries=(one,))])
        await deliveries.claim(pipeline, one.id, owner="first", lease_s=60)
        await deliveries.record_uncertain(pipeline, one.id, owner="first", reason="timed_out")
        (doubt,) = await _take(pipeline)
        for comment_id, parent, own in (
            ("r1", "c1", True),
            ("r2", "c0", True),
            ("r3", "c9", True),
            ("r4", None, True),
            ("r5", "c1", False),
        ):
            await self._happens(
                pipeline,
                shop,
                "comment.v1",
                None if own else ANA,
                comment_id=comment_id,
                parent_id=parent,
                text="Hi",
                own=own,
            )

        words = await uncertain.own_words(pipeline, doubt)

        assert "c0" == await uncertain.parent_comment(pipeline, doubt)
        assert {("r1", "comment", None), ("r2", "comment", None)} == {
            (word.message_id, word.source, word.at) for word in words
        }

    async def test_of_nothing_else(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Of a delivery that is not in doubt nothing is shown, and the ledger itself stays shut."""
        doubt = await _look(pipeline, shop)
        await self._happens(pipeline, shop, "echo.v1", ANA, message_id="m1", text="Hi")
        await force(owner, doubt.delivery.id, "sent")

        assert [] == await uncertain.own_words(pipeline, doubt)
        assert await uncertain.parent_comment(pipeline, doubt) is None
        with pytest.raises(QueryFailed, match="permission denied"):
            await pipeline.fetch("select event from public.events")


async def test_alerts_of_what_is_decided(owner: Database, pipeline: Database, shop: Shop) -> None:
    """However it was decided, nobody is asked about it any more; about the rest they are."""
    decided, open_ = await _doubtful(pipeline, shop), await _doubtful(pipeline, shop)
    for delivery in (decided, open_):
        await alerts.raise_alert(pipeline, shop.account, ALERT, subject=str(delivery), detail={})
    await alerts.raise_alert(
        pipeline, shop.account, "unknown_error", subject=str(decided), detail={}
    )
    await force(owner, decided, "sent")

    assert [1, 0] == [await uncertain.settle_alerts(pipeline) for _ in range(2)]
    left = {(one.kind, one.subject) for one in await alerts.open_alerts(pipeline, shop.account)}
    assert {(ALERT, str(open_)), ("unknown_error", str(decided))} == left


async def test_what_an_earlier_release_left(bare_database_url: str, tmp_path: Path) -> None:
    """What was uncertain is due; of two rows with one message the later one does without."""
    for path in MIGRATIONS.iterdir():
        if path.name < "20261126000200":
            shutil.copy(path, tmp_path)
    await migrate.apply(bare_database_url, tmp_path)
    async with open_pool(bare_database_url, name="test") as db:
        for statement in _EARLIER:
            await db.execute(statement)
        await migrate.apply(bare_database_url, MIGRATIONS)
        rows = await db.fetch("select * from public.deliveries order by id")

    assert ["m", None, None] == [row["message_id"] for row in rows]
    doubt = rows[2]
    assert doubt["doubted_at"] == doubt["look_at"] is not None
    assert datetime.fromisoformat("2026-01-01T00:00:00+00:00") == doubt["attempt_over_at"]


_W, _A, _C, _E = (UUID(int=n) for n in range(1, 5))
_EARLIER = [
    f"insert into public.workspaces (id, name) values ('{_W}', 'w')",
    f"""
    insert into public.instagram_accounts (id, workspace_id, instagram_id, username)
    values ('{_A}', '{_W}', '1784', 'shop')
    """,
    f"""
    insert into public.campaigns (id, workspace_id, account_id, name, rank)
    values ('{_C}', '{_W}', '{_A}', 'c', 1)
    """,
    f"""
    insert into public.campaign_versions (campaign_id, version, workspace_id, definition)
    values ('{_C}', 1, '{_W}', '{{}}')
    """,
    f"""
    insert into public.events (event_id, instagram_id, kind, identity, occurred_at, received_at,
                               outcome, decision, event, trace_id)
    values ('{_E}', '1784', 'comment.v1', 'c', now(), now(), 'matched', '{{}}', '{{}}', 't')
    """,
    f"""
    insert into public.deliveries (id, workspace_id, account_id, event_id, campaign_id,
        campaign_version, step, kind, person_id, content, state, not_before, deadline, trace_id,
        created_at, updated_at, sent_at, message_id)
    select made.id, '{_W}', '{_A}', '{_E}', '{_C}', 1, '0', 'message', '1', '{{}}', made.state,
           now(), now(), 't', '2026-01-01'::timestamptz, '2026-01-01', made.sent_at, made.message_id
      from (values
        ('{UUID(int=11)}'::uuid, 'sent', now(), 'm'),
        ('{UUID(int=12)}'::uuid, 'sent', now(), 'm'),
        ('{UUID(int=13)}'::uuid, 'uncertain', null, null)
      ) made (id, state, sent_at, message_id)
    """,
]
