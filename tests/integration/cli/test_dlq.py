"""`switchboard dlq`: what was buried, why, and sending it back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from switchboard.db.pool import Database
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.topology import EVENTS, Queue
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import open_shop
from tests.support.builders import message

_LOGGED = ("workspace_id", "actor", "action", "subject_id", "before", "after")
BODY = message("how much?").to_json()


@pytest.fixture
async def sqs(
    sqs_endpoint_url: str, queue_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SqsClient]:
    """Queues of the test's own, which the command finds by its environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sqs_endpoint_url)
    monkeypatch.setenv("QUEUE_PREFIX", queue_prefix)
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix)
        yield client


@pytest.fixture
async def buried(sqs: SqsClient, queue_prefix: str) -> Queue:
    """A queue with one event among its dead letters."""
    attributes = {"Reason": "unreadable: no kind", "OriginalMessageId": "m-1", "Receives": "3"}
    where = Address(sqs, EVENTS.dead_letters(queue_prefix))
    async with Publisher.open(sqs, where) as publisher:
        await publisher.publish([Outgoing(BODY, "17841400000000001", attributes=attributes)])
    return EVENTS


async def test_what_is_there(buried: Queue, switchboard: Switchboard) -> None:
    """A list names the reason and no words of people's; one letter is shown with what it says."""
    listed = await switchboard("dlq", "list")
    (told,) = json.loads((await switchboard("dlq", "list", buried.name, "--json")).out)
    shown = await switchboard("dlq", "show", "m-1")

    assert 1 == listed.code
    assert "unreadable: no kind" in listed.out
    assert "how much?" not in listed.out
    assert ("events", "m-1", 3, "message.v1", "17841400000000001") == (
        told["queue"],
        told["original_id"],
        told["receives"],
        told["kind"],
        told["account"],
    )
    assert (0, True) == (shown.code, "how much?" in shown.out)


async def test_sending_back(
    buried: Queue, sqs: SqsClient, queue_prefix: str, switchboard: Switchboard
) -> None:
    """All are sent back and nothing is left; who asks again is told that there are none."""
    ended = await switchboard("dlq", "redrive", buried.name, "--all")

    assert (0, True) == (ended.code, ended.out.startswith("1 sent back; about 0 left"))
    received = await sqs.receive_message(
        QueueUrl=await Address(sqs, buried.physical(queue_prefix)).url(), WaitTimeSeconds=5
    )
    assert [BODY] == [one["Body"] for one in received["Messages"]]
    assert 0 == (await switchboard("dlq", "list")).code


async def test_what_was_done_is_in_the_log(
    owner: Database, sqs: SqsClient, queue_prefix: str, switchboard: Switchboard
) -> None:
    """Of a workspace's own: how many, of which queue, and which database role said so."""
    shop = await open_shop(owner)
    where = Address(sqs, EVENTS.dead_letters(queue_prefix))
    for number in ("1", "2", "3"):
        attributes = {"Reason": "unreadable", "OriginalMessageId": f"m-{number}", "Receives": "1"}
        group = "nobody" if number == "3" else shop.instagram_id
        async with Publisher.open(sqs, where) as publisher:
            await publisher.publish([Outgoing(BODY, group, attributes=attributes)])
    ids = [part for number in ("1", "3") for part in ("--id", f"m-{number}")]
    sent = await switchboard("dlq", "redrive", "events", *ids)
    thrown = await switchboard("dlq", "discard", "events", "--id", "m-2", "--yes")
    logged = await owner.fetch(
        f"select {', '.join(_LOGGED)} from public.audit_log"
        " where subject = 'dead_letters' order by id"
    )
    deeds = await owner.fetch("select deed, done from private.letter_deeds order by id")

    assert [0, 0] == [sent.code, thrown.code]
    assert [
        (shop.workspace, "postgres", "insert", "events", None, {"sending_back": 1}),
        (shop.workspace, "postgres", "insert", "events", None, {"sent_back": 1}),
        (shop.workspace, "postgres", "delete", "events", {"discarding": 1}, None),
        (shop.workspace, "postgres", "delete", "events", {"discarded": 1}, None),
    ] == [tuple(row[name] for name in _LOGGED) for row in logged]
    assert [
        ("sent_back", {shop.instagram_id: 1, "nobody": 1}),
        ("discarded", {shop.instagram_id: 1}),
    ] == [(row["deed"], row["done"]) for row in deeds]


async def test_nothing_is_done_that_cannot_be_logged(
    buried: Queue, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away everything stays where it is."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/none")
    ended = await switchboard("dlq", "redrive", buried.name, "--all")
    listed = await switchboard("dlq", "list")

    assert (2, True, 1) == (ended.code, "DATABASE_URL" in ended.err, listed.code)


async def test_throwing_away(buried: Queue, switchboard: Switchboard) -> None:
    """One that is named is thrown away, one that is not there is told of."""
    missing = await switchboard("dlq", "discard", buried.name, "--id", "m-2", "--yes")
    ended = await switchboard("dlq", "discard", buried.name, "--id", "m-1", "--yes")

    assert (2, True) == (missing.code, "1 of those named are not there" in missing.err)
    assert (0, True) == (ended.code, "1 thrown away" in ended.out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["redrive", "events"], "give --id"),
        (["redrive", "events", "--all", "--id", "m-1"], "give --id"),
        (["redrive", "letters", "--all"], "there is no queue 'letters'"),
        (["discard", "events"], "give --id"),
        (["show", "m-9"], "no dead letter 'm-9'"),
    ],
)
async def test_what_cannot_be_done(
    sqs: SqsClient, switchboard: Switchboard, arguments: list[str], told: str
) -> None:
    """One line says why, and the exit code that it was not done."""
    ended = await switchboard("dlq", *arguments)

    assert (2, 1) == (ended.code, ended.err.count("\n"))
    assert told in ended.err


async def test_queues_that_are_away(
    sqs: SqsClient, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer, or queues that are not there, are told by their settings."""
    monkeypatch.setenv("QUEUE_PREFIX", "nobodys")
    none = await switchboard("dlq", "list")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = await switchboard("dlq", "list")

    assert (2, True) == (none.code, "QUEUE_PREFIX" in none.err)
    assert (2, True) == (away.code, "AWS_ENDPOINT_URL" in away.err)
