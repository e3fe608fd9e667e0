"""Attacks with a name: what somebody would try who wants what is not theirs."""

from __future__ import annotations

import itertools
import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.db.isolation import matrix
from tests.integration.db.isolation.conftest import Settled
from tests.integration.db.isolation.expectations import TABLES
from tests.integration.db.isolation.matrix import Caller, Connection, acting, callers, connected
from tests.integration.db.isolation.town import STAFF

SECRETS = {
    "private.instagram_credentials": "ciphertext",
    "private.webhook_secrets": "ciphertext",
    "public.api_keys": "key_hash",
    "public.invitations": "token_hash",
    "private.login_states": "state_hash",
    "private.deletion_requests": "app_scoped_id_hash",
    "auth.users": "email",
}


def _caller(settled: Settled, name: str) -> Caller:
    return next(one for one in callers(settled.town) if one.name == name)


async def _tag(connection: Connection, statement: str, *args: object) -> str:
    """Run `statement` and undo it; return its tag, or the kind of refusal."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        return await connection.execute(statement, *args)
    except asyncpg.InsufficientPrivilegeError as error:
        return "refused" if "row-level security" in str(error) else "denied"
    except asyncpg.CheckViolationError as error:
        return str(error)
    except asyncpg.ForeignKeyViolationError:
        return "foreign key"
    except asyncpg.NoDataFoundError:
        return "none"
    finally:
        await savepoint.rollback()


class TestTenants:
    async def test_moving_rows(self, settled: Settled) -> None:
        """Nobody, not even an owner of both, moves a row from one workspace to another."""
        moved = {}
        for caller in callers(settled.town):
            async with acting(settled.logins, caller) as connection:
                for name, table in TABLES.items():
                    column = table.tenant or _NOBODYS[name]
                    statement = f"update {name} set {column} = {column}"
                    moved[caller.name, name] = await _tag(connection, statement)

        assert {"denied"} == set(moved.values())

    async def test_attaching_to_anothers(self, settled: Settled) -> None:
        """
        A row in one's own workspace cannot hang on another's account or campaign.

        Where a unique index would tell first what the other has, a policy refuses it before that.
        """
        ours, theirs = settled.town.ours.shop, settled.town.theirs.shop
        attempts = {
            "campaigns": "(workspace_id, account_id, name) values ($1, $2, 'x')",
            "intents": "(workspace_id, account_id, name) values ($1, $2, 'x')",
            "intent_labels": "(workspace_id, account_id, text, labelled_by)"
            " values ($1, $2, 'x', auth.uid())",
            "exports": "(workspace_id, account_id, kind, asked_by)"
            " values ($1, $2, 'workspace', auth.uid())",
        }
        got = {}

        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            for table, row in attempts.items():
                statement = f"insert into public.{table} {row}"
                got[table] = await _tag(connection, statement, ours.workspace, theirs.account)
            got["campaign_versions"] = await _tag(
                connection,
                """insert into public.campaign_versions
                     (workspace_id, campaign_id, version, definition, published_by)
                   values ($1, $2, 9, '{}', auth.uid())""",
                ours.workspace,
                theirs.campaign,
            )
            got["login_states"] = await _tag(
                connection,
                """insert into private.login_states
                     (state_hash, workspace_id, user_id, account_id)
                   values (sha256('x'), $1, auth.uid(), $2)""",
                ours.workspace,
                theirs.account,
            )

        unique = ("campaign_versions", "intents", "intent_labels")
        assert {name: "refused" if name in unique else "foreign key" for name in got} == got

    async def test_every_reference_is_composite(self, settled: Settled) -> None:
        """What a user may insert refers to a tenant's row only together with the workspace."""
        async with connected(settled.logins.owner) as owner:
            single = [tuple(row) for row in await owner.fetch(_SINGLE_REFERENCES)]

        writable = {name for name, table in TABLES.items() if table.insert}
        assert ("public.link_clicks", "deliveries") in single
        assert [] == [one for one in single if one[0] in writable]

    async def test_acting_in_anothers_name(self, settled: Settled) -> None:
        """Whoever writes a row says who they are, and no one else."""
        ours = settled.town.ours
        row = "(workspace_id, account_id, kind, asked_by) values ($1, $2, 'workspace', $3)"

        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            tags = [
                await _tag(
                    connection,
                    f"insert into public.exports {row}",
                    ours.shop.workspace,
                    ours.shop.account,
                    name,
                )
                for name in (ours.staff["owner"], ours.staff["admin"], settled.town.stranger)
            ]

        assert ["INSERT 0 1", "refused", "refused"] == tags


