"""What the router reads, and that it hears of every change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import AccountId, CampaignId, IntentOption, MediaId, PublishedPost
from switchboard.db import posts, tenancy
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from switchboard.db.rules import book, keep_book, load, published, versions
from switchboard.rules.campaigns import Campaign
from switchboard.rules.rulebook import AccountSettings
from tests.integration.db.town import Shop, definition, hold, now, open_shop


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


async def _draft(
    owner: Database, shop: Shop, campaign: CampaignId, draft: Mapping[str, Any]
) -> None:
    await tenancy.save_draft(
        owner,
        campaign,
        workspace=shop.workspace,
        account=shop.account,
        name="link",
        rank=1,
        draft=draft,
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
        (campaign,) = first.campaigns
        assert campaign.published_at is not None
        expected = Campaign(
            id=shop.campaign,
            version=1,
            rank=1,
            definition=definition(),
            published_at=campaign.published_at,
        )
        assert expected == campaign
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

    async def test_settings(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What the owner has set for all campaigns comes with them; without it, what is usual."""
        (usual,) = await load(pipeline, [shop.instagram_id])
        until = now()
        await owner.execute(
            """update public.instagram_accounts
                  set time_zone = 'Europe/Lisbon', takeover = '90 min', paused_until = $1,
                      reply_delay_min = '30 s', reply_delay_max = '2 min'""",
            until,
        )

        (rules,) = await load(pipeline, [shop.instagram_id])

        assert AccountSettings() == usual.settings
        expected = AccountSettings(
            time_zone="Europe/Lisbon",
            takeover=timedelta(minutes=90),
            paused_until=until,
            reply_delay_min=timedelta(seconds=30),
            reply_delay_max=timedelta(minutes=2),
        )
        assert expected == rules.settings

    @pytest.mark.parametrize(
        "fault",
        [
            "time_zone = 'PST'",
            "time_zone = 'Europe/Atlantis'",
            "time_zone = 'X5'",
            "time_zone = ''",
            "takeover = '0'",
            "takeover = '-1 hour'",
            "takeover = '2000 years'",
            "paused_until = 'infinity'",
            "paused_until = '-infinity'",
            "paused_until = '20000-01-01'",
            "reply_delay_min = '-1 s'",
            "reply_delay_min = '2 s', reply_delay_max = '1 s'",
            "reply_delay_max = '61 min'",
            "reply_delay_max = '1 month'",
        ],
    )
    async def test_settings_nobody_can_read(self, owner: Database, shop: Shop, fault: str) -> None:
        """A setting that would keep the router from reading the rules is refused."""
        with pytest.raises(QueryFailed, match=r"there is no time zone|_check|_delay"):
            await owner.execute(f"update public.instagram_accounts set {fault}")

    async def test_posts(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """When posts were published comes with the rules, and the first word on it stands."""
        other, moment = await open_shop(owner), now()
        for account in (shop, other):
            await posts.keep(
                pipeline,
                account.account,
                account.workspace,
                [PublishedPost(media_id=MediaId(f"m{account.username}"), posted_at=moment)],
            )
        later = PublishedPost(
            media_id=MediaId(f"m{shop.username}"), posted_at=moment + timedelta(hours=1)
        )
        await posts.keep(pipeline, shop.account, shop.workspace, [later])

        (rules,) = await load(pipeline, [shop.instagram_id])

        assert {f"m{shop.username}": moment} == rules.posts

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
    "update public.instagram_accounts set time_zone = 'Europe/Lisbon'",
    "update public.instagram_accounts set takeover = '2 hours'",
    "update public.instagram_accounts set reply_delay_max = '1 min'",
    "update public.instagram_accounts set reply_delay_min = '1 min'",
    "update public.instagram_accounts set paused_until = now()",
    "update public.campaigns set next_media_id = '1'",
    """insert into public.posts (workspace_id, account_id, media_id, posted_at)
       select workspace_id, id, '1', now() from public.instagram_accounts""",
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
        """A hold, a draft, a name, an order, and seeding the same again, leave the rules alone."""
        before = await versions(pipeline, [shop.instagram_id])

        await hold(pipeline, shop)
        await _publish(owner, shop, shop.campaign)
        await _draft(owner, shop, shop.campaign, {"steps": "soon"})
        await owner.execute("update public.campaigns set name = 'renamed'")
        await owner.execute("update public.instagram_accounts set first_served = 'newest'")
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


class TestVersionsThatAreNotLive:
    async def test_by_number(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Any published version can be had, paused and replaced ones too, for its account only."""
        other = await open_shop(owner)
        await _publish(owner, shop, shop.campaign, "new")
        await owner.execute("update public.campaigns set rank = 5, status = 'paused'")
        wanted = [
            (shop.campaign, 1, shop.account),
            (shop.campaign, 2, shop.account),
            (shop.campaign, 3, shop.account),
            (other.campaign, 1, shop.account),
        ]

        found = await published(pipeline, wanted)

        assert {(shop.campaign, 1), (shop.campaign, 2)} == found.keys()
        old = found[shop.campaign, 1]
        assert (definition(), 5) == (old.definition, old.rank)
        assert old.published_at is not None
        assert {} == await published(pipeline, [])

    async def test_the_post_is_the_live_ones(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """The post that was found belongs to the live version alone."""
        await _publish(owner, shop, shop.campaign, "new")
        await owner.execute("update public.campaigns set next_media_id = '9'")
        wanted = [(shop.campaign, number, shop.account) for number in (1, 2)]

        found = await published(pipeline, wanted)

        assert [None, "9"] == [found[shop.campaign, number].next_media_id for number in (1, 2)]


class TestBooks:
    async def test_the_first_stands(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What the rules were at a version is kept once, for each account its own."""
        other = await open_shop(owner)
        await keep_book(pipeline, shop.account, shop.workspace, 7, '{"campaigns": ["a\\u0000"]}')
        await keep_book(pipeline, shop.account, shop.workspace, 7, '{"campaigns": ["late"]}')

        assert {"campaigns": ["a\ufffd"]} == await book(pipeline, shop.account, 7)
        assert await book(pipeline, shop.account, 8) is None
        assert await book(pipeline, other.account, 7) is None

    async def test_anothers(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A book cannot be kept in a workspace that the account is not of."""
        other = await open_shop(owner)

        with pytest.raises(QueryFailed, match="foreign key"):
            await keep_book(pipeline, shop.account, other.workspace, 7, "{}")


class TestEditing:
    async def test_a_draft(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A draft need make no sense, answers nothing, and leaves what is live as it is."""
        new = CampaignId(uuid4())
        await _draft(owner, shop, new, {"trigger": None})
        await _draft(owner, shop, shop.campaign, {"steps": "soon"})
        await _draft(owner, shop, shop.campaign, {"steps": "later"})

        (rules,) = await load(pipeline, [shop.instagram_id])

        assert [(shop.campaign, 1)] == [(one.id, one.version) for one in rules.campaigns]
        rows = await owner.fetch("select id, draft, status from public.campaigns")
        assert {
            new: ({"trigger": None}, "draft"),
            shop.campaign: ({"steps": "later"}, "live"),
        } == {row["id"]: (row["draft"], row["status"]) for row in rows}

    async def test_anothers_draft(self, owner: Database, shop: Shop) -> None:
        """A draft is saved for the campaign's own account only."""
        other = await open_shop(owner)

        with pytest.raises(QueryFailed, match="belongs to another account"):
            await _draft(owner, other, shop.campaign, {})

    async def test_publishing_a_draft(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A campaign that was a draft answers once it is published."""
        new = CampaignId(uuid4())
        await _draft(owner, shop, new, {})

        assert 1 == await _publish(owner, shop, new)

        (rules,) = await load(pipeline, [shop.instagram_id])
        assert {new, shop.campaign} == {one.id for one in rules.campaigns}

    async def test_pausing(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A paused campaign answers nothing, is paused once, and answers when published again."""
        await tenancy.pause_campaign(owner, shop.campaign, workspace=shop.workspace)
        paused = await versions(pipeline, [shop.instagram_id])
        await tenancy.pause_campaign(owner, shop.campaign, workspace=shop.workspace)

        (rules,) = await load(pipeline, [shop.instagram_id])
        assert ((), paused) == (rules.campaigns, await versions(pipeline, [shop.instagram_id]))
        assert 1 == await _publish(owner, shop, shop.campaign)
        (rules,) = await load(pipeline, [shop.instagram_id])
        assert [shop.campaign] == [one.id for one in rules.campaigns]

    async def test_pausing_anothers(self, owner: Database, shop: Shop) -> None:
        """A campaign of another workspace is not found."""
        other = await open_shop(owner)

        with pytest.raises(QueryFailed, match="is not in workspace"):
            await tenancy.pause_campaign(owner, shop.campaign, workspace=other.workspace)

    async def test_the_next_post(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A version that goes live has no post yet; publishing what is live forgets none."""
        await owner.execute("update public.campaigns set next_media_id = '9'")
        await _publish(owner, shop, shop.campaign)
        (same,) = await load(pipeline, [shop.instagram_id])
        await _publish(owner, shop, shop.campaign, "new")
        (other,) = await load(pipeline, [shop.instagram_id])

        assert ["9", None] == [rules.campaigns[0].next_media_id for rules in (same, other)]
