"""
Attacks that need no list of tables: whatever there is, read, written, called and shadowed.

What is kept is looked for afterwards in a copy of the database of the test's own.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.db.isolation.conftest import Settled
from tests.integration.db.isolation.matrix import Caller, Connection, acting, callers, connected
from tests.integration.db.isolation.town import Tenant

OUTSIDERS = ("neighbour", "stranger", "nobody")
# Types that our functions name, of which one may make a temporary one with a check.
SHADOWS = ("uuid", "text", "jsonb", "timestamptz", "date", "regclass", "bytea", "int4", "bool")


@contextlib.asynccontextmanager
async def _kept(settled: Settled, caller: Caller) -> AsyncIterator[Connection]:
    """Be `caller`, for what is kept."""
    async with connected(getattr(settled.logins, caller.login)) as connection:
        claims = json.dumps(dict(caller.claims))
        await connection.execute("select set_config('request.jwt.claims', $1, false)", claims)
        if caller.role:
            await connection.execute("select set_config('role', $1, false)", caller.role)
        yield connection


def _caller(settled: Settled, name: str) -> Caller:
    return next(one for one in callers(settled.town) if one.name == name)


async def _refusal(connection: Connection, statement: str, *args: object) -> str:
    """Run `statement` and undo it; return what refuses it, as whoever asked is told."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        return await connection.execute(statement, *args)
    except asyncpg.PostgresError as error:
        return f"{error.sqlstate} {error} {getattr(error, 'constraint_name', None)}"
    finally:
        await savepoint.rollback()


async def _ids(owner: Connection, tenant: Tenant) -> set[str]:
    """Return what tells a tenant's rows, wherever it stands: every UUID that is theirs alone."""
    known = {str(one) for one in tenant.ids}
    for name, column in (
        *(("public.campaigns", "id"), ("public.deliveries", "id"), ("public.events", "event_id")),
        *(("public.intents", "id"), ("public.invitations", "id"), ("public.exports", "id")),
    ):
        query = f"select {column}::text from {name} where workspace_id = $1"
        known |= {row[0] for row in await owner.fetch(query, tenant.shop.workspace)}
    return known


