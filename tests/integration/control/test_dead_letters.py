"""Messages that could not be handled, as far as they are a workspace's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from switchboard.contracts import AccountId, CommentId, CommentWritten, MediaId, PersonId, TraceId
from switchboard.db import operators
from switchboard.db.pool import Database
from switchboard.errors import Unavailable
from switchboard.queues import Bury, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.queues.client import Address
from switchboard.queues.fates import Fates, Held
from switchboard.topology import EVENTS
from tests.integration.control.house import House, open_house
from tests.integration.db.town import Shop, now, open_shop
from tests.integration.db.users import Role

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of a workspace's dead letters."""
    return f"/v1/workspaces/{shop.workspace}/dead-letters{rest}"


def comment(account: AccountId, text: str) -> CommentWritten:
    """Return a comment under a post of `account`'s."""
    return CommentWritten(
        account_id=account,
        occurred_at=now(),
        received_at=now(),
        trace_id=TraceId("0" * 32),
        comment_id=CommentId(f"c-{text}"),
        media_id=MediaId("1"),
        author_id=PersonId("2"),
        text=text,
    )


@dataclass(frozen=True)
class Yard:
    """The events' queue, in which things are buried."""

    client: SqsClient
    prefix: str

    async def bury(self, account: AccountId, text: str) -> None:
        """Bury a comment under a post of `account`'s."""
        address = Address(self.client, EVENTS.physical(self.prefix))
        body = comment(account, text).model_dump_json()
        async with Publisher.open(self.client, address) as publisher:
            await publisher.publish([Outgoing(body, account)])
        (message,) = await self.receive()
        async with Fates.open(self.client, EVENTS, prefix=self.prefix) as fates:
            await fates.carry_out(Bury("it could not be read"), Held.of(message))

    async def receive(self) -> list[MessageTypeDef]:
        """Receive one message that waits to be handled, if there is one."""
        url = await Address(self.client, EVENTS.physical(self.prefix)).url()
        answer = await self.client.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=2,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))


