"""What the control plane keeps: revisions, answered requests, secrets, clicks."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from switchboard.contracts.ids import event_id
from switchboard.db import ledger, tenancy
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, hold, open_shop, owe, recorded
from tests.integration.db.users import acting_as, hire


class TestRevisions:
    async def test_what_an_editor_changes_counts(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """Each change to what people edit gives another revision, and no change gives none."""
        boss = await hire(owner, shop, "owner")
        await tenancy.upsert_intent(
            owner, workspace=shop.workspace, account=shop.account, name="price"
        )
        changes = {
            "workspaces": "name = 'another'",
            "instagram_accounts": "paused_until = '2030-01-01'",
            "campaigns": "draft = '{}'",
            "intents": "examples = '{how much}'",
        }

        counted = {}
        async with acting_as(api, boss) as tx:
            for table, change in changes.items():
                revisions = []
                for _ in range(2):
                    (row,) = await tx.fetch(f"select revision from public.{table}")
                    revisions.append(row["revision"])
                    await tx.execute(f"update public.{table} set {change}")
                (row,) = await tx.fetch(f"select revision from public.{table}")
                counted[table] = [row["revision"] - revisions[0], row["revision"] - revisions[1]]

        assert {table: [1, 0] for table in changes} == counted

    async def test_what_sending_does_counts_not(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A hold, or a post that was found, spoils nobody's editing."""
        read = """select account.revision as of_account, campaign.revision as of_campaign
                    from public.instagram_accounts account
                    join public.campaigns campaign on campaign.account_id = account.id"""
        before = await owner.fetch(read)

        assert await hold(pipeline, shop)
        found = await pipeline.execute("update public.campaigns set next_media_id = '1'")

        assert found == "UPDATE 1"
        assert before == await owner.fetch(read)

    async def test_nobody_sets_it(self, owner: Database, api: Database, shop: Shop) -> None:
        """A revision is counted, never given."""
        boss = await hire(owner, shop, "owner")

        with pytest.raises(QueryFailed, match="permission denied"):
            async with acting_as(api, boss) as tx:
                await tx.execute("update public.campaigns set revision = 9")


class TestAnsweredRequests:
    async def test_an_answer_stays(self, owner: Database, api: Database, shop: Shop) -> None:
        """The first answer under a key is kept as it is, and only its caller sees it."""
        ana, ben = await hire(owner, shop, "viewer"), await hire(owner, shop, "owner")
        answer = "update private.idempotency_keys set status = $1, body = 'made'"

        async with acting_as(api, ana) as tx:
            await tx.execute(
                """insert into private.idempotency_keys (caller_id, key, request_hash)
                   values ($1, 'k', sha256('request'))""",
                ana,
            )
            tags = [await tx.execute(answer, 201), await tx.execute(answer, 200)]
        async with acting_as(api, ben) as tx:
            seen = await tx.fetch("select key from private.idempotency_keys")

        assert (["UPDATE 1", "UPDATE 0"], []) == (tags, seen)

    async def test_in_another_name(self, owner: Database, api: Database, shop: Shop) -> None:
        """Nobody answers for somebody else."""
        ana, ben = await hire(owner, shop, "owner"), await hire(owner, shop, "owner")

        with pytest.raises(QueryFailed, match="row-level security"):
            async with acting_as(api, ana) as tx:
                await tx.execute(
                    """insert into private.idempotency_keys (caller_id, key, request_hash)
                       values ($1, 'k', sha256('request'))""",
                    ben,
                )


class TestWebhookSecrets:
    _SET = "select private.set_webhook_secret($1, $2, $3, $4)"

    async def test_an_admin_sets_it(
        self, owner: Database, pipeline: Database, api: Database, shop: Shop
    ) -> None:
        """An admin gives their account another secret; the sender signs with the new one."""
        admin = await hire(owner, shop, "admin")

        for key in ("k1", "k2"):
            async with acting_as(api, admin) as tx:
                await tx.execute(self._SET, shop.account, key, b"n" * 12, b"c" * 32)

        (row,) = await pipeline.fetch("select key_id, ciphertext from private.webhook_secrets")
        assert ("k2", b"c" * 32) == (row["key_id"], row["ciphertext"])

    async def test_nobody_else_does(self, owner: Database, api: Database, shop: Shop) -> None:
        """Neither an editor nor another workspace's owner does."""
        other = await open_shop(owner)
        for user in (await hire(owner, shop, "editor"), await hire(owner, other, "owner")):
            with pytest.raises(QueryFailed, match="not yours"):
                async with acting_as(api, user) as tx:
                    await tx.execute(self._SET, shop.account, "k1", b"n" * 12, b"c" * 32)


class TestClicks:
    async def test_a_click_is_counted_once(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A click belongs to the campaign whose message was tapped, however often it is told."""
        delivery = await owe(pipeline, shop)
        click = recorded(
            shop,
            f"l:{uuid4()}",
            answered=False,
            kind="link_clicked.v1",
            person_id=None,
            event=json.dumps({"delivery_id": str(delivery), "url": "https://example.com/a"}),
        )

        for _ in range(2):
            await ledger.record(pipeline, [click])

        (row,) = await owner.fetch("select * from public.link_clicks")
        assert (click.event_id, delivery, shop.campaign, "https://example.com/a") == (
            row["event_id"],
            row["delivery_id"],
            row["campaign_id"],
            row["url"],
        )

    async def test_anothers_delivery(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A click under one account counts nothing for a delivery of another."""
        other = await open_shop(owner)
        delivery = await owe(pipeline, other)
        click = recorded(
            shop,
            "l:1",
            answered=False,
            kind="link_clicked.v1",
            person_id=None,
            event=json.dumps({"delivery_id": str(delivery), "url": "https://example.com/a"}),
        )

        await ledger.record(pipeline, [click])

        assert [] == await owner.fetch("select * from public.link_clicks")
        assert await owner.fetch("select 1 from public.events where event_id = $1", event_id("l:1"))
