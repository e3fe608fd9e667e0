"""`export`, `import`, `erase`, `migrate` and `accounts`, as an operator runs them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.contracts import PersonId
from switchboard.db.pool import Database, open_pool
from switchboard.queues import Address, Outgoing, Publisher, create_queues, open_sqs
from switchboard.rules.contact import Contact
from switchboard.state import Contacts, Remembered, keys, open_redis
from switchboard.topology import EVENTS
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.integration.db.town import Shop, hold, lose_token, open_shop, owe
from tests.integration.state.people import standing
from tests.integration.storage.yard import open_yard
from tests.support.builders import message
from tests.support.cluster import MIGRATIONS, OWNER, Cluster

PERSON = PersonId("7070707070707070")


@pytest.fixture
async def there_url(cluster: Cluster, database_template: str) -> AsyncIterator[str]:
    """The address of another installation's database, which is empty."""
    async with cluster.copy_of(database_template) as name:
        yield cluster.address(name, OWNER)


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A tenant with an account."""
    return await open_shop(owner)


class TestMoving:
    async def test_there_and_back(
        self,
        *,
        past: Past,
        switchboard: Switchboard,
        there_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What is exported by its name is imported elsewhere; progress is told beside it."""
        await past.play(20)
        where = tmp_path / "shop.zip"

        out = await switchboard("export", "shop", where, "--json")
        monkeypatch.setenv("DATABASE_URL", there_url)
        back = await switchboard("import", where, "--json")

        assert (0, 0) == (out.code, back.code), back.err
        manifest = json.loads(out.out)
        assert "events.jsonl: " in out.err
        assert str(past.workspace) == json.loads(back.out)["workspace_id"]
        async with open_pool(there_url, name="there") as there:
            row = await there.fetchrow("select count(*) as events from public.events")
        assert row is not None
        (events,) = [one for one in manifest["files"] if one["name"] == "events.jsonl"]
        assert row["events"] == events["rows"]

    async def test_by_way_of_s3(
        self,
        *,
        past: Past,
        switchboard: Switchboard,
        there_url: str,
        s3_endpoint_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The same file goes into a bucket, once, and comes from there."""
        await past.play(20)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint_url)
        async with open_yard(s3_endpoint_url) as yard:
            where, missing = f"{yard.url}/shop.zip", f"{yard.url}/other.zip"
            out = await switchboard("export", "shop", where)
            again = await switchboard("export", "shop", where)
            here = await switchboard("export", "shop", tmp_path / "shop.zip")
            kept = await yard.s3.get_object(Bucket=yard.bucket, Key="ours/shop.zip")
            file = await kept["Body"].read()
            monkeypatch.setenv("DATABASE_URL", there_url)
            nothing = await switchboard("import", missing)
            back = await switchboard("import", where, "--json")

        assert (0, 0, 0) == (out.code, here.code, back.code), back.err
        assert (tmp_path / "shop.zip").read_bytes() == file
        assert str(past.workspace) == json.loads(back.out)["workspace_id"]
        assert (2, True) == (again.code, again.err.endswith("shop.zip: File exists\n"))
        assert (2, 1) == (nothing.code, nothing.err.count("\n"))
        assert "there is none" in nothing.err

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["export", "shop", "s3://some-bucket/shop"], "in S3 it is a .zip"),
            (["import", "s3://shop.zip"], "in S3 it is a .zip"),
            (["export", "nobody", "out"], "0 workspaces are called 'nobody'"),
            (["export", "shop", "."], "File exists"),
            (["import", "nowhere"], "No such file"),
            (["import", "."], "this is no export"),
        ],
    )
    async def test_what_cannot_be_done(
        self,
        *,
        past: Past,
        switchboard: Switchboard,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        told: str,
    ) -> None:
        """One line says why."""
        monkeypatch.chdir(tmp_path)

        ended = await switchboard(*arguments)

        assert (2, 1) == (ended.code, ended.err.count("\n"))
        assert told in ended.err


class TestErasing:
    @pytest.fixture(autouse=True)
    def _surroundings(
        self,
        redis_url: str,
        sqs_endpoint_url: str,
        queue_prefix: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Redis and queues, which the command finds by its environment."""
        monkeypatch.setenv("REDIS_URL", redis_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", sqs_endpoint_url)
        monkeypatch.setenv("QUEUE_PREFIX", queue_prefix)

    async def test_everywhere(
        self,
        *,
        owner: Database,
        shop: Shop,
        switchboard: Switchboard,
        redis_url: str,
        sqs_endpoint_url: str,
        queue_prefix: str,
    ) -> None:
        """Rows, what Redis remembers, and dead letters that name the person; others' stay."""
        await owe(owner, shop, kind="message", person_id=PERSON, comment_id=None)
        async with open_redis(redis_url) as redis:
            known = Remembered(
                account_id=shop.instagram_id,
                person_id=PERSON,
                contact=Contact(revision=1),
                erasings=await standing(redis, shop.instagram_id),
            )
            await Contacts(redis).remember([known])
        async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as sqs:
            await create_queues(sqs, queue_prefix)
            where = Address(sqs, EVENTS.dead_letters(queue_prefix))
            async with Publisher.open(sqs, where) as publisher:
                said = [message(sender_id=one).to_json() for one in (PERSON, PersonId("1"))]
                await publisher.publish([Outgoing(body, shop.instagram_id) for body in said])

        ended = await switchboard("erase", PERSON, "--account", shop.username, "--json", "--yes")

        assert 0 == ended.code, ended.err
        assert {
            "contacts": 0,
            "events": 0,
            "deliveries": 1,
            "labels": 0,
            "redis_keys": 1,
            "dead_letters": 1,
        } == json.loads(ended.out)
        async with open_redis(redis_url) as redis:
            assert not await redis.exists(keys.contact(shop.instagram_id, PERSON))
        (left,) = json.loads((await switchboard("dlq", "list", "--json")).out)
        assert "message.v1" == left["kind"]

    async def test_nobody(self, shop: Shop, switchboard: Switchboard) -> None:
        """What is no person's id is told of in one line."""
        ended = await switchboard("erase", "erased", "--account", shop.username)

        assert (2, 1) == (ended.code, ended.err.count("\n"))
        assert "nobody is called" in ended.err


class TestMigrating:
    async def test_it_is_up_to_date(self, switchboard: Switchboard) -> None:
        """A database that is up to date is left alone, and a program is told so."""
        ended = await switchboard("migrate", "--directory", MIGRATIONS, "--json")

        assert (0, {"applied": []}) == (ended.code, json.loads(ended.out))

    async def test_no_migrations(self, switchboard: Switchboard, tmp_path: Path) -> None:
        """A wrong directory is told of."""
        ended = await switchboard("migrate", "--directory", tmp_path)

        assert (2, 1) == (ended.code, ended.err.count("\n"))
        assert "there are no migrations here" in ended.err


class TestAccounts:
    async def test_none(self, switchboard: Switchboard) -> None:
        """An installation that is new says so."""
        assert "No account was ever connected.\n" == (await switchboard("accounts", "list")).out

    async def test_all_of_them(self, owner: Database, shop: Shop, switchboard: Switchboard) -> None:
        """Each with its status, what it owes, and how many alerts are open."""
        other = await open_shop(owner)
        await owe(owner, shop)
        await lose_token(owner, other)

        listed = await switchboard("accounts", "list")
        told = json.loads((await switchboard("accounts", "list", "--json")).out)

        assert 0 == listed.code
        assert shop.username in listed.out
        assert [("connected", {"ready": 1}), ("reconnect_needed", {})] == [
            (one["status"], one["owed"])
            for one in sorted(told, key=lambda one: one["username"] != shop.username)
        ]

    async def test_one(self, owner: Database, shop: Shop, switchboard: Switchboard) -> None:
        """All that is known of one; nothing of its token but that there is none."""
        await hold(owner, shop)

        shown = await switchboard("accounts", "show", shop.instagram_id)
        told = json.loads((await switchboard("accounts", "show", shop.username, "--json")).out)

        assert 0 == shown.code
        assert "It has no token." in shown.out
        assert "policy_block" in shown.out
        assert (str(shop.account), False) == (told["id"], told["has_token"])