@pytest.fixture
async def yard(sqs_endpoint_url: str, queue_prefix: str) -> AsyncIterator[Yard]:
    """The queues, with nothing in them."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix)
        yield Yard(client, queue_prefix)


@pytest.fixture
async def house(
    owner: Database, api_url: str, redis_url: str, sqs_endpoint_url: str, yard: Yard
) -> AsyncIterator[House]:
    """The API, which knows the queues."""
    async with open_house(
        owner, api_url, redis_url, aws_endpoint_url=sqs_endpoint_url, queue_prefix=yard.prefix
    ) as house:
        yield house


async def test_ones_own_alone(house: House, owner: Database, shop: Shop, yard: Yard) -> None:
    """Of what all tenants share, an admin sees what is about an account of theirs, and why."""
    other = await open_shop(owner)
    await yard.bury(shop.instagram_id, "mine")
    await yard.bury(other.instagram_id, "theirs")
    await yard.bury(AccountId("nobody"), "nobody's")
    admin = await house.member(shop, "admin")
    answer = await admin.get(path(shop, "?queue=events"))

    assert 200 == answer.status, answer.text
    (letter,) = answer.body["items"]
    assert (1, True) == (answer.body["found"], answer.body["complete"])
    assert ("events", shop.instagram_id, "comment.v1", "it could not be read", 1) == (
        letter["queue"],
        letter["account"],
        letter["kind"],
        letter["reason"],
        letter["receives"],
    )
    assert '"mine"' in letter["body"]
    assert "theirs" not in answer.text


async def test_before_it_was_ones_own(
    house: House, owner: Database, shop: Shop, yard: Yard
) -> None:
    """What was buried before the account came to this workspace, or after it left, is not told."""
    await yard.bury(shop.instagram_id, "of old")
    admin = await house.member(shop, "admin")
    await owner.execute(
        "update public.instagram_accounts set created_at = $2 where id = $1",
        shop.account,
        now() + timedelta(minutes=1),
    )
    before = await admin.get(path(shop, "?queue=events"))
    await owner.execute(
        """
        update public.instagram_accounts
           set created_at = now() - interval '1 day', status = 'disconnected' where id = $1
        """,
        shop.account,
    )
    after = await admin.get(path(shop, "?queue=events"))

    assert [[], []] == [before.body["items"], after.body["items"]]


async def test_sending_back(house: House, owner: Database, shop: Shop, yard: Yard) -> None:
    """What is one's own is handled again; another's stays buried, although it was named."""
    other = await open_shop(owner)
    await yard.bury(shop.instagram_id, "mine")
    await yard.bury(other.instagram_id, "theirs")
    admin, neighbour = await house.member(shop, "admin"), await house.member(other, "admin")
    (mine,) = (await admin.get(path(shop))).body["items"]
    (theirs,) = (await neighbour.get(path(other))).body["items"]
    named = {"queue": "events", "message_ids": [mine["message_id"], theirs["message_id"]]}
    answer = await admin.post(path(shop, "/redrive"), named)
    (message,) = await yard.receive()

    assert (200, {"sent_back": 1, "complete": True}) == (answer.status, answer.body)
    assert mine["body"] == message["Body"]
    assert [] == await yard.receive()
    assert 1 == len((await neighbour.get(path(other))).body["items"])


async def test_it_is_in_the_log(house: House, shop: Shop, yard: Yard) -> None:
    """Who was about to send how many of which queue back, and did; nothing, if nothing was."""
    await yard.bury(shop.instagram_id, "first")
    await yard.bury(shop.instagram_id, "second")
    admin = await house.member(shop, "admin")
    letters = (await admin.get(path(shop))).body["items"]
    named = {"queue": "events", "message_ids": [one["message_id"] for one in letters]}
    sent, again = [await admin.post(path(shop, "/redrive"), named) for _ in range(2)]
    log = await admin.get(f"/v1/workspaces/{shop.workspace}/audit?subject=dead_letters")

    assert [{"sent_back": 2, "complete": True}, {"sent_back": 0, "complete": True}] == [
        sent.body,
        again.body,
    ]
    assert [
        ("user", str(admin.id), "insert", "events", told)
        for told in ({"sent_back": 2}, {"sending_back": 2})
    ] == [
        (one["actor"], one["actor_id"], one["action"], one["subject_id"], one["after"])
        for one in log.body["items"]
    ]


async def test_it_is_noted_before_it_is_done(
    house: House, owner: Database, shop: Shop, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed while letters are sent back has said which; who fails, that none were."""
    await yard.bury(shop.instagram_id, "first")
    admin = await house.member(shop, "admin")
    (letter,) = (await admin.get(path(shop))).body["items"]
    noted: list[Any] = []

    async def look_and_fail(_self: Publisher, _messages: Sequence[Outgoing]) -> None:
        noted.extend(await owner.fetch(_NOTED))
        raise Unavailable("SQS is away")

    monkeypatch.setattr(Publisher, "publish", look_and_fail)
    named = {"queue": "events", "message_ids": [letter["message_id"]]}
    answer = await admin.post(path(shop, "/redrive"), named)
    (deed,) = await owner.fetch(_NOTED)
    log = await admin.get(f"/v1/workspaces/{shop.workspace}/audit?subject=dead_letters")

    assert 503 == answer.status
    told = {shop.instagram_id: [letter["message_id"]]}
    assert [("events", "sent_back", admin.id, told, None)] == [tuple(row) for row in noted]
    assert {} == deed["done"]
    assert [{"sent_back": 0}, {"sending_back": 1}] == [one["after"] for one in log.body["items"]]


async def test_no_more_than_is_shown(house: House, shop: Shop, yard: Yard) -> None:
    """The longest buried are shown, and how many there are besides."""
    await yard.bury(shop.instagram_id, "first")
    await yard.bury(shop.instagram_id, "second")
    admin = await house.member(shop, "admin")
    answer = await admin.get(path(shop, "?limit=1"))

    assert (1, 2, True) == (
        len(answer.body["items"]),
        answer.body["found"],
        answer.body["complete"],
    )
    assert '"first"' in answer.body["items"][0]["body"]


async def test_more_than_are_looked_through(
    *,
    owner: Database,
    shop: Shop,
    api_url: str,
    redis_url: str,
    sqs_endpoint_url: str,
    yard: Yard,
) -> None:
    """A bound that was met is told, and so it is when sending back."""
    await yard.bury(shop.instagram_id, "first")
    await yard.bury(shop.instagram_id, "second")
    bounded = {"control_letters_through": 1, "aws_endpoint_url": sqs_endpoint_url}
    async with open_house(owner, api_url, redis_url, queue_prefix=yard.prefix, **bounded) as house:
        admin = await house.member(shop, "admin")
        looked = await admin.get(path(shop))
        named = {"queue": "events", "message_ids": ["none-such"]}
        sent = await admin.post(path(shop, "/redrive"), named)

    assert (1, False) == (looked.body["found"], looked.body["complete"])
    assert {"sent_back": 0, "complete": False} == sent.body