class TestMembers:
    async def test_promoting(self, settled: Settled) -> None:
        """Admins rule over all but owners, owners over all; nobody promotes themselves."""
        staff = settled.town.ours.staff
        allowed = set()

        for by in STAFF:
            async with acting(settled.logins, _caller(settled, by)) as connection:
                for of, to in itertools.product(STAFF, STAFF):
                    tag = await _tag(connection, _SET_ROLE, to, staff[of])
                    if tag == "UPDATE 1" or "without an owner" in tag:
                        allowed.add((by, of, to))

        below = STAFF[:-1]
        assert {("admin", of, to) for of in below for to in below} | {
            ("owner", of, to) for of in STAFF for to in STAFF
        } == allowed

    async def test_adding(self, settled: Settled) -> None:
        """Nobody puts anybody into a workspace, not even into their own: people accept to come."""
        ours, theirs, stranger = (
            settled.town.ours.shop.workspace,
            settled.town.theirs.shop.workspace,
            settled.town.stranger,
        )
        add = (
            "insert into public.memberships (workspace_id, user_id, role)"
            " values ($1, $2, $3::public.member_role)"
        )
        attempts = [
            ("owner", ours, "owner"),
            ("admin", ours, "admin"),
            ("admin", ours, "owner"),
            ("editor", ours, "viewer"),
            ("owner", theirs, "viewer"),
            ("stranger", ours, "viewer"),
        ]

        tags = []
        for by, workspace, role in attempts:
            async with acting(settled.logins, _caller(settled, by)) as connection:
                tags.append(await _tag(connection, add, workspace, stranger, role))

        assert ["denied"] * 6 == tags

    async def test_removing(self, settled: Settled) -> None:
        """Anyone may leave; an admin removes whoever is less than an owner, others nobody."""
        staff = settled.town.ours.staff
        gone = set()

        for by in STAFF:
            async with acting(settled.logins, _caller(settled, by)) as connection:
                for of in STAFF:
                    tag = await _tag(connection, _REMOVE, staff[of])
                    if tag == "DELETE 1":
                        gone.add((by, of))

        assert {
            *((role, role) for role in STAFF[:-1]),
            *(("admin", of) for of in STAFF[:-1]),
            *(("owner", of) for of in STAFF[:-1]),
        } == gone

    async def test_the_last_owner(self, settled: Settled) -> None:
        """The last owner can neither leave nor become less, nor be removed by a second tenant."""
        boss = settled.town.ours.staff["owner"]

        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            left = await _tag(connection, _REMOVE, boss)
            lowered = await _tag(connection, _SET_ROLE, "admin", boss)
        async with acting(settled.logins, _caller(settled, "neighbour")) as connection:
            removed = await _tag(connection, _REMOVE, boss)

        assert "without an owner" in left
        assert "without an owner" in lowered
        assert removed == "DELETE 0"


class TestSecrets:
    async def test_reading_a_secrets_column(self, settled: Settled) -> None:
        """No column that holds a secret is read by anybody who comes through an API."""
        got = {}
        for caller in callers(settled.town):
            if caller.name not in matrix.SYSTEMS:
                async with acting(settled.logins, caller) as connection:
                    for table, column in SECRETS.items():
                        statement = f"select {column} from {table}"
                        got[caller.name, table] = await _tag(connection, statement)

        assert {"denied"} == set(got.values())

    async def test_reading_around_the_columns(self, settled: Settled) -> None:
        """Nor does `*`, the whole row, a condition, or what is returned give one away."""
        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            tags = [
                await _tag(connection, statement)
                for statement in (
                    "select * from public.api_keys",
                    "select to_jsonb(key) from public.api_keys key",
                    "select id from public.api_keys where key_hash > '\\x00'",
                    "select id from public.api_keys order by key_hash",
                    "update public.api_keys set name = 'x' returning key_hash",
                    "update public.api_keys set name = encode(key_hash, 'hex')",
                )
            ]

        assert {"denied"} == set(tags)

    async def test_what_the_audit_log_keeps(self, settled: Settled) -> None:
        """The log, which admins read, has no value of a secret's column."""
        async with connected(settled.logins.owner) as owner:
            found = await owner.fetch(
                """select subject from public.audit_log
                    where coalesce(before, '{}') || coalesce(after, '{}')
                          ?| array['ciphertext', 'nonce', 'key_hash', 'token_hash']"""
            )
            there = await owner.fetchval("select count(distinct subject) from public.audit_log")

        assert [] == found
        assert there >= 8


