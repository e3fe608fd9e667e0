"""What a person did before they were erased, and what nobody had recorded by then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from services.router.app import assemble
from services.router.settings import Settings
from switchboard.contracts import (
    AccountId,
    Answer,
    CommentWritten,
    Echoed,
    EventNotUnderstood,
    InboundEvent,
    PersonId,
    TraceId,
    WebhookUnreadable,
)
from switchboard.db import erasing
from switchboard.db.deliveries import claim, record_sent
from switchboard.db.errors import QueryFailed
from switchboard.db.recording import FORGOTTEN
from switchboard.errors import Unavailable
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.state import Contacts, Remembered, keys
from switchboard.state import erasing as in_redis
from switchboard.topology import CLASSIFIED, EVENTS, Queue
from tests.integration.db.searching import found
from tests.integration.router.stage import Stage, received
from tests.integration.router.test_concurrency import ONCE
from tests.support.waiting import until

PERSON = PersonId("7070707070707070")
OTHER = PersonId("8080808080808080")
WORD = "zyzzyva"
NAME = "eulalia.quux"
LATER = timedelta(hours=1)
COMMENT = "17970707070707070"
THEIRS = (str(PERSON), WORD, NAME, COMMENT, "mid.7070")


async def nothing() -> None:
    """Let nothing happen."""


@pytest.fixture
async def sqs(sqs_endpoint_url: str, queue_prefix: str) -> AsyncIterator[SqsClient]:
    """Queues of the test's own."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix)
        yield client


async def put(sqs: SqsClient, prefix: str, queue: Queue, messages: Sequence[Any]) -> None:
    """Put messages on a queue as those who write to it do."""
    async with Publisher.open(sqs, Address(sqs, queue.physical(prefix))) as publisher:
        await publisher.publish(
            [Outgoing(one.to_json(), group=getattr(one, "account_id", "x")) for one in messages]
        )


async def erase(stage: Stage) -> None:
    """Erase PERSON everywhere, as the command line does."""
    assert (await erasing.erase(stage.owner, stage.shop.account, PERSON)).done
    await in_redis.forget(stage.redis, stage.shop.instagram_id, PERSON)


async def left(stage: Stage) -> dict[str, list[str]]:
    """Return what is left of PERSON, and where: columns, and keys of Redis with their values."""
    there = {needle: await found(stage.owner, needle) for needle in THEIRS}
    for key in map(str, await stage.redis.keys()):
        text = key + str(await stage.redis.dump(key))
        for needle in THEIRS:
            if needle in text:
                there[needle].append(key)
    return {needle: where for needle, where in there.items() if where}


