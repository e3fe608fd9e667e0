"""A person is erased: afterwards nothing of theirs is in any column of any table, nor in Redis."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import (
    Answer,
    CommentId,
    EventNotUnderstood,
    InboundEvent,
    LinkClicked,
    MessageId,
    PersonId,
    TraceId,
    WebhookUnreadable,
)
from switchboard.db import by_hand, deliveries, erasing, history, labels, ledger, origins
from switchboard.db.erasing import ERASED, Erased, erase, erase_as_caller
from switchboard.db.errors import QueryFailed
from switchboard.db.labels import Label
from switchboard.db.ledger import Recorded
from switchboard.db.pool import Database
from switchboard.rules.contact import Contact
from switchboard.rules.explaining import explain
from switchboard.rules.replaying import can_be_decided_again
from switchboard.state import (
    Bucket,
    Ceiling,
    Contacts,
    Limits,
    Observations,
    Observed,
    Remembered,
    open_redis,
)
from switchboard.state import erasing as in_redis
from switchboard.state.client import Redis
from tests.integration.cli.past import Past, open_past
from tests.integration.db.searching import found
from tests.integration.db.town import Shop, owe, state_of
from tests.integration.db.users import acting_as, hire
from tests.integration.state.people import standing
from tests.support.builders import comment, echo, message, postback, quick_reply, story_reply

PERSON = PersonId("7070707070707070")
OTHER = PersonId("8080808080808080")
WORD = "zyzzyva"  # in everything that the person writes, and that is written to them
NAME = "eulalia.quux"
MAIL = "eulalia@quux.example"
COMMENT = CommentId("17970707070707070")
MIDS = "mid.7070"
THEIRS = (str(PERSON), WORD, NAME, MAIL, str(COMMENT), MIDS)

_COUNTS = """
select array[
  (select count(*) from public.events),
  (select count(*) from public.events where outcome = 'matched'),
  (select count(*) from public.deliveries),
  (select count(*) from public.deliveries where state = 'sent')] as counted
"""


@pytest.fixture
async def past(owner: Database) -> Past:
    """An account with campaigns of every kind, to which nothing has happened yet."""
    return await open_past(owner)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty Redis."""
    async with open_redis(redis_url) as client:
        yield client


async def live(past: Past) -> None:
    """Let the person do, and be sent, everything there is, through what the router records by."""
    start = datetime.now(UTC) - timedelta(hours=2)
    events: list[InboundEvent] = [
        comment(f"link {WORD}", comment_id=COMMENT, author_id=PERSON, author_username=NAME),
        comment("me too", comment_id=CommentId("17980"), author_id=OTHER, parent_id=COMMENT),
        comment(
            f"@{NAME} sent, {WORD}!",
            comment_id=CommentId("17981"),
            author_id=PersonId(past.instagram_id),
            own=True,
            parent_id=COMMENT,
        ),
        message(f"price {WORD}", message_id=MessageId(f"{MIDS}1"), sender_id=PERSON),
        message(f"{MAIL}", message_id=MessageId(f"{MIDS}2"), sender_id=PERSON),
        story_reply(f"so nice {WORD}", message_id=MessageId(f"{MIDS}3"), sender_id=PERSON),
        quick_reply(f"x:{WORD}", message_id=MessageId(f"{MIDS}4"), sender_id=PERSON),
        postback(f"y:{WORD}", message_id=MessageId(f"{MIDS}5"), sender_id=PERSON),
        echo(f"By hand, {WORD}", message_id=MessageId(f"{MIDS}6"), recipient_id=PERSON),
        message("price please", message_id=MessageId("mid.8080"), sender_id=OTHER),
    ]
    for number, event in enumerate(events):
        at = start + timedelta(minutes=number)
        moments = {"account_id": past.instagram_id, "occurred_at": at, "received_at": at}
        await past.happen([event.model_copy(update=moments)])


