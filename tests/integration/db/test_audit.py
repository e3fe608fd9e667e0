"""Who changed what is written down by the database, and stays."""

from __future__ import annotations

from uuid import UUID

import pytest

from switchboard.db import connections, tenancy
from switchboard.db.credentials import Vault, store, store_webhook_secret
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Row
from tests.integration.db.town import Shop, definition, hold
from tests.integration.db.users import acting_as, acting_by_key, hire


async def _log(owner: Database, shop: Shop) -> list[Row]:
    return list(
        await owner.fetch(
            "select * from public.audit_log where workspace_id = $1 order by id", shop.workspace
        )
    )


async def _last(owner: Database, shop: Shop) -> Row:
    return (await _log(owner, shop))[-1]


class TestWriting:
    async def test_what_a_user_changed(self, owner: Database, api: Database, shop: Shop) -> None:
        """An update says who, and of the row only what changed, before and after."""
        admin = await hire(owner, shop, "admin")

        async with acting_as(api, admin) as tx:
            await tx.execute("update public.instagram_accounts set sends_per_second = 7")

        told = await _last(owner, shop)
        assert ("user", admin, "update") == (told["actor"], told["actor_id"], told["action"])
        assert ("instagram_accounts", str(shop.account)) == (told["subject"], told["subject_id"])
        assert ({"sends_per_second": 50}, {"sends_per_second": 7}) == (
            told["before"],
            told["after"],
        )

    async def test_each_kind_of_thing(self, owner: Database, api: Database, shop: Shop) -> None:
        """Members, campaigns, versions and intents leave traces: made, changed and removed."""
        boss, editor = await hire(owner, shop, "owner"), await hire(owner, shop, "editor")
        before = len(await _log(owner, shop))

        async with acting_as(api, editor) as tx:
            await tx.execute("update public.campaigns set name = 'new', rank = 4")
            await tx.execute(
                """insert into public.campaign_versions
                     (workspace_id, campaign_id, version, definition, published_by)
                   values ($1, $2, 2, '{}', $3)""",
                shop.workspace,
                shop.campaign,
                editor,
            )
            await tx.execute(
                "insert into public.intents (workspace_id, account_id, name) values ($1, $2, 'a')",
                shop.workspace,
                shop.account,
            )
            await tx.execute("delete from public.intents")
        async with acting_as(api, boss) as tx:
            await tx.execute("update public.workspaces set name = 'new'")
            await tx.execute("delete from public.memberships where user_id = $1", editor)

        log = (await _log(owner, shop))[before:]
        assert [
            ("campaigns", "update"),
            ("campaign_versions", "insert"),
            ("intents", "insert"),
            ("intents", "delete"),
            ("workspaces", "update"),
            ("memberships", "delete"),
        ] == [(row["subject"], row["action"]) for row in log]
        assert {("user", editor)} == {(row["actor"], row["actor_id"]) for row in log[:4]}
        assert ({"role": "editor"}, None) == (log[-1]["before"], log[-1]["after"])
        assert f"{shop.campaign}/2" == log[1]["subject_id"]

    async def test_by_a_key_and_by_ourselves(
        self, owner: Database, pipeline: Database, api: Database, shop: Shop
    ) -> None:
        """A key is named by its id; what the database's roles do is theirs, whatever they claim."""
        row = await owner.fetchrow(
            """insert into public.api_keys (workspace_id, name, prefix, key_hash, role, created_by)
               values ($1, 'till', 'sb_1', sha256('k'), 'admin', gen_random_uuid()) returning id""",
            shop.workspace,
        )
        assert row is not None
        key: UUID = row["id"]
        async with acting_by_key(api, key) as tx:
            await tx.execute("update public.campaigns set rank = 9")
        by_key = await _last(owner, shop)
        async with pipeline.transaction() as tx:
            await tx.execute(
                "select set_config('request.jwt.claims', json_build_object('sub', $1::text)::text,"
                " true)",
                str(key),
            )
            await connections.need_reconnect(tx, shop.account, used=None, reason="token_expired")
        by_pipeline = await _last(owner, shop)

        assert ("api_key", key) == (by_key["actor"], by_key["actor_id"])
        assert ("switchboard_pipeline", None, {"status": "reconnect_needed"}) == (
            by_pipeline["actor"],
            by_pipeline["actor_id"],
            by_pipeline["after"],
        )

    async def test_what_is_left_out(
        self, owner: Database, pipeline: Database, api: Database, shop: Shop
    ) -> None:
        """Drafts, holds and what changes nothing leave no trace; secrets none of their values."""
        editor = await hire(owner, shop, "editor")
        before = len(await _log(owner, shop))
        async with acting_as(api, editor) as tx:
            await tx.execute("update public.campaigns set draft = '{}'")
            await tx.execute("update public.campaigns set name = name")
        await hold(pipeline, shop)
        await tenancy.publish_campaign(
            owner,
            shop.campaign,
            workspace=shop.workspace,
            account=shop.account,
            name="link",
            rank=1,
            definition=definition(),
        )
        assert before == len(await _log(owner, shop))

        vault = Vault({"k1": b"1" * 32})
        await store(owner, shop.account, vault.seal("token", shop.account), None)
        await store_webhook_secret(owner, shop.account, vault.seal("s", shop.account, "webhook"))

        kept = (await _log(owner, shop))[before:]
        assert ["instagram_credentials", "webhook_secrets"] == [row["subject"] for row in kept]
        assert [{"key_id": "k1", "expires_at": None}] == [kept[0]["after"]]
        assert {"key_id", "created_at"} == set(kept[1]["after"])