async def test_those_who_run_it(house: House, owner: Database, shop: Shop, yard: Yard) -> None:
    """They see all, whoever's and nobody's, and send back all; each log has its own part."""
    other = await open_shop(owner)
    await yard.bury(shop.instagram_id, "mine")
    await yard.bury(other.instagram_id, "theirs")
    await yard.bury(AccountId("nobody"), "nobody's")
    person = await house.newcomer()
    assert await operators.add(owner, str(person.id))
    listed = await person.get("/v1/installation/dead-letters?queue=events")
    named = {"queue": "events", "message_ids": [one["message_id"] for one in listed.body["items"]]}
    sent = await person.post("/v1/installation/dead-letters/redrive", named)
    logged = await owner.fetch(
        "select workspace_id, actor_id, after from public.audit_log"
        " where subject = 'dead_letters' order by workspace_id, id"
    )
    told = await person.get("/v1/installation/dead-letters/deeds")

    assert [shop.instagram_id, other.instagram_id, "nobody"] == [
        one["account"] for one in listed.body["items"]
    ]
    assert (3, True) == (listed.body["found"], listed.body["complete"])
    assert {"sent_back": 3, "complete": True} == sent.body
    assert [
        (workspace, person.id, {deed: 1})
        for workspace in sorted([shop.workspace, other.workspace])
        for deed in ("sending_back", "sent_back")
    ] == [(row["workspace_id"], row["actor_id"], row["after"]) for row in logged]
    (deed,) = told.body["items"]
    assert ("events", "sent_back", "user", str(person.id)) == (
        deed["queue"],
        deed["deed"],
        deed["actor"],
        deed["actor_id"],
    )
    whose = {one["account"]: [one["message_id"]] for one in listed.body["items"]}
    assert (whose, dict.fromkeys(whose, 1)) == (deed["letters"], deed["done"])


async def test_deeds_page_by_page(house: House, owner: Database) -> None:
    """The one that was begun last comes first, each once; one that nobody ended says so."""
    person = await house.newcomer()
    assert await operators.add(owner, str(person.id))
    for number in range(3):
        await owner.execute(
            "select private.begin_letters('events', 'discarded', $1::jsonb)",
            {"nobody": [f"m{number}"]},
        )
    where = "/v1/installation/dead-letters/deeds?limit=2"
    first = await person.get(where)
    rest = await person.get(f"{where}&cursor={first.body['next_cursor']}")
    found = [*first.body["items"], *rest.body["items"]]

    assert [["m2"], ["m1"], ["m0"]] == [one["letters"]["nobody"] for one in found]
    assert {(None, None)} == {(one["done"], one["ended_at"]) for one in found}


async def test_nobody_else_sees_all(house: House, shop: Shop) -> None:
    """An owner does not, nor who runs the installation and has signed out send anything back."""
    person = await house.member(shop, "owner")
    named = {"queue": "events", "message_ids": ["1"]}
    listed = await person.get("/v1/installation/dead-letters")
    deeds = await person.get("/v1/installation/dead-letters/deeds")
    sent = await person.post("/v1/installation/dead-letters/redrive", named)
    assert await operators.add(house.owner, str(person.id))
    gone = house.of(person.id, session_id=str(uuid4()))
    late = await gone.post("/v1/installation/dead-letters/redrive", named)

    assert [403, 403, 403, 401] == [one.status for one in (listed, deeds, sent, late)]


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_admins_alone(house: House, owner: Database, shop: Shop, role: Role) -> None:
    """Others neither look nor send back; to strangers there is nothing."""
    person, stranger = await house.member(shop, role), await house.newcomer()
    named = {"queue": "events", "message_ids": ["1"]}

    assert 403 == (await person.get(path(shop))).status
    assert 403 == (await person.post(path(shop, "/redrive"), named)).status
    assert 404 == (await stranger.get(path(shop))).status
    assert 404 == (await stranger.post(path(shop, "/redrive"), named)).status


async def test_without_the_queues(
    owner: Database, shop: Shop, api_url: str, redis_url: str, sqs_endpoint_url: str
) -> None:
    """Queues that are not there are told as a part of us that is away; the rest is served."""
    async with open_house(
        owner,
        api_url,
        redis_url,
        aws_endpoint_url=sqs_endpoint_url,
        queue_prefix="none-such",
    ) as house:
        admin = await house.member(shop, "admin")
        away = await admin.get(path(shop))
        rest = await admin.get(f"/v1/workspaces/{shop.workspace}/activity")

    assert (503, "unavailable", 200) == (away.status, away.code, rest.status)


_NOTED = "select queue, deed, actor_id, letters, done from private.letter_deeds"