async def send_everything(past: Past) -> list[UUID]:
    """Let what the person is owed first be sent, as messages Meta has names for."""
    rows = await past.db.fetch(
        "select id from public.deliveries where state = 'ready' and not_before <= now()"
        " and kind in ('message', 'private_reply', 'public_reply') order by created_at, id"
    )
    for number, row in enumerate(rows):
        assert await deliveries.claim(past.db, row["id"], owner="test", lease_s=60)
        name = f"{MIDS}.sent.{number}"
        await deliveries.record_sent(
            past.db, row["id"], owner="test", message_id=name, recipient_id=PERSON
        )
    return [row["id"] for row in rows]


async def note(past: Past, event: InboundEvent, *, connected: bool = True) -> None:
    """Record an event that belongs to nobody by name."""
    await ledger.record(
        past.db,
        [
            Recorded(
                event_id=event.event_id,
                workspace_id=past.workspace if connected else None,
                account=past.account if connected else None,
                instagram_id=event.account_id,
                kind=event.kind,
                identity=event.identity(),
                person_id=event.person,
                occurred_at=event.occurred_at,
                received_at=event.received_at,
                outcome="ignored",
                campaign_id=None,
                decision=json.dumps({"outcome": "ignored", "because": "not_understood"}),
                event=event.model_dump_json(),
                trace_id=event.trace_id,
            )
        ],
    )


async def leave_traces(past: Past, sent: list[UUID]) -> None:
    """Put the person where their events don't: labels, clicks, exports, unread webhooks."""
    common: dict[str, Any] = {
        "account_id": past.instagram_id,
        "occurred_at": past.now,
        "received_at": past.now,
        "trace_id": TraceId("0" * 32),
    }
    raw = json.dumps({"sender": {"id": PERSON}, "message": {"text": WORD}})
    await note(past, EventNotUnderstood(**common, what="new", raw=raw))
    half = raw.index(PERSON) + 5  # the id stands across both parts
    for part, body in enumerate((raw[:half], raw[half:]), 1):
        encoded = base64.b64encode(body.encode()).decode()
        nobody = common | {"account_id": ""}
        unread = WebhookUnreadable(
            **nobody, because="large", digest="d" * 64, part=part, parts=2, body_base64=encoded
        )
        await note(past, unread, connected=False)
    before = message(WORD, message_id=MessageId(f"{MIDS}0"), sender_id=PERSON, **common)
    await note(past, before, connected=False)
    click = LinkClicked(
        **common, click_id=uuid4(), delivery_id=sent[0], url="https://shop.example/"
    )
    await note(past, click)
    said = Label(text=f"price {WORD}", intent="shipping", event_id=None, person_id=PERSON)
    await labels.keep(past.db, past.account, past.workspace, [said])
    await past.db.execute(
        "update public.contacts"
        " set email = $2, name = $3, fields = jsonb_build_object('a', $4::text)"
        " where person_id = $1",
        PERSON,
        MAIL,
        NAME,
        WORD,
    )
    await past.db.execute(
        "insert into public.exports (workspace_id, kind, account_id, person_id, asked_by)"
        " values ($1, 'person', $2, $3, gen_random_uuid())",
        past.workspace,
        past.account,
        PERSON,
    )
    await past.db.execute(
        "insert into private.idempotency_keys (caller_id, key, request_hash, status, headers, body)"
        " values (gen_random_uuid(), 'k', sha256('k'), 200, '{}', convert_to($1, 'UTF8'))",
        json.dumps({"person_id": PERSON, "text": WORD}),
    )


async def counts(db: Database) -> list[int]:
    """Return what a dashboard counts: events, those answered, deliveries, those sent."""
    row = await db.fetchrow(_COUNTS)
    assert row is not None
    return list(row["counted"])


