"""Who writes exports reads of people what belongs into one that was asked for, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from switchboard.db import portable
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Queryable, open_pool
from switchboard.db.portable import TRAVEL
from tests.integration.db.town import Shop, open_shop, owe
from tests.integration.db.users import acting_as, hire


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner") as db:
        yield db


@pytest.fixture
async def caretaker(caretaker_url: str) -> AsyncIterator[Database]:
    """The database as whoever writes exports."""
    async with open_pool(caretaker_url, name="caretaker") as db:
        yield db


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace to which something has happened, beside another."""
    for _ in range(2):
        shop = await open_shop(owner)
        await owe(owner, shop)
    return shop


async def ask(
    owner: Database, shop: Shop, kind: str = "workspace", person: str | None = None
) -> UUID:
    """Ask for an export, as an admin."""
    row = await owner.fetchrow(
        "insert into public.exports (workspace_id, kind, account_id, person_id, asked_by)"
        " values ($1, $2, $3, $4, $5) returning id",
        shop.workspace,
        kind,
        shop.account if person else None,
        person,
        await hire(owner, shop, "admin"),
    )
    assert row is not None
    export: UUID = row["id"]
    return export


async def take(db: Queryable, taker: str = "me") -> UUID | None:
    """Take the export that was asked for first."""
    row = await db.fetchrow("select id from private.take_export($1, '1 minute', 5)", taker)
    return None if row is None else row["id"]


async def workspaces(
    db: Database, export: UUID, table: str = "public.events", taker: str = "me"
) -> set[str]:
    """Return whose rows of a table are read for an export."""
    async with db.transaction() as tx:
        await portable.begin_reading(tx)
        await tx.execute("select private.open_export($1, $2, $3)", export, taker, table)
        rows = await tx.fetch("fetch 1000 from travelling")
    whose = "id" if table == "public.workspaces" else "workspace_id"
    return {row["line"].split(f'"{whose}": "')[1][:36] for row in rows}


async def test_what_travels(owner: Database) -> None:
    """The database and the command line have the same tables, orders, and columns that stay."""
    rows = await owner.fetch("select * from private.exported_tables()")

    assert [(one.name, one.order, one.whose, one.stays) for one in TRAVEL] == [
        (row["name"], row["ordered"], row["whose"], frozenset(row["stays"])) for row in rows
    ]