class TestRoles:
    @pytest.mark.parametrize("login", ["api", "pipeline"])
    async def test_becoming_somebody_else(self, settled: Settled, login: str) -> None:
        """Neither login becomes a role that sees more, by statement or by setting."""
        async with connected(getattr(settled.logins, login)) as connection:
            tags = {
                await _tag(connection, statement.format(role))
                for role in ("service_role", "postgres", "supabase_auth_admin", "anon")
                for statement in ("set local role {}", "select set_config('role', '{}', true)")
            }

        assert {"denied"} == tags

    async def test_becoming_somebody_else_inside_the_envelope(self, settled: Settled) -> None:
        """A user whose statement tries to become another role stays who they are."""
        caller = Caller(
            "owner", "api", "authenticated", {"sub": str(settled.town.ours.staff["owner"])}
        )
        async with acting(settled.logins, caller) as connection:
            tags = {
                await _tag(connection, f"set local role {role}")
                for role in ("service_role", "postgres", "switchboard_pipeline")
            }

        assert {"denied"} == tags

    async def test_claims_without_a_role(self, settled: Settled) -> None:
        """An owner's claims open nothing for a login that has not become a user."""
        claims = {"sub": str(settled.town.ours.staff["owner"])}
        for login in ("api", "pipeline"):
            caller = Caller("forgetful", login, None, claims)
            async with acting(settled.logins, caller) as connection:
                assert await _tag(connection, "select id from public.invitations") == "denied"

    async def test_claims_that_are_odd(self, settled: Settled) -> None:
        """A user who is gone, a revoked or invented key, and no claims at all see nothing."""
        odd = [{"sub": str(uuid4())}, {"api_key_id": str(uuid4())}, {}, {"role": "service_role"}]
        for claims in odd:
            caller = Caller("odd", "api", "authenticated", claims)
            async with acting(settled.logins, caller) as connection:
                assert await _tag(connection, "select id from public.workspaces") == "SELECT 0"

    async def test_what_only_owners_of_tables_do(self, settled: Settled) -> None:
        """Nobody empties a table, makes one, switches policies off, or runs a program."""
        got = {}
        for caller in callers(settled.town):
            async with acting(settled.logins, caller) as connection:
                for statement in _OWNERS_ALONE:
                    got[caller.name, statement] = await _tag(connection, statement)

        assert {"denied"} == set(got.values())


class TestFunctions:
    async def test_anon_calls_nothing(self, settled: Settled) -> None:
        """Without a login no function of ours can be called."""
        async with connected(settled.logins.owner) as owner:
            functions = [row["call"] for row in await owner.fetch(_CALLS)]
        async with acting(settled.logins, _caller(settled, "anon")) as connection:
            tags = {await _tag(connection, f"select {call}") for call in functions}

        assert len(functions) > 10
        assert {"denied"} == tags

    async def test_a_user_learns_no_key_and_no_login(self, settled: Settled) -> None:
        """What the API asks as itself is not for users: it would tell whose a guess is."""
        async with acting(settled.logins, _caller(settled, "owner")) as connection:
            for function in ("use_api_key", "use_login_state"):
                tag = await _tag(connection, f"select private.{function}(sha256('guess'))")
                assert tag == "denied"

    async def test_what_the_pipeline_is_told(self, settled: Settled) -> None:
        """Its functions about a delivery tell nothing of one that is not in doubt."""
        async with acting(settled.logins, _caller(settled, "pipeline")) as connection:
            delivery: UUID = await connection.fetchval("select id from public.deliveries limit 1")

            tag = await _tag(connection, "select * from private.own_words($1)", delivery)

        assert tag == "SELECT 0"