class TestEverywhere:
    async def test_nothing_is_left_in_any_column(self, past: Past) -> None:
        """What could be found of them before in the tables they are in is nowhere afterwards."""
        await live(past)
        await leave_traces(past, await send_everything(past))
        before = {column for needle in THEIRS for column in await found(past.db, needle)}

        erased = await erase(past.db, past.account, PERSON)

        assert {
            "private.idempotency_keys.body",
            "public.contacts.email",
            "public.contacts.fields",
            "public.contacts.person_id",
            "public.contacts.username",
            "public.deliveries.comment_id",
            "public.deliveries.message_id",
            "public.deliveries.person_id",
            "public.deliveries.recipient_id",
            "public.events.decision",
            "public.events.event",
            "public.events.identity",
            "public.events.person_id",
            "public.exports.person_id",
            "public.intent_labels.person_id",
            "public.intent_labels.text",
        } <= before
        assert erased.done
        assert (1, 1) == (erased.contacts, erased.labels)
        assert {} == {needle: at for needle in THEIRS if (at := await found(past.db, needle))}
        rows = await past.db.fetch("select event from public.events where kind = 'unreadable.v1'")
        assert [True, True] == [row["event"]["erased"] for row in rows]

    async def test_what_counts_stays(self, past: Past) -> None:
        """As many events and deliveries as before, with the same outcomes; others keep theirs."""
        await live(past)
        sent = await send_everything(past)
        before = await counts(past.db)
        others = await found(past.db, OTHER)

        erased = await erase(past.db, past.account, PERSON)

        assert before == await counts(past.db)
        assert (8, len(sent)) <= (erased.events, erased.deliveries)
        assert others == await found(past.db, OTHER)

    async def test_again_and_for_nobody(self, past: Past) -> None:
        """Erasing again, or somebody who was never there, changes nothing."""
        await live(past)
        await erase(past.db, past.account, PERSON)

        assert Erased(sending=0) == await erase(past.db, past.account, PERSON)
        assert Erased(sending=0) == await erase(past.db, past.account, PersonId("1"))
        with pytest.raises(QueryFailed, match="nobody is called"):
            await erase(past.db, past.account, ERASED)

    async def test_redis_too(self, redis: Redis) -> None:
        """What was remembered and their share of limits go; what is somebody else's stays."""
        account = comment().account_id
        for person in (PERSON, OTHER):
            known = Contact(revision=1, email=MAIL)
            one = Remembered(
                account_id=account,
                person_id=person,
                contact=known,
                erasings=await standing(redis, account),
            )
            await Contacts(redis).remember([one])
            opened = Observed(
                account_id=account,
                event_id=message(message_id=MessageId(person)).event_id,
                claimant="m",
                person_id=person,
                window_closes_at=datetime.now(UTC) + timedelta(hours=1),
            )
            await Observations(redis).observe([opened])
            slow = Bucket(
                name="person",
                ceiling=Ceiling(burst=1, sustained=1, window=timedelta(hours=1)),
                person_id=person,
            )
            await Limits(redis).reserve(account, [slow], recall=_unused)
        theirs = [key for key in await redis.keys() if PERSON in key]

        forgotten = await in_redis.forget(redis, account, PERSON)

        assert forgotten == len(theirs) == 3
        assert [] == [key for key in await redis.keys() if PERSON in key]
        assert 3 == len([key for key in await redis.keys() if OTHER in key])


class TestWhatWasOwed:
    async def test_it_is_called_off(self, owner: Database, shop: Shop) -> None:
        """What waits is cancelled, by whom and why is kept; what a person had to decide is over."""
        waiting = await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)

        await erase(owner, shop.account, PERSON)

        shown = await by_hand.shown(owner, waiting)
        assert shown is not None
        assert ("cancelled", "person_erased", ERASED) == (
            shown.state,
            shown.reason,
            shown.person_id,
        )
        assert ("cancelled", "erasing") == (shown.steps[-1]["after"], shown.steps[-1]["by"])

    async def test_nothing_goes_while_something_is_on_its_way(
        self, owner: Database, shop: Shop
    ) -> None:
        """The outcome of a call must find its row; what else was owed is called off at once."""
        going = await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)
        next_ = await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)
        assert await deliveries.claim(owner, going, owner="sender", lease_s=60)

        busy = await erase(owner, shop.account, PERSON)
        await deliveries.record_sent(owner, going, owner="sender", message_id=MIDS)
        done = await erase(owner, shop.account, PERSON)

        assert (1, False) == (busy.sending, busy.done)
        assert ("sent", "cancelled") == (await state_of(owner, going), await state_of(owner, next_))
        assert (True, 2) == (done.done, done.deliveries)
        assert [] == await found(owner, PERSON) + await found(owner, MIDS)

    async def test_a_click_on_an_old_link_is_nobodys(self, owner: Database, shop: Shop) -> None:
        """A message stays in their inbox; opening its link makes them known to us no more."""
        sent = await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)
        await erase(owner, shop.account, PERSON)

        traced = await origins.of_clicks(owner, [(shop.account, sent)])

        assert [None] == [origin.person_id for origin in traced.values()]