class TestStaying:
    async def test_nobody_rewrites_it(self, owner: Database, shop: Shop) -> None:
        """Not even the schema's owner changes or removes a line, or all of them."""
        for rewriting in (
            "update public.audit_log set actor = 'nobody'",
            "delete from public.audit_log",
            "truncate public.audit_log",
        ):
            with pytest.raises(QueryFailed, match="what happened stays"):
                await owner.execute(rewriting)

    async def test_only_a_deleted_account_is_no_longer_named(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """Whoever owns the schema takes names out of no other entries, nor anything else."""
        nameless = "update public.audit_log set before = private.nameless(before),"
        nameless += " after = private.nameless(after) where subject_id = $1"
        with pytest.raises(QueryFailed, match="what happened stays"):
            await owner.execute(nameless, str(shop.account))
        await caretaker.fetch("select * from private.forget_account($1, 50)", shop.account)
        log = [row for row in await _log(owner, shop) if row["subject_id"] == str(shop.account)]
        for rewriting in (
            "set actor = 'nobody'",
            "set at = now()",
            "set after = null",
            'set after = after || \'{"status": "connected"}\'',
        ):
            with pytest.raises(QueryFailed, match="what happened stays"):
                await owner.execute(f"update public.audit_log {rewriting}")
        with pytest.raises(QueryFailed, match="permission denied"):
            await caretaker.execute(nameless, str(shop.account))
        await owner.execute(nameless, str(shop.account))

        assert {"erased"} == {row["after"].get("username", "erased") for row in log}
        assert shop.username not in str(log)
        assert log == [
            row for row in await _log(owner, shop) if row["subject_id"] == str(shop.account)
        ]

    async def test_it_outlives_its_subject(self, owner: Database, api: Database) -> None:
        """When a workspace is gone, what was done in it is still known."""
        row = await owner.fetchrow("insert into public.workspaces (name) values ('x') returning id")
        assert row is not None
        await owner.execute("delete from public.workspaces where id = $1", row["id"])

        log = await owner.fetch(
            "select action from public.audit_log where workspace_id = $1 order by id", row["id"]
        )
        assert ["insert", "delete"] == [one["action"] for one in log]

    async def test_who_reads_it(self, owner: Database, api: Database, shop: Shop) -> None:
        """Admins and owners read it; editors do not."""
        seen = {}
        for role in ("editor", "admin", "owner"):
            user = await hire(owner, shop, role)
            async with acting_as(api, user) as tx:
                seen[role] = len(await tx.fetch("select id from public.audit_log")) > 0

        assert {"editor": False, "admin": True, "owner": True} == seen