async def test_one_workspace(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Of each table come the rows of the workspace that was asked for."""
    export = await ask(owner, shop)
    assert export == await take(caretaker)

    for table in ("public.workspaces", "public.contacts", "public.events", "public.deliveries"):
        assert {str(shop.workspace)} == await workspaces(caretaker, export, table)


async def test_nothing_besides(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Tables that do not travel, and statements in the place of a table, are refused."""
    export = await ask(owner, shop)
    await take(caretaker)

    for table in (
        "public.api_keys",
        "private.instagram_credentials",
        "auth.users",
        "public.events one, public.contacts",
        "",
    ):
        with pytest.raises(QueryFailed, match="has no"):
            await workspaces(caretaker, export, table)


async def test_while_it_is_ours(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Nothing is read before it is taken, by another, after its lease, and when it is done."""
    export = await ask(owner, shop)
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export)
    await take(caretaker)
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export, taker="another")
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, uuid4())
    await owner.execute("update public.exports set lease_until = now()")
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export)
    await owner.execute("update public.exports set lease_until = now() + interval '1 minute'")
    there = await workspaces(caretaker, export)
    await caretaker.execute(
        "select private.finish_export($1, 'me', 'x', 1, repeat('0', 64), 1, '1 day')", export
    )
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export)

    assert {str(shop.workspace)} == there


async def test_whoever_asked_may_no_longer(
    owner: Database, caretaker: Database, shop: Shop
) -> None:
    """Rights that were taken away count at once, for each table that is still to be read."""
    export = await ask(owner, shop)
    await take(caretaker)
    await owner.execute(
        "update public.memberships set role = 'editor' where user_id ="
        " (select asked_by from public.exports)"
    )

    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export)


@pytest.mark.parametrize("change", ["role = 'editor'", "revoked_at = now()", "expires_at = now()"])
async def test_a_key_that_asked(
    owner: Database, caretaker: Database, shop: Shop, change: str
) -> None:
    """A program's key counts by what it is now."""
    key = uuid4()
    await owner.execute(
        "insert into public.api_keys (id, workspace_id, name, prefix, key_hash, role, created_by)"
        " values ($1, $2, 'till', 'sb_1', sha256('k'), 'admin', gen_random_uuid())",
        key,
        shop.workspace,
    )
    export = await ask(owner, shop)
    await owner.execute("update public.exports set asked_by = $1", key)
    await take(caretaker)
    there = await workspaces(caretaker, export)
    await owner.execute(
        f"update public.api_keys set created_at = now() - interval '1 day', {change}"
    )

    assert {str(shop.workspace)} == there
    with pytest.raises(QueryFailed, match="not yours to write"):
        await workspaces(caretaker, export)


async def test_as_its_kind_allows(owner: Database, caretaker: Database, shop: Shop) -> None:
    """For events no contacts are read, for a person no tables, and for a workspace no person."""
    of_events, of_person = await ask(owner, shop, "events"), await ask(owner, shop, "person", "1")
    whole = await ask(owner, shop)
    for _ in range(3):
        await take(caretaker)

    assert {str(shop.workspace)} == await workspaces(caretaker, of_events)
    with pytest.raises(QueryFailed, match="kind events has no"):
        await workspaces(caretaker, of_events, "public.contacts")
    with pytest.raises(QueryFailed, match="kind person has no"):
        await workspaces(caretaker, of_person)
    for export in (of_events, whole):
        with pytest.raises(QueryFailed, match="not about one person"):
            await caretaker.fetchrow("select private.exported_person($1, 'me')", export)


async def test_no_rights_in_general(caretaker: Database) -> None:
    """The role itself sees neither people nor what they wrote, nor exports."""
    for statement in (
        "select person_id from public.contacts",
        "select event from public.events",
        "select content from public.deliveries",
        "select id from public.exports",
        "insert into public.exports (kind) values ('workspace')",
        "select private.may_export(gen_random_uuid(), gen_random_uuid())",
        "select private.running_export(gen_random_uuid(), 'me')",
    ):
        with pytest.raises(QueryFailed, match="permission denied"):
            await caretaker.fetch(statement)


async def test_users_do_not_work_on_exports(owner: Database, api_url: str, shop: Shop) -> None:
    """What the caretaker may call nobody else may, admins neither."""
    export = await ask(owner, shop)
    admin = await hire(owner, shop, "admin")
    async with open_pool(api_url, name="api") as api:
        for call in (
            "take_export('me', '1 minute', 5)",
            f"open_export('{export}', 'me', 'public.contacts')",
            f"exported_person('{export}', 'me')",
            f"go_on_exporting('{export}', 'me', 1, '1 minute')",
            f"finish_export('{export}', 'me', 'x', 1, repeat('0', 64), 1, '1 day')",
            f"give_up_export('{export}', 'me', 'x', null)",
            "exports_to_sweep(1)",
            f"export_swept('{export}')",
        ):
            with pytest.raises(QueryFailed, match="permission denied"):
                async with acting_as(api, admin) as tx:
                    await tx.fetch(f"select private.{call}")


async def test_another_workspaces_is_not_discarded(
    owner: Database, api_url: str, shop: Shop
) -> None:
    """Nor is one's own by somebody below admin."""
    export = await ask(owner, shop)
    outsider = await hire(owner, await open_shop(owner), "owner")
    async with open_pool(api_url, name="api") as api:
        for user in (outsider, await hire(owner, shop, "editor")):
            async with acting_as(api, user) as tx:
                row = await tx.fetchrow("select private.discard_export($1) as done", export)
                assert row is not None
                assert not row["done"]
    row = await owner.fetchrow("select state from public.exports")

    assert row is not None
    assert "asked" == row["state"]


async def test_side_by_side(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Nobody takes what another is at; of a workspace one begins at a time, for a moment."""
    exports = {await ask(owner, shop) for _ in range(2)}
    async with caretaker.transaction() as one, caretaker.transaction() as other:
        first = await take(one, "one")
        second = await take(other, "other")
    third = await take(caretaker, "third")

    assert {first, third} == exports
    assert second is None