@contextlib.asynccontextmanager
async def routing(
    stage: Stage, urls: dict[str, str], prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """Let a router run that has been opened as its process opens it."""
    for name, value in urls.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("QUEUE_PREFIX", prefix)
    monkeypatch.setenv("HEALTH_PORT", "0")
    stop = asyncio.Event()
    async with assemble(Settings()) as workers, asyncio.TaskGroup() as running:
        for worker in workers:
            running.create_task(worker.run(stop))
        yield
        stop.set()


def before(stage: Stage, **more: Any) -> dict[str, Any]:
    """Return the moments of what happened a minute ago."""
    at = stage.now() - timedelta(minutes=1)
    return {"occurred_at": at, "received_at": at} | more


def on_their_way(stage: Stage) -> list[InboundEvent]:
    """Return all that may be on the queue of a person: of every kind that names them."""
    common = before(stage, account_id=stage.shop.instagram_id, trace_id=TraceId("0" * 32))
    return [
        stage.comment(
            **before(stage),
            comment_id=COMMENT,
            author_id=PERSON,
            author_username=NAME,
            text=f"LINK {WORD}",
        ),
        stage.message(f"hello {WORD}", **before(stage), message_id="mid.7070.1", sender_id=PERSON),
        # The account's own answer under their comment, by hand, and somebody else's.
        stage.comment(
            **before(stage),
            author_id=PersonId(stage.shop.instagram_id),
            own=True,
            parent_id=COMMENT,
            text=f"@{NAME} sent!",
        ),
        stage.comment(**before(stage), author_id=OTHER, parent_id=COMMENT, text="LINK"),
        Echoed(**common, message_id="mid.7070.2", recipient_id=PERSON, text=f"By hand: {WORD}"),
        EventNotUnderstood(**common, what="new", raw=f'{{"id":"{PERSON}","text":"{WORD}"}}'),
        WebhookUnreadable(
            **common | {"account_id": ""},
            because="large",
            digest="d" * 64,
            part=1,
            parts=1,
            body_base64="eyJpZCI6",
        ),
    ]


async def test_what_was_on_the_queues(  # noqa: PLR0917  each is a server's
    stage: Stage,
    sqs: SqsClient,
    queue_prefix: str,
    database_url: str,
    pipeline_url: str,
    redis_url: str,
    sqs_endpoint_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is routed after the erasing names nobody, in no column and in no key of Redis."""
    await stage.publish(ONCE)
    events = on_their_way(stage)
    asked = stage.message(f"how much {WORD}", **before(stage), sender_id=PERSON)
    answer = Answer(
        event=asked,
        intent=None,
        because="none_fits",
        by="model",
        intents_version=1,
        answered_at=stage.now(),
    )
    stranger = stage.comment(**before(stage), author_id=PersonId("6060606060606060"))
    await put(sqs, queue_prefix, EVENTS, [*events, asked, stranger])
    await put(sqs, queue_prefix, CLASSIFIED, [answer])
    await erase(stage)
    after = stage.comment(author_id=PERSON, comment_id="1799")
    urls = {
        "DATABASE_URL": pipeline_url,
        "REDIS_URL": redis_url,
        "AWS_ENDPOINT_URL": sqs_endpoint_url,
    }

    async with routing(stage, urls, queue_prefix, monkeypatch):
        ids = {one.event_id for one in (*events, asked, stranger)}
        known = await until(lambda: _known(stage), lambda known: ids <= known)
        remains = await left(stage)
        await put(sqs, queue_prefix, EVENTS, [after])
        await until(lambda: _known(stage), lambda known: after.event_id in known)

    by_person = {row["person_id"]: row for row in await stage.deliveries()}
    reasons = {row["event_id"]: row["decision"]["because"] for row in await _rows(stage)}
    assert ids == known
    assert {} == remains
    assert {PERSON, PersonId("6060606060606060")} == set(by_person)
    assert after.event_id == by_person[PERSON]["event_id"]
    gone = [*events[:2], *events[4:], asked]
    assert ["erased"] * len(gone) == [reasons[one.event_id] for one in gone]


async def _rows(stage: Stage) -> Sequence[Any]:
    return await stage.owner.fetch(
        "select event_id, person_id, outcome, decision, event from public.events"
        " order by occurred_at, event_id"
    )


async def _known(stage: Stage) -> set[Any]:
    return {row["event_id"] for row in await _rows(stage)}


async def test_what_is_left_of_it(stage: Stage) -> None:
    """That something happened stays, with why nothing was said to it; and it was counted."""
    await stage.publish(ONCE)
    theirs = stage.comment(**before(stage), author_id=PERSON, author_username=NAME)
    await erase(stage)
    await stage.route(theirs)
    (row,) = await stage.ledger()

    assert ("erased", "ignored") == (row["person_id"], row["outcome"])
    assert ("erased", True) == (row["decision"]["because"], row["decision"]["erased"])
    assert theirs.kind == row["event"]["kind"]
    assert [] == await stage.deliveries()
    assert {} == await left(stage)


@pytest.mark.parametrize(
    "ways",
    [
        lambda theirs: [theirs, theirs],  # the same message once more: dead letters sent back
        lambda theirs: [theirs, theirs.model_copy(update={"trace_id": "f" * 32})],  # a new webhook
        # The webhook never came; it is read at Meta, and so received later.
        lambda theirs: [
            theirs.model_copy(
                update={"told_by": "backfill", "received_at": theirs.received_at + LATER}
            )
        ],
    ],
)
async def test_however_it_comes_back(
    stage: Stage, ways: Callable[[CommentWritten], list[CommentWritten]]
) -> None:
    """Repeated, redriven or read at Meta: what they did before is never theirs again."""
    await stage.publish(ONCE)
    theirs = stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT)
    await erase(stage)
    for one in ways(theirs):
        await stage.route(one)

    assert 1 == len(await stage.ledger())
    assert [] == await stage.deliveries()
    assert {} == await left(stage)


async def test_a_repetition_of_what_was_recorded_before(stage: Stage) -> None:
    """It is dropped as what it is, and opens no window for them in Redis either."""
    await stage.publish(ONCE)
    theirs = stage.message(WORD, **before(stage), sender_id=PERSON)
    await stage.route(theirs)
    await erase(stage)
    await stage.route(theirs.model_copy(update={"trace_id": "f" * 32}), theirs)

    assert 1 == len(await stage.ledger())
    assert {} == await left(stage)


async def test_somebody_else(stage: Stage) -> None:
    """Somebody else, who wrote to the account at the same time, is answered."""
    await stage.publish(ONCE)
    await erase(stage)
    await stage.route(stage.comment(**before(stage), author_id=OTHER))
    (row,) = await stage.ledger()

    assert (OTHER, "matched") == (row["person_id"], row["outcome"])


async def test_an_answer_before_its_comment(stage: Stage) -> None:
    """The account's own answer, recorded first, loses whom it names when the comment comes."""
    await stage.publish(ONCE)
    own = stage.comment(
        **before(stage),
        author_id=PersonId(stage.shop.instagram_id),
        own=True,
        parent_id=COMMENT,
        text=f"@{NAME}!",
    )
    others = stage.comment(**before(stage), author_id=OTHER, parent_id=COMMENT, text="me too")
    theirs = stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT)
    await erase(stage)
    await stage.route(own, others)
    await stage.route(theirs)

    assert 3 == len(await stage.ledger())
    assert {} == await left(stage)


async def test_the_echo_of_what_was_sent(stage: Stage) -> None:
    """Meta tells of our message after they were erased; it was written before, and names nobody."""
    await stage.publish(ONCE)
    await stage.route(stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT))
    (owed,) = await stage.deliveries()
    assert await claim(stage.db, owed["id"], owner="s", lease_s=60)
    await record_sent(stage.db, owed["id"], owner="s", message_id="mid.7070.3", recipient_id=PERSON)
    await erase(stage)
    now = stage.now()
    echo = Echoed(
        account_id=stage.shop.instagram_id,
        occurred_at=now - timedelta(seconds=30),
        received_at=now + timedelta(seconds=1),
        trace_id=TraceId("1" * 32),
        message_id="mid.7070.3",
        recipient_id=PERSON,
        text="Here it is",
    )
    await stage.route(echo)

    assert {} == await left(stage)


