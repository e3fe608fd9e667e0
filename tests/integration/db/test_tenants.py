"""Tenants never meet, and nobody does more than their role may."""

from __future__ import annotations

import contextlib
import itertools
from typing import Literal
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import MediaId, PublishedPost
from switchboard.db import forecasts, labels, posts, rules, tenancy
from switchboard.db.alerts import raise_alert
from switchboard.db.credentials import Vault, store_webhook_secret
from switchboard.db.deliveries import claim
from switchboard.db.errors import QueryFailed
from switchboard.db.ledger import record
from switchboard.db.pool import Database, Transaction
from switchboard.rules.outlook import Outlook
from tests.integration.db.town import Shop, definition, now, open_shop, recorded
from tests.integration.db.users import Role, acting_as, hire

# What a viewer sees one row of, in a workspace where something happened.
TABLES = [
    "workspaces",
    "memberships",
    "instagram_accounts",
    "campaigns",
    "campaign_versions",
    "intents",
    "intent_labels",
    "contacts",
    "events",
    "deliveries",
    "delivery_transitions",
    "alerts",
    "delivery_forecasts",
    "rule_books",
    "posts",
]


@pytest.fixture
async def lively(owner: Database, pipeline: Database, shop: Shop) -> Shop:
    """A tenant with a row in every table."""
    await _live(owner, pipeline, shop)
    return shop


@pytest.fixture
async def rival(owner: Database, pipeline: Database) -> Shop:
    """Another tenant with a row in every table."""
    shop = await open_shop(owner)
    await _live(owner, pipeline, shop)
    return shop