async def _rows_naming(owner: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return every row of every table that names one of `ids` anywhere."""
    found = {}
    for table in await owner.fetch(_TABLES):
        query = f"select to_jsonb(t)::text from {table['name']} t"
        rows = [row[0] for row in await owner.fetch(query)]
        found[table["name"]] = sorted(row for row in rows if any(one in row for one in ids))
    return found


@pytest.mark.parametrize("name", OUTSIDERS)
async def test_whatever_they_read(settled: Settled, name: str) -> None:
    """Of all that somebody outside may read in any table, nothing names anything of ours."""
    told = []
    async with connected(settled.logins.owner) as owner:
        ours = await _ids(owner, settled.town.ours)
        tables = await owner.fetch(_READABLE)
    async with acting(settled.logins, _caller(settled, name)) as connection:
        for table in tables:
            rows = await connection.fetch(f"select {table['columns']} from {table['name']}")
            text = "".join(str(dict(row)) for row in rows)
            told += [(table["name"], one) for one in ours if one in text]

    assert len(tables) > 20
    assert [] == told


@pytest.mark.parametrize("name", OUTSIDERS)
async def test_whatever_they_write(holed: Settled, name: str) -> None:
    """Updates and deletions of all rows of all tables, kept, leave ours as they were."""
    async with connected(holed.logins.owner) as owner:
        ids = await _ids(owner, holed.town.ours)
        before = await _rows_naming(owner, ids)
        tables = await owner.fetch(_WRITABLE)
        async with _kept(holed, _caller(holed, name)) as connection:
            for table in tables:
                for column in table["updates"]:
                    statement = f"update {table['name']} set {column} = {column}"
                    with contextlib.suppress(asyncpg.PostgresError):
                        await connection.execute(statement)
                if table["deletes"]:
                    with contextlib.suppress(asyncpg.PostgresError):
                        await connection.execute(f"delete from {table['name']}")

        assert before == await _rows_naming(owner, ids)


async def test_a_viewer_writes_nothing(holed: Settled) -> None:
    """Whatever a viewer updates, deletes or copies in, nothing of the workspace is another."""
    viewer = _caller(holed, "viewer")
    own = ("public.memberships", "private.idempotency_keys")  # they may leave, and ask twice
    async with connected(holed.logins.owner) as owner:
        ids = await _ids(owner, holed.town.ours)
        before = await _rows_naming(owner, ids)
        async with _kept(holed, viewer) as connection:
            for table in await owner.fetch(_WRITABLE):
                name, columns = table["name"], ", ".join(table["inserts"])
                statements = [f"update {name} set {one} = {one}" for one in table["updates"]]
                if table["deletes"] and name not in own:
                    statements.append(f"delete from {name}")
                for statement in statements:
                    with contextlib.suppress(asyncpg.PostgresError):
                        await connection.execute(statement)
                for row in before[name] if columns else ():
                    with contextlib.suppress(asyncpg.PostgresError):
                        await connection.execute(
                            f"insert into {name} ({columns}) select {columns}"
                            f" from jsonb_populate_record(null::{name}, $1::jsonb)",
                            row,
                        )
        after = await _rows_naming(owner, ids)

    assert before == after


@pytest.mark.parametrize("name", ["neighbour", "stranger"])
async def test_whatever_they_call(holed: Settled, name: str) -> None:
    """No function that users may call does or tells anything with what is not the caller's."""
    told = []
    async with connected(holed.logins.owner) as owner:
        ids = await _ids(owner, holed.town.ours)
        before = await _rows_naming(owner, ids)
        functions = await owner.fetch(_CALLED_BY_USERS)
        async with _kept(holed, _caller(holed, name)) as connection:
            for function in functions:
                for one in ids if "uuid" in function["kinds"] else {str(uuid4())}:
                    call = _call(function["name"], function["kinds"], one)
                    with contextlib.suppress(asyncpg.PostgresError):
                        rows = await connection.fetch(f"select * from {call}")
                        told += [
                            (call, str(row)) for row in rows if any(i in str(row) for i in ids)
                        ]

        assert len(functions) > 10
        assert [] == told
        assert before == await _rows_naming(owner, ids)


def _call(name: str, kinds: Iterable[str], known: str) -> str:
    values = {
        "uuid": f"'{known}'::uuid",
        "uuid[]": f"array['{known}'::uuid]",
        "text": "'drop'",
        "bytea": "sha256('x')",
        "text[]": "'{x}'::text[]",
        "member_role": "'viewer'::public.member_role",
        "jsonb": "'{}'::jsonb",
        "bigint": "1",
        "integer": "1",
        "date": "current_date",
        "timestamp with time zone": "now()",
        "timestamp with time zone[]": "array[now()]",
        "interval": "interval '1 d'",
        "boolean": "true",
    }
    return f"{name}({', '.join(values[kind] for kind in kinds)})"


class TestShadows:
    @pytest.mark.parametrize("login", ["pipeline", "caretaker", "admin"])
    async def test_a_temporary_type(self, settled: Settled, login: str) -> None:
        """What somebody calls `uuid` for themselves is run by no function of the owner's."""
        assert set() == await _ran_as(settled, login) & {"postgres"}

    async def test_a_path_that_is_empty(self, holed: Settled) -> None:
        """The path that looks safest is not, and would be noticed."""
        async with connected(holed.logins.owner) as owner:
            for row in await owner.fetch(_CALLED_BY, "postgres"):
                name, kinds = row["name"], ", ".join(row["kinds"])
                await owner.execute(f"alter function {name}({kinds}) set search_path = ''")

        assert "postgres" in await _ran_as(holed, "pipeline")
        assert "postgres" in await _ran_as(holed, "caretaker")


async def _ran_as(settled: Settled, login: str) -> set[str]:
    """Return as whom a type's check was run, while whatever `login` may call was called."""
    notices: list[str] = []
    async with connected(settled.logins.owner) as owner:
        role = "authenticated" if login == "admin" else f"switchboard_{login}"
        calls = [
            _call(function["name"], function["kinds"], str(settled.town.ours.shop.account))
            for function in await owner.fetch(_CALLED_BY, role)
        ]
    async with acting(settled.logins, _caller(settled, login)) as connection:
        connection.add_log_listener(lambda _, message: notices.append(str(message)))
        await connection.execute(_TELL_WHO)
        for name in SHADOWS:
            await connection.execute(
                f"create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.tell_who())"
            )
        await connection.execute("select 'x'::pg_temp.text")
        for statement in (*(f"select * from {call}" for call in calls), *_FIRES_TRIGGERS):
            await _refusal(connection, statement)
    assert calls
    assert notices
    return {notice.partition("ran as ")[2] for notice in notices}


class TestTelling:
    async def test_what_is_not_there_and_what_is_not_ours(self, settled: Settled) -> None:
        """Refusals are the same, whether an id is another tenant's or nobody's."""
        ours, theirs = settled.town.ours.shop, settled.town.theirs.shop
        async with connected(settled.logins.owner) as owner:
            told = await owner.fetchval(
                "select event_id from public.events where account_id = $1 limit 1", theirs.account
            )
        account, label = (theirs.account, uuid4()), f"'{told}', 'x', auth.uid()"
        rows: Mapping[str, tuple[str, str, tuple[UUID, UUID]]] = {
            "intents": ("account_id, name", "'price'", account),
            "campaigns": ("account_id, name", "'x'", account),
            "exports": ("account_id, kind, asked_by", "'events', auth.uid()", account),
            "intent_labels": ("account_id, event_id, text, labelled_by", label, account),
            "campaign_versions": (
                "campaign_id, version, definition, published_by",
                "1, '{}', auth.uid()",
                (theirs.campaign, uuid4()),
            ),
        }
        different = {}
        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            for table, (columns, values, pair) in rows.items():
                for more in ("", " on conflict do nothing"):
                    statement = (
                        f"insert into public.{table} (workspace_id, {columns})"
                        f" values ($1, $2, {values}){more}"
                    )
                    refused = [
                        await _refusal(connection, statement, ours.workspace, one) for one in pair
                    ]
                    if refused[0] != refused[1]:
                        different[table, more] = refused

        assert {} == different

    async def test_who_is_a_user(self, settled: Settled) -> None:
        """Nobody finds out whether somebody has an account here, nor under which address."""
        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            refused = {
                await _refusal(
                    connection,
                    "insert into public.memberships (workspace_id, user_id, role)"
                    " values ($1, $2, 'viewer')",
                    settled.town.ours.shop.workspace,
                    user,
                )
                for user in (settled.town.stranger, uuid4())
            }

        assert {"42501 permission denied for table memberships None"} == refused


class TestSpoiling:
    @pytest.mark.parametrize("name", ["anon", "viewer", "service", "pipeline", "api"])
    async def test_the_audit_logs_numbers(self, settled: Settled, name: str) -> None:
        """Nobody sets them back: then nothing could be changed that the log notes."""
        async with acting(settled.logins, _caller(settled, name)) as connection:
            refused = await _refusal(connection, "select setval('public.audit_log_id_seq', 1)")

        assert refused.startswith("42501")

    @pytest.mark.parametrize(
        "written",
        ['{"a":' * 70 + "1" + "}" * 70, '{"a": %s}' % ("9" * 5_000), '{"a": [[-1e400]]}'],
        ids=["deep", "digits", "beyond"],
    )
    async def test_json_that_nobody_reads(self, settled: Settled, written: str) -> None:
        """What our readers would give up on is not stored: it is read with all others' rules."""
        ours = settled.town.ours.shop
        statements = {
            "editor": (
                """insert into public.campaign_versions
                     (workspace_id, campaign_id, version, definition, published_by)
                   values ($1, $2, 9, $3::text::jsonb, auth.uid())""",
                (ours.workspace, ours.campaign, written),
            ),
            "admin": (
                "update public.instagram_accounts set intent_calibration = $1::text::jsonb",
                (written,),
            ),
            "owner": ("update public.campaigns set draft = $1::text::jsonb", (written,)),
        }
        for name, (statement, values) in statements.items():
            async with acting(settled.logins, _caller(settled, name)) as connection:
                assert (await _refusal(connection, statement, *values)).startswith("23514")

    async def test_an_account_without_a_login(self, settled: Settled) -> None:
        """Admins disconnect an account, and connect none: only its owner at Instagram does."""
        account = settled.town.ours.shop.account
        disconnect = "select private.disconnect_account($1)"
        said = {}
        for name in ("editor", "neighbour", "stranger", "key", "admin"):
            async with acting(settled.logins, _caller(settled, name)) as connection:
                said[name] = await connection.fetchval(disconnect, account)
                back = await _refusal(
                    connection, "update public.instagram_accounts set status = 'connected'"
                )
                assert back.startswith("42501")

        assert said == {
            "editor": False,
            "neighbour": False,
            "stranger": False,
            "key": True,
            "admin": True,
        }


class TestBeingSomebodyElse:
    async def test_a_key_called_like_a_user(self, settled: Settled) -> None:
        """Nobody chooses what a key is called, for it is what its caller is known by."""
        async with acting(settled.logins, _caller(settled, "admin")) as connection:
            refused = await _refusal(
                connection,
                """insert into public.api_keys
                     (id, workspace_id, name, prefix, key_hash, role, created_by)
                   values ($1, $2, 'x', 'sb_x', sha256('x'), 'admin', auth.uid())""",
                settled.town.theirs.staff["owner"],
                settled.town.ours.shop.workspace,
            )

        assert refused.startswith("42501")

    async def test_a_label_in_anothers_name(self, settled: Settled) -> None:
        """Whoever changes what was said of a text has said it themselves."""
        async with acting(settled.logins, _caller(settled, "editor")) as connection:
            tags = [
                (await _refusal(connection, statement, who))[:8]
                for who in (settled.town.ours.staff["owner"], settled.town.ours.staff["editor"])
                for statement in (
                    "update public.intent_labels set intent = 'price', labelled_by = $1",
                )
            ]

        assert ["42501 ne", "UPDATE 1"] == tags

    @pytest.mark.parametrize(
        "claims",
        [
            '{"role": "service_role", "sub": null}',
            '{"role": "postgres"}',
            '{"sub": ["%s"]}',
            '{"sub": {"sub": "%s"}}',
            '{"sub": "%s\'; reset role; --"}',
            '{"Sub": "%s"}',
            '{"user_metadata": {"sub": "%s", "api_key_id": "%s"}}',
            '{"api_key_id": ["%s"]}',
            '{"sub": "", "api_key_id": "%s"}',
            '["%s"]',
            '"%s"',
            "null",
            "{",
            "",
        ],
    )
    async def test_claims_that_are_odd(self, settled: Settled, claims: str) -> None:
        """Claims of another shape than the API writes open nothing, whomever they name."""
        boss = str(settled.town.ours.staff["owner"])
        async with connected(settled.logins.authenticator) as connection, connection.transaction():
            await connection.execute(
                "select set_config('request.jwt.claims', $1, true)", claims.replace("%s", boss)
            )
            await connection.execute("set local role authenticated")
            tag = await _refusal(connection, "select id from public.workspaces")

        assert tag == "SELECT 0" or tag.startswith("22")


_TELL_WHO = """
create function pg_temp.tell_who() returns pg_catalog.bool language plpgsql as $$
begin
  raise notice 'ran as %', current_user;
  return true;
end $$
"""

_FIRES_TRIGGERS = (
    "update public.deliveries set state = 'parked' where state = 'ready'",
    "update public.campaigns set name = 'x'",
    "update public.instagram_accounts set status = 'reconnect_needed'",
)

_TABLES = """
select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
 order by 1
"""

_READABLE = """
select n.nspname || '.' || c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm')
   and has_column_privilege('authenticated', c.oid, a.attnum, 'SELECT')
 group by 1
"""

_WRITABLE = """
select n.nspname || '.' || c.relname as name,
       has_table_privilege('authenticated', c.oid, 'DELETE') as deletes,
       coalesce(array_agg(quote_ident(a.attname)) filter (
         where has_column_privilege('authenticated', c.oid, a.attnum, 'UPDATE')), '{}') as updates,
       coalesce(array_agg(quote_ident(a.attname)) filter (
         where has_column_privilege('authenticated', c.oid, a.attnum, 'INSERT')), '{}') as inserts
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
 group by 1, 2
 order by 1
"""

_CALLED_BY = """
select p.oid::regproc::text as name,
       array(select format_type(kind, null) from unnest(p.proargtypes::oid[]) kind) as kinds
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private') and has_function_privilege($1, p.oid, 'EXECUTE')
"""
_CALLED_BY_USERS = _CALLED_BY.replace("$1", "'authenticated'")
