"""A workspace goes with everything it owns, and nothing of anybody else's goes along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import WorkspaceId
from switchboard.db import erasing, export_work, logins, removals
from switchboard.db.deliveries import claim
from switchboard.db.errors import QueryFailed
from switchboard.db.ledger import record
from switchboard.db.pool import Database, Queryable, open_pool
from switchboard.db.removals import LAST, STAYS, Step
from tests.integration.db.isolation.town import Town, settle
from tests.integration.db.town import SOMEBODY, Shop, now, open_shop, recorded
from tests.integration.db.users import acting_as, acting_by_key, hire
from tests.support.waiting import until

GRACE = timedelta(days=7)


@pytest.fixture
async def town(owner: Database, pipeline: Database) -> Town:
    """Two tenants with a row in every table, to both of whom the same person has written."""
    return await settle(owner, pipeline)


@pytest.fixture
async def caretaker(caretaker_url: str) -> AsyncIterator[Database]:
    """The database as what deletes workspaces has it."""
    async with open_pool(caretaker_url, name="caretaker", max_size=4) as db:
        yield db


async def name_of(owner: Database, shop: Shop) -> str:
    """Return what a shop's workspace is called."""
    row = await owner.fetchrow("select name from public.workspaces where id = $1", shop.workspace)
    assert row is not None
    return str(row["name"])


async def fall_due(owner: Database, shop: Shop) -> None:
    """Have the workspace of a shop deleted, and let the time pass until it is due."""
    await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
    await pass_time(owner, shop)


async def pass_time(owner: Database, shop: Shop) -> None:
    """Let it be a week later: whoever was sending something for the shop no longer is."""
    await owner.execute(_FALL_DUE, shop.workspace)
    await owner.execute(_LEASES_END, shop.workspace)


async def sweep(caretaker: Database) -> None:
    """Remove the files of exports that nobody may have any more, as far as the database knows."""
    for one in await export_work.leftovers(caretaker, most=100):
        await export_work.swept(caretaker, one.id)


async def end(caretaker: Database, workspace: WorkspaceId, *, most: int = 1_000) -> list[Step]:
    """Delete a workspace to its end; return what each step did."""
    await removals.begin(caretaker, workspace)
    await sweep(caretaker)
    steps: list[Step] = []
    while not steps or not steps[-1].done:
        steps.append(await removals.remove(caretaker, workspace, most=most))
        assert steps[-1].waits_for is None
    return steps


async def rows(owner: Queryable) -> dict[str, set[str]]:
    """Return all rows of all tables."""
    tables = await owner.fetch(_TABLES)
    return {
        table["name"]: {
            str(row["row"])
            for row in await owner.fetch(f"select to_jsonb(t)::text as row from {table['name']} t")
        }
        for table in tables
    }


def naming(found: dict[str, set[str]], *ids: object) -> dict[str, set[str]]:
    """Return the rows that have one of `ids` in them."""
    return {
        name: {one for one in some if any(str(id_) in one for id_ in ids)}
        for name, some in found.items()
    }


async def test_every_table_goes_or_is_excused(owner: Database) -> None:
    """A table that a migration adds is deleted with its workspace, or it is said why it stays."""
    catalogue = {row["name"] for row in await owner.fetch(_TABLES)}
    goes = {row["name"] for row in await owner.fetch("select name from private.rows_to_remove()")}

    assert catalogue == goes | set(LAST) | set(STAYS)
    assert set() == (goes | set(LAST)) & set(STAYS)


