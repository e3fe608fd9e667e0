"""What the router reads, and that it hears of every change."""

from __future__ import annotations

from uuid import uuid4

import pytest

from switchboard.contracts import AccountId, CampaignId, IntentOption
from switchboard.db import deliveries, tenancy
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from switchboard.db.rules import load, versions
from switchboard.rules.campaigns import Campaign
from tests.integration.db.town import Shop, definition, now, open_shop


async def _publish(owner: Database, shop: Shop, campaign: CampaignId, *keywords: str) -> int:
    return await tenancy.publish_campaign(
        owner,
        campaign,
        workspace=shop.workspace,
        account=shop.account,
        name="link",
        rank=1,
        definition=definition(*keywords),
    )


class TestLoading:
    async def test_several_accounts(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Each connected account comes with its own live campaigns and intents, no other's."""
        other = await open_shop(owner)
        await tenancy.upsert_intent(
            owner,
            workspace=shop.workspace,
            account=shop.account,
            name="price",
            description="asks what it costs",
            examples=["how much?"],
        )

        first, second = await load(
            pipeline, [shop.instagram_id, AccountId("404"), other.instagram_id]
        )

        assert (shop.account, shop.workspace, shop.instagram_id, "connected") == (
            first.id,
            first.workspace_id,
            first.instagram_id,
            first.status,
        )
        expected = Campaign(id=shop.campaign, version=1, rank=1, definition=definition())
        assert (expected,) == first.campaigns
        asks = IntentOption(name="price", description="asks what it costs", examples=("how much?",))
        assert (asks,) == first.intents
        assert (other.campaign,) == tuple(one.id for one in second.campaigns)
        assert () == second.intents

    async def test_the_live_version_only(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of a campaign's versions the live one answers; a paused campaign does not."""
        await _publish(owner, shop, shop.campaign, "new")
        paused = CampaignId(uuid4())
        await _publish(owner, shop, paused)
        await owner.execute("update public.campaigns set status='paused' where id=$1", paused)

        (rules,) = await load(pipeline, [shop.instagram_id])

        assert [(shop.campaign, 2)] == [(one.id, one.version) for one in rules.campaigns]

    async def test_one_that_cannot_be_read(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A campaign this release cannot read is named with its fault; the others answer."""
        broken = CampaignId(uuid4())
        await _publish(owner, shop, broken)
        async with owner.transaction() as tx:
            await tx.execute(
                """
                insert into public.campaign_versions
                  (campaign_id, version, workspace_id, definition)
                values ($1, 2, $2, $3)
                """,
                broken,
                shop.workspace,
                {"trigger": {"kind": "telepathy", "secret": "their text"}, "steps": []},
            )
            await tx.execute("update public.campaigns set live_version=2 where id=$1", broken)

        (rules,) = await load(pipeline, [shop.instagram_id])

        assert [shop.campaign] == [one.id for one in rules.campaigns]
        ((campaign, why),) = rules.broken
        assert broken == campaign
        assert "definition.trigger" in why
        assert "their text" not in why

    async def test_a_disconnected_account(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Who is not connected has no rules."""
        await owner.execute("update public.instagram_accounts set status='disconnected'")

        assert [] == await load(pipeline, [shop.instagram_id])
        assert {} == await versions(pipeline, [shop.instagram_id])


CHANGES = [
    """insert into public.campaigns (workspace_id, account_id, name)
       select workspace_id, id, 'new' from public.instagram_accounts""",
    "update public.campaigns set rank = rank + 1",
    "delete from public.campaigns where status = 'draft'",
    """insert into public.campaign_versions (campaign_id, version, workspace_id, definition)
       select id, 7, workspace_id, '{}' from public.campaigns""",
    "update public.campaigns set status = 'paused'",
    """insert into public.intents (workspace_id, account_id, name)
       select workspace_id, id, 'new' from public.instagram_accounts""",
    "update public.intents set description = 'other'",
    "delete from public.intents",
    "update public.instagram_accounts set sends_per_second = 10",
    "update public.instagram_accounts set username = 'renamed'",
    "update public.instagram_accounts set status = 'reconnect_needed'",
]


class TestVersions:
    async def test_every_change_is_heard_of(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Whatever the router decides by has another version after a change."""
        seen = [await versions(pipeline, [shop.instagram_id])]
        for change in CHANGES:
            await owner.execute(change)
            seen.append(await versions(pipeline, [shop.instagram_id]))

        numbers = [version[shop.instagram_id] for version in seen]
        assert sorted(set(numbers)) == numbers

    async def test_anothers_change_is_not(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A tenant's edit makes nobody else's rules be loaded again."""
        other = await open_shop(owner)
        before = await versions(pipeline, [shop.instagram_id])

        await _publish(owner, other, other.campaign, "new")

        assert before == await versions(pipeline, [shop.instagram_id])

    async def test_what_changes_nothing(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A hold, and seeding the same again, leave the rules as they are."""
        before = await versions(pipeline, [shop.instagram_id])

        await deliveries.hold_account(pipeline, shop.account, until=now(), reason="limit")
        await _publish(owner, shop, shop.campaign)
        await tenancy.connect_account(
            owner,
            shop.account,
            workspace=shop.workspace,
            instagram_id=shop.instagram_id,
            username=shop.username,
        )

        assert before == await versions(pipeline, [shop.instagram_id])


class TestPublishing:
    async def test_twice(self, owner: Database, shop: Shop) -> None:
        """Publishing what is live makes no version; another definition makes the next."""
        same = await _publish(owner, shop, shop.campaign)
        other = await _publish(owner, shop, shop.campaign, "other")

        assert (1, 2) == (same, other)

    async def test_a_version_never_changes(self, owner: Database, shop: Shop) -> None:
        """Not even the schema's owner rewrites what decisions refer to."""
        with pytest.raises(QueryFailed, match=r"UPDATE .* a published version never changes"):
            await owner.execute("update public.campaign_versions set definition = '{}'")
        with pytest.raises(QueryFailed, match=r"DELETE .* a published version never changes"):
            await owner.execute("delete from public.campaign_versions")

    async def test_for_anothers_account(self, owner: Database, shop: Shop) -> None:
        """A campaign cannot hang on an account of another workspace."""
        other = await open_shop(owner)

        with pytest.raises(QueryFailed, match="foreign key"):
            await tenancy.publish_campaign(
                owner,
                CampaignId(uuid4()),
                workspace=shop.workspace,
                account=other.account,
                name="theirs",
                rank=1,
                definition=definition(),
            )

    async def test_one_tenant_has_an_account(self, owner: Database, shop: Shop) -> None:
        """An Instagram account is connected once among all tenants, until it is disconnected."""
        other = await open_shop(owner)

        async def connect() -> None:
            await tenancy.connect_account(
                owner,
                uuid4(),
                workspace=other.workspace,
                instagram_id=shop.instagram_id,
                username="taken",
            )

        with pytest.raises(QueryFailed, match="instagram_accounts_live"):
            await connect()
        await owner.execute(
            "update public.instagram_accounts set status='disconnected' where id=$1", shop.account
        )
        await connect()