async def _live(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Let something happen in `shop` for each table."""
    await tenancy.upsert_intent(owner, workspace=shop.workspace, account=shop.account, name="price")
    said = labels.Label(text="how much?", intent="price", event_id=None, person_id=None)
    await labels.keep(owner, shop.account, shop.workspace, [said])
    event = recorded(shop, f"c:{shop.account}")
    await record(pipeline, [event])
    assert await claim(pipeline, event.deliveries[0].id, owner="me", lease_s=60)
    post = PublishedPost(media_id=MediaId("1"), posted_at=now())
    await posts.keep(pipeline, shop.account, shop.workspace, [post])
    await rules.keep_book(pipeline, shop.account, shop.workspace, 1, "{}")
    vault = Vault({"k1": b"1" * 32})
    await store_webhook_secret(owner, shop.account, vault.seal("whsec", shop.account, "webhook"))
    await raise_alert(pipeline, shop.account, "reconnect_needed", detail={})
    await forecasts.store(pipeline, shop.account, Outlook(), {})


class TestReading:
    async def test_ones_own(
        self, owner: Database, api: Database, lively: Shop, rival: Shop
    ) -> None:
        """A viewer sees what is theirs in every table, and of the other tenant nothing."""
        viewer = await hire(owner, lively, "viewer")
        await hire(owner, rival, "owner")
        seen = {}

        async with acting_as(api, viewer) as tx:
            for table in TABLES:
                column = "id" if table == "workspaces" else "workspace_id"
                rows = await tx.fetch(f"select {column} as workspace from public.{table}")
                seen[table] = [row["workspace"] for row in rows]

        assert {table: [lively.workspace] for table in TABLES} == seen

    async def test_anon(self, owner: Database, lively: Shop) -> None:
        """Without a login there is nothing to see, not even emptiness."""
        for table in TABLES:
            with pytest.raises(QueryFailed, match="permission denied"):
                await self._read_as_anon(owner, table)

    async def _read_as_anon(self, owner: Database, table: str) -> None:
        async with owner.transaction() as tx:
            await tx.execute("set local role anon")
            await tx.fetch(f"select 1 from public.{table}")

    async def test_forgetting_to_become_somebody(self, api: Database) -> None:
        """The API's own login reads nothing, so an endpoint that forgets the user fails."""
        for table in TABLES:
            with pytest.raises(QueryFailed, match="permission denied"):
                await api.fetch(f"select 1 from public.{table}")

    async def test_becoming_somebody_else(self, api: Database) -> None:
        """The API's login can become a user, and nobody who sees more."""
        for role in ("service_role", "postgres", "switchboard_pipeline"):
            with pytest.raises(QueryFailed, match="permission denied to set role"):
                await api.execute(f"set role {role}")

    async def test_tokens(self, owner: Database, api: Database, lively: Shop) -> None:
        """No user reaches tokens and secrets, not even the workspace's owner."""
        boss = await hire(owner, lively, "owner")

        with pytest.raises(QueryFailed, match="permission denied"):
            async with acting_as(api, boss) as tx:
                await tx.fetch("select * from private.instagram_credentials")
        with pytest.raises(QueryFailed, match="permission denied"):
            async with acting_as(api, boss) as tx:
                await tx.fetch("select * from private.webhook_secrets")

    async def test_a_stranger(self, owner: Database, api: Database, lively: Shop) -> None:
        """A user without a membership sees no workspace."""
        user = uuid4()
        await owner.execute("insert into auth.users (id) values ($1)", user)

        async with acting_as(api, user) as tx:
            assert [] == await tx.fetch("select id from public.workspaces")


# Statement, and the least role for which it changes a row of one's own workspace ($1 workspace,
# $2 account, $3 campaign, $4 the user). "nobody": the grants refuse it whoever asks.
WRITES: list[tuple[str, Role | Literal["nobody"]]] = [
    ("update public.workspaces set name = 'new' where id = $1", "owner"),
    ("update public.campaigns set name = 'new' where workspace_id = $1", "editor"),
    ("update public.intents set description = 'new' where workspace_id = $1", "editor"),
    ("delete from public.intents where workspace_id = $1", "editor"),
    ("update public.intent_labels set intent = null where workspace_id = $1", "editor"),
    ("delete from public.intent_labels where workspace_id = $1", "editor"),
    (
        """insert into public.intent_labels (workspace_id, account_id, text, labelled_by)
           values ($1, $2, 'hello', $4)""",
        "editor",
    ),
    ("update public.intent_labels set text = 'other' where workspace_id = $1", "nobody"),
    (
        """insert into public.intent_labels (workspace_id, account_id, text, labelled_by)
           values ($1, $2, 'hello', gen_random_uuid())""",
        "nobody",
    ),
    (
        "update public.instagram_accounts set intent_threshold = 0.6 where workspace_id = $1",
        "admin",
    ),
    (
        "insert into public.campaigns (workspace_id, account_id, name) values ($1, $2, 'new')",
        "editor",
    ),
    (
        "insert into public.intents (workspace_id, account_id, name) values ($1, $2, 'new')",
        "editor",
    ),
    (
        """insert into public.campaign_versions
             (workspace_id, campaign_id, version, definition, published_by)
           values ($1, $3, 2, '{}', $4)""",
        "editor",
    ),
    ("update public.instagram_accounts set sends_per_second = 1 where workspace_id = $1", "admin"),
    (
        "update public.instagram_accounts set first_served = 'oldest' where workspace_id = $1",
        "admin",
    ),
    (
        """update public.instagram_accounts
              set time_zone = 'Europe/Lisbon', takeover = '2 h', paused_until = now()
            where workspace_id = $1""",
        "admin",
    ),
    ("update public.campaigns set draft = '{}' where workspace_id = $1", "editor"),
    (
        """insert into public.campaigns (workspace_id, account_id, name, draft)
           values ($1, $2, 'new', '{}')""",
        "editor",
    ),
    ("update public.campaigns set next_media_id = '1' where workspace_id = $1", "nobody"),
    ("update public.instagram_accounts set workspace_id = $1", "nobody"),
    ("update public.instagram_accounts set held_until = now() where workspace_id = $1", "nobody"),
    (
        """insert into public.instagram_accounts (workspace_id, instagram_id, username)
           values ($1, '5', 'squatter')""",
        "nobody",
    ),
    ("update public.campaigns set workspace_id = $1", "nobody"),
    ("update public.campaign_versions set definition = '{}' where workspace_id = $1", "nobody"),
    ("delete from public.campaign_versions where workspace_id = $1", "nobody"),
    ("update public.contacts set window_closes_at = now() where workspace_id = $1", "nobody"),
    ("update public.contacts set paused_until = null where workspace_id = $1", "nobody"),
    ("update public.contacts set opted_out_at = null where workspace_id = $1", "nobody"),
    (
        """insert into public.rule_books (account_id, workspace_id, version, book)
           values ($2, $1, 2, '{}')""",
        "nobody",
    ),
    (
        """insert into public.posts (account_id, workspace_id, media_id, posted_at)
           values ($2, $1, '5', now())""",
        "nobody",
    ),
    ("update public.rule_books set book = '{}' where workspace_id = $1", "nobody"),
    ("delete from public.rule_books where workspace_id = $1", "nobody"),
    ("update public.events set outcome = 'ignored' where workspace_id = $1", "nobody"),
    ("delete from public.events where workspace_id = $1", "nobody"),
    ("update public.deliveries set state = 'cancelled' where workspace_id = $1", "nobody"),
    ("delete from public.delivery_transitions where workspace_id = $1", "nobody"),
    ("update public.alerts set resolved_at = now() where workspace_id = $1", "nobody"),
    ("update public.delivery_forecasts set missed = 0 where workspace_id = $1", "nobody"),
    ("truncate public.campaigns cascade", "nobody"),
]
STAFF: list[Role] = ["viewer", "editor", "admin", "owner"]


async def _may(api: Database, user: UUID, statement: str, shop: Shop) -> bool:
    """Say whether `statement`, about `shop`, changes anything when `user` runs it; undo it."""
    known = {"$1": shop.workspace, "$2": shop.account, "$3": shop.campaign, "$4": user}
    for name, value in known.items():
        statement = statement.replace(name, f"'{value}'")
    tag = "refused 0"
    with contextlib.suppress(ZeroDivisionError):
        async with acting_as(api, user) as tx:
            tag = await _tag(tx, statement)
            raise ZeroDivisionError  # what undoes it
    return not tag.endswith(" 0")


async def _tag(tx: Transaction, statement: str) -> str:
    try:
        return await tx.execute(statement)
    except QueryFailed as failure:
        if "permission denied" in str(failure) or "row-level security" in str(failure):
            return "refused 0"
        raise


class TestWriting:
    async def test_what_each_role_may(self, owner: Database, api: Database, lively: Shop) -> None:
        """Each write is open to its least role and those above, and to nobody below."""
        staff = [await hire(owner, lively, role) for role in STAFF]

        allowed = {
            statement: [await _may(api, user, statement, lively) for user in staff]
            for statement, _ in WRITES
        }

        ranks = [*STAFF, "nobody"]
        assert {
            statement: [rank >= ranks.index(least) for rank in range(len(STAFF))]
            for statement, least in WRITES
        } == allowed

    async def test_in_anothers_workspace(
        self, owner: Database, api: Database, lively: Shop, rival: Shop
    ) -> None:
        """The owner of one workspace changes nothing in another."""
        boss = await hire(owner, lively, "owner")

        changed = [sql for sql, _ in WRITES if await _may(api, boss, sql, rival)]

        assert [] == changed

    async def test_anothers_account_for_ones_own_campaign(
        self, owner: Database, api: Database, lively: Shop, rival: Shop
    ) -> None:
        """A campaign in one's own workspace cannot answer for another's account."""
        editor = await hire(owner, lively, "editor")

        with pytest.raises(QueryFailed, match="foreign key"):
            async with acting_as(api, editor) as tx:
                await tx.execute(
                    """insert into public.campaigns (workspace_id, account_id, name)
                       values ($1, $2, 'theirs')""",
                    lively.workspace,
                    rival.account,
                )

    async def test_publishing_as_somebody_else(
        self, owner: Database, api: Database, lively: Shop
    ) -> None:
        """Who published a version is who did."""
        editor = await hire(owner, lively, "editor")

        with pytest.raises(QueryFailed, match="row-level security"):
            async with acting_as(api, editor) as tx:
                await tx.execute(
                    """insert into public.campaign_versions
                         (workspace_id, campaign_id, version, definition, published_by)
                       values ($1, $2, 2, $3, $4)""",
                    lively.workspace,
                    lively.campaign,
                    definition().model_dump(mode="json"),
                    uuid4(),
                )


class TestMembers:
    async def test_promoting(self, owner: Database, api: Database, shop: Shop) -> None:
        """Admins rule over all but owners, owners over all; nobody makes themselves an owner."""
        staff = {role: await hire(owner, shop, role) for role in STAFF}
        await hire(owner, shop, "owner")
        set_role = "update public.memberships set role = '{}' where user_id = '{}'"

        allowed = {
            (by, of, to)
            for by, of, to in itertools.product(STAFF, STAFF, STAFF)
            if await _may(api, staff[by], set_role.format(to, staff[of]), shop)
        }

        below: list[Role] = ["viewer", "editor", "admin"]
        assert {("admin", of, to) for of in below for to in below} | {
            ("owner", of, to) for of in STAFF for to in STAFF
        } == allowed

    async def test_joining_another_workspace(
        self, owner: Database, api: Database, shop: Shop, rival: Shop
    ) -> None:
        """Nobody adds themselves to a workspace."""
        boss = await hire(owner, shop, "owner")

        with pytest.raises(QueryFailed, match="row-level security"):
            async with acting_as(api, boss) as tx:
                await tx.execute(
                    """insert into public.memberships (workspace_id, user_id, role)
                       values ($1, $2, 'viewer')""",
                    rival.workspace,
                    boss,
                )

    async def test_leaving(self, owner: Database, api: Database, shop: Shop) -> None:
        """Anyone may leave; the last owner may not."""
        boss, viewer = await hire(owner, shop, "owner"), await hire(owner, shop, "viewer")
        leave = "delete from public.memberships where user_id = $1"

        async with acting_as(api, viewer) as tx:
            assert await tx.execute(leave, viewer) == "DELETE 1"
        with pytest.raises(QueryFailed, match="left without an owner"):
            async with acting_as(api, boss) as tx:
                await tx.execute(leave, boss)

    async def test_the_last_owner_stays_one(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """The last owner cannot become less."""
        boss = await hire(owner, shop, "owner")

        with pytest.raises(QueryFailed, match="left without an owner"):
            async with acting_as(api, boss) as tx:
                await tx.execute(
                    "update public.memberships set role = 'admin' where user_id = $1", boss
                )