class TestDeleting:
    async def test_nothing_of_it_is_left(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """No row names the workspace, its account or its key, but those that are excused."""
        ours = town.ours
        await fall_due(owner, ours.shop)
        await end(caretaker, ours.shop.workspace)
        left = naming(await rows(owner), ours.shop.workspace, ours.shop.account, ours.key)

        assert {"private.forgotten", "private.removed_workspaces"} == {
            name for name, some in left.items() if some
        }

    async def test_everything_of_the_other_is_as_it_was(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """Each row of the other tenant's, of the same person's too, is what it was before."""
        theirs = town.theirs
        await owner.execute(_ANSWERED, theirs.staff["owner"], str(theirs.shop.workspace).encode())
        await owner.execute(_JOIN, town.ours.shop.workspace, theirs.staff["owner"])
        before = await rows(owner)
        await fall_due(owner, town.ours.shop)
        await end(caretaker, town.ours.shop.workspace)
        after = await rows(owner)

        ids = (*theirs.ids, theirs.shop.instagram_id, town.stranger)
        ours = str(town.ours.shop.workspace)
        kept = {n: {r for r in some if ours not in r} for n, some in naming(before, *ids).items()}
        assert kept == naming(after, *ids)
        assert {name for name, some in before.items() if some} == {
            name for name, some in after.items() if some
        }
        assert any(SOMEBODY in one for one in kept["public.contacts"])

    async def test_what_members_were_answered(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """Answers that are kept for a member go if they are about it, and stay if they are not."""
        boss, shop = town.ours.staff["owner"], town.ours.shop
        about = {"of it": shop.workspace, "of its account": shop.account, "of else": uuid4()}
        for key, subject in about.items():
            await owner.execute(_ANSWERED_AS, boss, key, str(subject).encode())
        await fall_due(owner, shop)
        await end(caretaker, shop.workspace)
        left = await owner.fetch(
            "select key from private.idempotency_keys where caller_id = $1 order by 1", boss
        )

        assert ["k", "of else"] == [row["key"] for row in left]

    async def test_what_came_while_nobody_had_its_account(
        self, town: Town, owner: Database, pipeline: Database, caretaker: Database
    ) -> None:
        """It goes too, unless another workspace has, or had, the same account at Instagram."""
        ours, theirs = town.ours.shop, town.theirs.shop
        for shop in (ours, theirs):
            nobodys: dict[str, Any] = {"workspace_id": None, "account": None, "answered": False}
            await record(pipeline, [recorded(shop, f"n:{shop.account}", **nobodys)])
        await fall_due(owner, ours)
        await end(caretaker, ours.workspace)
        left = await owner.fetch("select instagram_id from public.events where account_id is null")

        assert [theirs.instagram_id] == [row["instagram_id"] for row in left]

    async def test_an_account_that_moved(
        self, owner: Database, pipeline: Database, caretaker: Database
    ) -> None:
        """Who has its account now keeps what came of it, and Redis is not told to forget it."""
        old, new = await open_shop(owner), await open_shop(owner)
        await removals.ask_as_operator(owner, old.workspace, grace=GRACE)
        await owner.execute(
            "update public.instagram_accounts set instagram_id = $2 where id = $1",
            new.account,
            old.instagram_id,
        )
        nobodys: dict[str, Any] = {"workspace_id": None, "account": None, "answered": False}
        await record(pipeline, [recorded(old, "before it moved", **nobodys)])
        await pass_time(owner, old)
        forgets = await removals.begin(caretaker, old.workspace)
        await end(caretaker, old.workspace)

        assert [] == list(forgets)
        assert 1 == len(await owner.fetch("select from public.events"))

    @pytest.mark.parametrize("most", [1, 7])
    async def test_killed_anywhere(
        self, town: Town, owner: Database, caretaker: Database, most: int
    ) -> None:
        """However small the steps, and each of them undone once, the end is the same."""
        before = await rows(owner)
        await fall_due(owner, town.ours.shop)
        await removals.begin(caretaker, town.ours.shop.workspace)
        await sweep(caretaker)
        done = False
        while not done:
            with pytest.raises(Killed):
                await half_a_step(caretaker, town.ours.shop.workspace, most=most)
            await removals.begin(caretaker, town.ours.shop.workspace)
            step = await removals.remove(caretaker, town.ours.shop.workspace, most=most)
            done = step.done
            assert step.removed <= most
        after = await rows(owner)

        gone = {name: len(some - after[name]) for name, some in before.items()}
        (log, *_) = await removals.gone(owner)
        assert town.ours.shop.workspace == log.workspace_id
        for name in ("public.events", "public.contacts", "public.deliveries", "public.campaigns"):
            assert gone[name] == log.counts[name], name

    async def test_two_at_once(self, town: Town, owner: Database, caretaker: Database) -> None:
        """Whoever comes second waits or finds it done; nothing is counted twice."""
        workspace = town.ours.shop.workspace
        before = await owner.fetch("select from public.events where workspace_id = $1", workspace)
        await fall_due(owner, town.ours.shop)
        await removals.begin(caretaker, workspace)
        await sweep(caretaker)

        async def work() -> bool:
            while True:
                try:
                    step = await removals.remove(caretaker, workspace, most=3)
                except QueryFailed:
                    return False  # the other one has come to its end
                if step.done:
                    return True

        ended = await asyncio.gather(work(), work())
        (log,) = [one for one in await removals.gone(owner) if one.workspace_id == workspace]

        assert [False, True] == sorted(ended)
        assert (len(before), True) == (log.counts["public.events"], log.finished_at is not None)

    async def test_the_log(self, town: Town, owner: Database, caretaker: Database) -> None:
        """One line stays: which, who asked, when, how much; and nothing of what was in it."""
        shop, boss = town.ours.shop, town.ours.staff["owner"]
        called = await name_of(owner, shop)
        await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
        await owner.execute(
            "update public.workspaces set deletion_asked_by = $2 where id = $1",
            shop.workspace,
            boss,
        )
        await pass_time(owner, shop)
        await end(caretaker, shop.workspace)
        (log,) = [one for one in await removals.gone(owner) if one.workspace_id == shop.workspace]
        line = (await rows(owner))["private.removed_workspaces"]

        assert boss == log.asked_by
        assert log.asked_at < log.began_at <= (log.finished_at or log.asked_at)
        assert (1, 4) == (
            log.counts["public.instagram_accounts"],
            log.counts["public.memberships"],
        )
        assert not any(
            told in one for one in line for told in (called, shop.username, str(SOMEBODY))
        )

    async def test_it_can_be_brought_back_and_end_again(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """A workspace of the same id may come again, and go again: the log has both."""
        shop = town.ours.shop
        for _ in range(2):
            await fall_due(owner, shop)
            await end(caretaker, shop.workspace)
            await owner.execute(
                "insert into public.workspaces (id, name) values ($1, 'again')", shop.workspace
            )
        again = [one for one in await removals.gone(owner) if one.workspace_id == shop.workspace]

        assert 2 == len(again)
        with pytest.raises(QueryFailed, match="what happened stays"):
            await owner.execute("delete from public.audit_log")


class TestWaiting:
    async def test_for_a_call_that_is_under_way(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """A message that is being sent is waited for until its lease is over."""
        shop = town.ours.shop
        await fall_due(owner, shop)
        await removals.begin(caretaker, shop.workspace)
        await owner.execute(
            "update public.deliveries set lease_until = now() + interval '1 minute'"
            " where workspace_id = $1 and state = 'sending'",
            shop.workspace,
        )
        waits = await removals.remove(caretaker, shop.workspace, most=100)
        await owner.execute(_LEASES_END, shop.workspace)

        assert Step(0, False, "sending") == waits
        assert (await end(caretaker, shop.workspace))[-1].done

    async def test_for_files(self, town: Town, owner: Database, caretaker: Database) -> None:
        """While an export may have a file, it and its workspace stay, so that it is not lost."""
        shop = town.ours.shop
        await owner.execute(_TAKEN, shop.workspace)
        await fall_due(owner, shop)
        await removals.begin(caretaker, shop.workspace)
        await sweep(caretaker)  # whoever writes it may still put it there: its lease is not over
        step = await removals.remove(caretaker, shop.workspace, most=10_000)
        assert "files" == step.waits_for

        await owner.execute("update public.exports set lease_until = now() - interval '1 second'")
        await sweep(caretaker)
        assert (await removals.remove(caretaker, shop.workspace, most=10_000)).done

    async def test_not_before_it_is_due(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """Nobody deletes what nobody asked to have deleted, or before its time."""
        shop = town.ours.shop
        for _ in range(2):
            assert [] == list(await removals.due(caretaker, most=10))
            with pytest.raises(QueryFailed, match="not to be deleted now"):
                await removals.begin(caretaker, shop.workspace)
            with pytest.raises(QueryFailed, match="not being deleted"):
                await removals.remove(caretaker, shop.workspace, most=10)
            await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)

    async def test_no_snapshot_of_what_goes(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """Whoever makes snapshots makes none of a workspace that is due."""
        await owner.execute("delete from public.exports")
        await fall_due(owner, town.ours.shop)
        day = timedelta(days=1)
        await export_work.ask_for_snapshots(caretaker, every=day, keep=day, most=10)
        asked = await owner.fetch("select workspace_id from public.exports")

        assert [town.theirs.shop.workspace] == [row["workspace_id"] for row in asked]


class TestAsking:
    async def test_by_its_name(self, town: Town, owner: Database, api: Database) -> None:
        """An owner who types the name has it; whoever mistypes it, or is less, has not."""
        shop, staff = town.ours.shop, town.ours.staff
        called = await name_of(owner, shop)
        refused = []
        for user in (*staff.values(), town.theirs.staff["owner"], town.stranger):
            typed = called.upper() if user == staff["owner"] else called
            with pytest.raises(QueryFailed) as refusal:
                await ask(api, user, shop, typed)
            refused.append("not yours" in str(refusal.value))
        with pytest.raises(QueryFailed, match="not yours"):
            async with acting_by_key(api, town.ours.key) as tx:
                await removals.ask(tx, shop.workspace, name=called, grace=GRACE)
        assert await asked(owner, shop) is False
        await ask(api, staff["owner"], shop, called)

        assert [True, True, True, False, True, True] == refused
        assert await asked(owner, shop)

    async def test_what_is_so_at_once(self, town: Town, owner: Database) -> None:
        """Its accounts are disconnected and its campaigns paused, and nobody else's are."""
        await owner.execute(
            "insert into private.jobs (name, next_run_at, subject)"
            " values ('removals', now() + interval '1 hour', '')"
        )
        await removals.ask_as_operator(owner, town.ours.shop.workspace, grace=GRACE)
        stand = await owner.fetch(_STAND)
        job = await owner.fetchrow(
            "select from private.jobs where name = 'removals' and next_run_at <= now()"
        )

        assert {
            town.ours.shop.workspace: ("disconnected", "paused"),
            town.theirs.shop.workspace: ("connected", "live"),
        } == {row["workspace_id"]: (row["account"], row["campaign"]) for row in stand}
        assert job is not None

    async def test_again(self, town: Town, owner: Database) -> None:
        """Asking again changes nothing: the day that was told holds."""
        shop = town.ours.shop
        await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
        (before,) = [one for one in await removals.living(owner) if one.id == shop.workspace]
        await removals.ask_as_operator(owner, shop.workspace, grace=timedelta(days=1))
        (after,) = [one for one in await removals.living(owner) if one.id == shop.workspace]

        assert before == after
        assert before.deletion_asked_at is not None
        assert GRACE == (before.deletion_due_at or now()) - before.deletion_asked_at

    @pytest.mark.parametrize("grace", [timedelta(0), timedelta(hours=23), timedelta(days=91)])
    async def test_a_day_at_least(self, town: Town, owner: Database, grace: timedelta) -> None:
        """Sooner than in a day nobody has it, so that Meta's limits do not forget what was sent."""
        with pytest.raises(QueryFailed, match="1 to 90 days"):
            await removals.ask_as_operator(owner, town.ours.shop.workspace, grace=grace)

    async def test_calling_it_off(self, town: Town, owner: Database, api: Database) -> None:
        """An owner may, nobody else, and not once rows have begun to go."""
        shop, staff = town.ours.shop, town.ours.staff
        await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
        for user in (staff["admin"], town.theirs.staff["owner"]):
            with pytest.raises(QueryFailed, match="not yours"):
                async with acting_as(api, user) as tx:
                    await removals.call_off(tx, shop.workspace)
        assert await asked(owner, shop)
        async with acting_as(api, staff["owner"]) as tx:
            assert [True, False] == [await removals.call_off(tx, shop.workspace) for _ in range(2)]

        assert await asked(owner, shop) is False

    async def test_too_late(
        self, town: Town, owner: Database, api: Database, caretaker: Database
    ) -> None:
        """Once the first row may be gone it cannot be called off, by an operator neither."""
        shop = town.ours.shop
        await fall_due(owner, shop)
        await removals.begin(caretaker, shop.workspace)

        with pytest.raises(QueryFailed, match="being deleted"):
            async with acting_as(api, town.ours.staff["owner"]) as tx:
                await removals.call_off(tx, shop.workspace)
        with pytest.raises(QueryFailed, match="being deleted"):
            await removals.call_off_as_operator(owner, shop.workspace)

    async def test_nothing_begins_meanwhile(
        self, town: Town, owner: Database, api: Database
    ) -> None:
        """No account is connected and no campaign resumed until it is called off."""
        shop, boss = town.ours.shop, town.ours.staff["owner"]
        await removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
        begins = {
            "connects": (
                "update public.instagram_accounts set status = 'connected' where id = $1",
                shop.account,
            ),
            "is new": (_NEW_ACCOUNT, shop.workspace),
            "goes live": (
                "update public.campaigns set status = 'live' where id = $1",
                shop.campaign,
            ),
        }
        for statement, subject in begins.values():
            with pytest.raises(QueryFailed, match="to be deleted"):
                await owner.execute(statement, subject)
        with pytest.raises(QueryFailed, match="to be deleted"):
            async with acting_as(api, boss) as tx:
                await logins.begin(tx, b"1" * 32, workspace=shop.workspace, user=boss, account=None)

        await removals.call_off_as_operator(owner, shop.workspace)
        for statement, subject in begins.values():
            await owner.execute(statement, subject)

    async def test_a_login_at_the_same_moment(self, town: Town, owner: Database) -> None:
        """Whoever connects just then is disconnected with the others: neither slips through."""
        shop = town.ours.shop
        await owner.execute(
            "update public.instagram_accounts set status = 'disconnected' where id = $1",
            shop.account,
        )
        async with owner.transaction() as tx:
            await tx.execute(
                "update public.instagram_accounts set status = 'connected' where id = $1",
                shop.account,
            )
            asking = asyncio.create_task(
                removals.ask_as_operator(owner, shop.workspace, grace=GRACE)
            )
            await until(lambda: somebody_waits(tx), bool)
        await asking
        row = await owner.fetchrow(
            "select status from public.instagram_accounts where id = $1", shop.account
        )

        assert row is not None
        assert "disconnected" == row["status"]


class TestWhatIsStillOnItsWay:
    async def test_it_is_recorded_without_anybody(
        self, town: Town, owner: Database, pipeline: Database, caretaker: Database
    ) -> None:
        """What happened before the end, and is told of after it, names nobody and says nothing."""
        shop = town.ours.shop
        nobodys: dict[str, Any] = {"workspace_id": None, "account": None, "answered": False}
        late = recorded(shop, "on a queue", **nobodys)
        await fall_due(owner, shop)
        await end(caretaker, shop.workspace)
        await record(pipeline, [late])
        row = await owner.fetchrow(
            "select to_jsonb(one)::text as row from public.events one where event_id = $1",
            late.event_id,
        )

        assert row is not None
        assert str(SOMEBODY) not in row["row"]
        assert '"because": "erased"' in row["row"]

    async def test_a_delivery_that_is_said_to_be_due(
        self, town: Town, owner: Database, pipeline: Database, caretaker: Database
    ) -> None:
        """Whoever reads that it is due finds none, so nothing is sent and the message is done."""
        shop = town.ours.shop
        ready = await owner.fetchrow(
            "select id from public.deliveries where workspace_id = $1 and state = 'ready'",
            shop.workspace,
        )
        assert ready is not None
        await fall_due(owner, shop)
        await end(caretaker, shop.workspace)

        assert await claim(pipeline, ready["id"], owner="me", lease_s=60) is None

    async def test_whoever_was_erased_before_stays_so(
        self, town: Town, owner: Database, caretaker: Database
    ) -> None:
        """That somebody was erased is remembered for longer than the account."""
        shop = town.ours.shop
        await erasing.erase(owner, shop.account, SOMEBODY)
        marks = "select marks from private.forgotten where account_id = $1 and marks is not null"
        before = await owner.fetch(marks, shop.account)
        await fall_due(owner, shop)
        await end(caretaker, shop.workspace)

        assert before == await owner.fetch(marks, shop.account)

    async def test_tokens(self, town: Town, owner: Database, caretaker: Database) -> None:
        """From the moment it is asked, and only then, its accounts' tokens are to be forgotten."""
        ours, theirs = town.ours.shop, town.theirs.shop
        assert [] == list(await removals.tokens_to_forget(caretaker))
        await removals.ask_as_operator(owner, ours.workspace, grace=GRACE)

        assert [ours.account] == list(await removals.tokens_to_forget(caretaker))
        assert ours.account != theirs.account


class TestTheLastOwnersLogin:
    async def test_it_cannot_go_before_its_workspace_has_another(
        self, shop: Shop, owner: Database
    ) -> None:
        """Deleting the login of a last owner is refused, with what to do; then it goes."""
        last, next_ = await hire(owner, shop, "owner"), await hire(owner, shop, "viewer")
        with pytest.raises(QueryFailed, match="without an owner") as refused:
            await owner.execute("delete from auth.users where id = $1", last)
        assert await removals.name_owner(owner, shop.workspace, str(next_))
        await owner.execute("delete from auth.users where id = $1", last)
        members = await owner.fetch("select user_id, role::text from public.memberships")

        assert refused.value.refusal is not None
        assert "delete the workspace" in refused.value.refusal.hint
        assert [(next_, "owner")] == [(row["user_id"], row["role"]) for row in members]

    async def test_it_can_go_with_its_workspace(
        self, shop: Shop, owner: Database, caretaker: Database
    ) -> None:
        """Once the workspace is deleted nothing holds the login."""
        last = await hire(owner, shop, "owner")
        await fall_due(owner, shop)
        await end(caretaker, shop.workspace)
        await owner.execute("delete from auth.users where id = $1", last)

        assert [] == await owner.fetch("select from auth.users where id = $1", last)

    async def test_nobody_is_made_owner_who_is_not(self, shop: Shop, owner: Database) -> None:
        """A user who does not exist owns nothing."""
        assert not await removals.name_owner(owner, shop.workspace, "nobody@example.com")


async def half_a_step(caretaker: Database, workspace: WorkspaceId, *, most: int) -> None:
    """Do a step and be killed before it is committed."""
    async with caretaker.transaction() as tx:
        await removals.remove(tx, workspace, most=most)
        raise Killed


class Killed(Exception):  # noqa: N818  it is what happens, and no error
    """Whoever was at it is gone."""


async def ask(api: Database, user: UUID, shop: Shop, typed: str) -> None:
    """Ask for the end of a shop's workspace, as a user who types its name."""
    async with acting_as(api, user) as tx:
        await removals.ask(tx, shop.workspace, name=typed, grace=GRACE)


async def asked(owner: Database, shop: Shop) -> bool:
    """Return whether somebody has asked for the end of a shop's workspace."""
    row = await owner.fetchrow(
        "select deletion_due_at is not null as asked from public.workspaces where id = $1",
        shop.workspace,
    )
    assert row is not None
    return bool(row["asked"])


async def somebody_waits(db: Queryable) -> bool:
    """Return whether somebody waits for what another holds."""
    return bool(await db.fetch("select from pg_locks where not granted"))


_TABLES = """
select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
"""
_FALL_DUE = """
update public.workspaces
   set deletion_asked_at = now() - interval '8 days', deletion_due_at = now() - interval '1 day'
 where id = $1
"""
_LEASES_END = """
update public.deliveries set lease_until = now() - interval '1 day'
 where workspace_id = $1 and state = 'sending'
"""
_ANSWERED = """
insert into private.idempotency_keys (caller_id, key, request_hash, status, headers, body)
values ($1, 'about theirs', sha256('r'), 200, '{}', $2)
"""
_ANSWERED_AS = """
insert into private.idempotency_keys (caller_id, key, request_hash, status, headers, body)
values ($1, $2, sha256('r'), 200, '{}', $3)
"""
_JOIN = "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, 'viewer')"
_STAND = """
select account.workspace_id, account.status as account, campaign.status as campaign
  from public.instagram_accounts account
  join public.campaigns campaign on campaign.account_id = account.id
"""
_NEW_ACCOUNT = """
insert into public.instagram_accounts (id, workspace_id, instagram_id, username)
values (gen_random_uuid(), $1, '99', 'new')
"""
_TAKEN = """
update public.exports
   set state = 'running', attempts = 1, lease_owner = 'me',
       lease_until = now() + interval '5 minutes'
 where workspace_id = $1
"""