class TestAtOnce:
    """Recording and erasing at the same moment, in either order."""

    async def test_recording_waits_for_the_erasing(self, stage: Stage) -> None:
        """Who decided before it was over writes nothing, and looks again."""
        await stage.publish(ONCE)
        theirs = stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT)
        async with stage.owner.transaction() as tx:
            await erasing.erase(tx, stage.shop.account, PERSON)
            routed = asyncio.create_task(stage.route(theirs))
            await until(lambda: _waiting(stage), bool)
        with pytest.raises(Unavailable, match="just been erased"):
            await routed
        await stage.route(theirs)

        assert ["ignored"] == [row["outcome"] for row in await stage.ledger()]
        assert {} == await left(stage)

    async def test_erasing_waits_for_the_recording(self, stage: Stage) -> None:
        """What somebody is writing is there when the erasing looks."""
        await stage.publish(ONCE)
        theirs = stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT)
        async with stage.db.transaction() as tx:
            await replace(stage, db=tx, _router=None).route(theirs)  # type: ignore[arg-type]
            erased = asyncio.create_task(erase(stage))
            await until(lambda: _waiting(stage), bool)
        await erased

        assert ["erased"] == [row["person_id"] for row in await stage.ledger()]
        assert {} == await left(stage)


@dataclass
class Slow:
    """A memory that lets things happen before, or after, it remembers what it is told."""

    memory: Contacts
    before: Callable[[], Awaitable[object]] = nothing
    after: Callable[[], Awaitable[object]] = nothing

    async def remember(self, batch: Sequence[Remembered]) -> None:
        await self.before()
        await self.memory.remember(batch)
        await self.after()

    async def forget(self, people: Collection[tuple[AccountId, PersonId]]) -> None:
        await self.memory.forget(people)