class TestAfterwards:
    async def test_a_repeated_webhook_is_known(self, past: Past) -> None:
        """Meta repeats a comment for days: it is not answered again and brings nobody back."""
        await live(past)
        await erase(past.db, past.account, PERSON)
        at = past.now
        again = comment(
            f"link {WORD}",
            comment_id=COMMENT,
            author_id=PERSON,
            account_id=past.instagram_id,
            occurred_at=at,
            received_at=at,
        )
        before = await past.db.fetch("select count(*) from public.deliveries")

        await past.happen([again])

        assert before == await past.db.fetch("select count(*) from public.deliveries")
        assert [] == await found(past.db, PERSON) + await found(past.db, WORD)

    async def test_an_answer_that_comes_late_decides_nothing(self, past: Past) -> None:
        """A question about them was open; it is closed, and what comes back is dropped."""
        asked = message(
            WORD, message_id=MessageId(f"{MIDS}9"), sender_id=PERSON, account_id=past.instagram_id
        )
        tenant = await past.tenant()
        case = past._case(tenant, asked, None)
        await past._settle([case])
        await erase(past.db, past.account, PERSON)
        answer = Answer(
            event=asked,
            intent="shipping",
            because="recognised",
            by="model",
            intents_version=1,
            answered_at=past.now,
        )

        await past._settle([replace(case, answer=answer)])

        row = await past.db.fetchrow("select outcome, decision from public.events")
        assert row is not None
        assert ("ignored", "erased") == (row["outcome"], row["decision"]["because"])
        assert [] == await found(past.db, PERSON) + await found(past.db, WORD)

    async def test_what_is_left_can_be_told_and_is_not_decided_again(self, past: Past) -> None:
        """An explanation names campaigns and outcome; replays leave it out."""
        await live(past)
        (one,) = [d for d in past.decided if getattr(d.event, "comment_id", None) == COMMENT]
        await erase(past.db, past.account, PERSON)

        kept = await history.event(past.db, one.event.event_id)

        assert kept is not None
        told = "\n".join(
            line
            for chapter in explain(kept.past.decision, kept.past.event, {}, ())
            for line in chapter.lines
        )
        assert "was erased since" in told
        assert "A keyword was found in the text." in told
        assert not can_be_decided_again(kept.past.decision)

    async def test_a_decision_changes_in_no_other_way(self, past: Past) -> None:
        """Not even the role that owns the schema writes another one."""
        await live(past)
        for change in (
            'decision = decision || \'{"because": "any_text"}\'',
            "decision = private.erased_decision(decision), outcome = 'no_match'",
        ):
            with pytest.raises(QueryFailed, match="is decided"):
                await past.db.execute(f"update public.events set {change}")


class TestWhoMay:
    async def test_an_admin_of_the_workspace(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """An admin erases people of their own accounts; an editor does not."""
        await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)
        admin, editor = await hire(owner, shop, "admin"), await hire(owner, shop, "editor")

        async with acting_as(api, editor) as tx:
            with pytest.raises(QueryFailed, match="not yours"):
                await erase_as_caller(tx, shop.account, PERSON)
        async with acting_as(api, admin) as tx:
            erased = await erase_as_caller(tx, shop.account, PERSON)

        assert (True, 1) == (erased.done, erased.deliveries)

    async def test_the_api_as_itself(self, owner: Database, api: Database, shop: Shop) -> None:
        """Without a user it erases nobody: whom Meta names, the caretaker forgets."""
        await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)

        knowing = await erasing.knowing(owner, PERSON)
        with pytest.raises(QueryFailed, match="permission denied for function forget_person"):
            await erase(api, shop.account, PERSON)

        assert [(shop.account, shop.instagram_id)] == [
            (one.account, one.instagram_id) for one in knowing
        ]


async def _unused(bucket: Bucket) -> int:
    raise AssertionError(f"{bucket.name} is not recalled")