class TestOperators:
    async def test_making_oneself_one(self, settled: Settled) -> None:
        """Nobody who comes by a login of ours becomes an operator, ends one, or sees who is one."""
        tags = {}
        for caller in callers(settled.town):
            async with acting(settled.logins, caller) as connection:
                for statement in (
                    "insert into private.operators (user_id) select id from auth.users",
                    "insert into private.operators (user_id) values (gen_random_uuid())",
                    "delete from private.operators",
                    "select user_id from private.operators",
                ):
                    tags[caller.name, statement] = await _tag(connection, statement)

        assert {"denied"} == set(tags.values())

    async def test_passing_for_one(self, settled: Settled) -> None:
        """A key with an operator's id for its own is none, nor is an owner; the operator is."""
        async with connected(settled.logins.owner) as owner:
            one: UUID = await owner.fetchval("select user_id from private.operators limit 1")
        claims = {
            "key": {"api_key_id": str(one)},
            "owner": {"sub": str(settled.town.ours.staff["owner"])},
            "operator": {"sub": str(one)},
        }
        found = {}
        for name, claimed in claims.items():
            caller = Caller(name, "api", "authenticated", claimed)
            async with acting(settled.logins, caller) as connection:
                found[name] = await connection.fetchval("select private.is_operator()")

        assert {"key": False, "owner": False, "operator": True} == found

    async def test_writing_in_anothers_log(self, settled: Settled) -> None:
        """What becomes of another's letters is not an owner's to say; of one's own, an admin's."""
        ours, theirs = settled.town.ours.shop, settled.town.theirs.shop
        whose = ([ours.instagram_id], [ours.instagram_id, theirs.instagram_id], ["nobody"])
        got = {}
        for name in ("viewer", "editor", "admin", "owner", "stranger"):
            async with acting(settled.logins, _caller(settled, name)) as connection:
                got[name] = [
                    await _tag(connection, statement, json.dumps(dict.fromkeys(accounts, said)))
                    for statement, said in ((_NOTE, 1), (_BEGIN, ["1"]))
                    for accounts in whose
                ]

        none, own = ["denied"] * 2 + ["SELECT 1"] + ["denied"] * 3, ["SELECT 1", "denied"]
        own = [*own, "SELECT 1", *own, "denied"]
        assert {"viewer": none, "editor": none, "admin": own, "owner": own, "stranger": none} == got

    async def test_saying_what_came_of_anothers_deed(self, settled: Settled) -> None:
        """Who began it says so, once, and no more than was begun; nobody sees anybody's."""
        ours, somebodys = settled.town.ours.shop.instagram_id, 1
        got = []
        async with acting(settled.logins, _caller(settled, "admin")) as connection:
            mine = await connection.fetchval(_BEGIN, json.dumps({ours: ["1", "2"]}))
            for deed, many in ((somebodys, 1), (mine, 3), (mine, 2)):
                got.append(await _tag(connection, _END, deed, json.dumps({ours: many})))
            await connection.execute(_END, mine, json.dumps({ours: 2}))
            got.append(await _tag(connection, _END, mine, json.dumps({ours: 2})))
            got.append(await _tag(connection, "select private.letter_deeds_before(null, 10)"))

        more = f"more came true than was begun as {mine}"
        assert ["none", more, "SELECT 1", "none", "denied"] == got

    async def test_running_anothers_jobs(self, settled: Settled) -> None:
        """Only an admin of an account's own workspace hurries what is done for it."""
        theirs = settled.town.theirs.shop
        tags = set()
        for name in ("viewer", "editor", "admin", "owner", "stranger"):
            async with acting(settled.logins, _caller(settled, name)) as connection:
                statement = "select private.run_job($1, 'refresh')"
                tags.add(await _tag(connection, statement, theirs.account))

        assert {"denied"} == tags


async def test_nothing_was_kept(settled: Settled) -> None:
    """The attempts of this room leave nothing behind, so their order does not matter."""
    async with connected(settled.logins.owner) as owner:
        rows = await owner.fetch("select role::text, count(*) from public.memberships group by 1")
        tables = await matrix.catalogue(settled.logins)

    assert dict.fromkeys(STAFF, 2) == {row["role"]: row["count"] for row in rows}
    assert set(TABLES) == tables


# What tells rows apart that are no tenant's.
_NOBODYS = {
    "private.deletion_requests": "confirmation_code",
    "private.known_events": "event_id",
    "private.event_archives": "day",
    "private.forgotten": "id",
    "private.delivery_archives": "day",
    "private.event_memory": "begins_at",
    "private.operators": "user_id",
    "private.removed_workspaces": "workspace_id",
    "private.letter_deeds": "queue",
}

_BEGIN = "select private.begin_letters('events', 'sent_back', $1::text::jsonb)"
_END = "select private.end_letters($1, $2::text::jsonb)"
_NOTE = "select private.note_letters('events', 'sent_back', $1::text::jsonb)"
_SET_ROLE = "update public.memberships set role = $1::public.member_role where user_id = $2"
_REMOVE = "delete from public.memberships where user_id = $1"

_OWNERS_ALONE = (
    "truncate public.campaigns cascade",
    "create table public.mine (id int)",
    "create table private.mine (id int)",
    "create function public.mine() returns int language sql as 'select 1'",
    "alter table public.contacts disable row level security",
    "drop policy contacts_select on public.contacts",
    "create trigger mine after insert on public.contacts execute function public.mine()",
    "copy public.contacts to program 'cat'",
)

# Of what refers to a tenant's row by its id alone: the table, and what it refers to.
_SINGLE_REFERENCES = """
select n.nspname || '.' || referrer.relname, referred.relname::text
  from pg_constraint reference
  join pg_class referrer on referrer.oid = reference.conrelid
  join pg_class referred on referred.oid = reference.confrelid
  join pg_namespace n on n.oid = referrer.relnamespace
  join pg_attribute whose on whose.attrelid = referred.oid and whose.attname = 'workspace_id'
 where reference.contype = 'f' and n.nspname in ('public', 'private')
   and cardinality(reference.conkey) = 1
"""

_CALLS = """
select format('%s(%s)', p.oid::regproc,
              (select string_agg(format('null::%s', format_type(t.kind, null)), ', ')
                 from unnest(p.proargtypes::oid[]) as t (kind))) as call
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private') and p.prorettype <> 'trigger'::regtype
   and p.prokind = 'f'
union all
select format('%s()', p.oid::regproc)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private') and p.prorettype = 'trigger'::regtype
"""