class TestACopy:
    """Who has recorded something of a person puts a copy of what is known of them into Redis."""

    async def learn(self, stage: Stage, **happens: Callable[[], Awaitable[object]]) -> None:
        """Let a router record, and remember, what PERSON did."""
        router = stage.another_router()
        theirs = stage.comment(**before(stage), author_id=PERSON, comment_id=COMMENT)
        slow = replace(router, memory=Slow(Contacts(stage.redis), **happens))
        assert [None] == await slow.events(received(theirs))

    async def test_without_an_erasing(self, stage: Stage) -> None:
        """There is one; so what the others show is not that there never is."""
        await stage.publish(ONCE)
        await self.learn(stage)

        key = keys.contact(stage.shop.instagram_id, PERSON)
        assert [key] == (await left(stage))[PERSON][-1:]

    @pytest.mark.parametrize("when", ["before", "after"])
    async def test_erased_meanwhile(self, stage: Stage, when: str) -> None:
        """Whichever comes first, the erasing or the copy: none is left."""
        await stage.publish(ONCE)
        await self.learn(stage, **{when: lambda: erase(stage)})

        assert {} == await left(stage)

    async def test_redis_is_emptied_meanwhile(self, stage: Stage) -> None:
        """Then nothing tells of the erasing any more, and still no copy comes after it."""

        async def erased_and_emptied() -> None:
            await erase(stage)
            await stage.redis.flushdb()
            other = stage.comment(**before(stage), author_id=OTHER)
            await stage.another_router().events(received(other))

        await stage.publish(ONCE)
        await self.learn(stage, before=erased_and_emptied)

        assert {} == await left(stage)

    async def test_somebody_elses(self, stage: Stage) -> None:
        """Another's copy that is under way is not kept, and the next one is."""
        await stage.publish(ONCE)
        other = stage.comment(**before(stage), author_id=OTHER)
        router = stage.another_router()
        slow = replace(router, memory=Slow(Contacts(stage.redis), before=lambda: erase(stage)))
        await slow.events(received(other))
        key = keys.contact(stage.shop.instagram_id, OTHER)
        under_way = await stage.redis.get(key)
        await router.events(received(stage.comment(**before(stage), author_id=OTHER)))

        assert None is under_way
        assert await stage.redis.get(key)


async def _waiting(stage: Stage) -> int:
    row = await stage.owner.fetchrow("select count(*) as n from pg_locks where not granted")
    assert row is not None
    return int(row["n"])


async def test_only_what_is_theirs_is_recorded_so(stage: Stage) -> None:
    """The pipeline cannot record an event as if somebody had been erased who was not."""
    one = stage.comment(author_id=OTHER)
    with pytest.raises(QueryFailed, match="of nobody who was erased"):
        await stage.db.execute(
            FORGOTTEN,
            one.event_id,
            stage.shop.workspace,
            stage.shop.account,
            one.account_id,
            OTHER,
            one.kind,
            one.occurred_at,
            one.received_at,
            one.to_json(),
            one.trace_id,
        )


async def test_the_marks_lead_to_nobody(stage: Stage) -> None:
    """The same person has another mark each time, and nothing that was kept holds their id."""
    await erase(stage)
    await erase(stage)
    rows = await stage.owner.fetch("select marks from private.forgotten")

    assert 2 == len({mark for row in rows for mark in row["marks"]})
    assert {8} == {len(mark) for row in rows for mark in row["marks"]}
    assert {} == await left(stage)
