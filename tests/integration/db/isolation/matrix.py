"""
Every table, every command, everybody: what the database lets happen, beside what it should.

Each attempt is a real statement in a savepoint of a transaction that is rolled back, made as
PostgREST makes it: a login that may become `anon` or `authenticated`, `set_config('role', ...)`,
and the claims of the caller. An insert is tried with a row that exists, an update sets a column to
what it is; so what the rights and the policies let through ends in success or at a constraint or
trigger behind them, and either says that the row was reached.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import asyncpg

from tests.integration.db.isolation.expectations import TABLES, Table
from tests.integration.db.isolation.town import STAFF, Town

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Command: TypeAlias = Literal["select", "insert", "update", "delete"]
# Our own processes that serve all tenants: a login of each, and a field of that name in `Table`.
SYSTEMS: Final = ("pipeline", "caretaker")
COMMANDS: Final[tuple[Command, ...]] = ("select", "insert", "update", "delete")

# denied: there is no right. nothing: there is one, and no row for them. refused: a policy is
# against the row. ours, theirs, both: whose rows were reached. some: it cannot be told whose.
Outcome: TypeAlias = Literal["denied", "nothing", "refused", "ours", "theirs", "both", "some"]
Cell: TypeAlias = tuple[str, Command, str]


@dataclass(frozen=True, slots=True)
class Logins:
    """Addresses of one database, by who logs in."""

    owner: str
    authenticator: str
    api: str
    pipeline: str
    caretaker: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who tries: the login they come by, the role they take, and what they claim."""

    name: str
    login: str
    role: str | None
    claims: Mapping[str, str]

    @property
    def acts_as(self) -> str:
        """The database role whose rights they have."""
        return self.role or f"switchboard_{self.login}"

    @property
    def id(self) -> UUID | None:
        """What they are called in rows."""
        known = self.claims.get("sub") or self.claims.get("api_key_id")
        return UUID(known) if known else None


@dataclass(frozen=True, slots=True)
class Rights:
    """The columns of a table that a role may use, by command; and all it has."""

    select: list[str]
    insert: list[str]
    update: list[str]
    all: list[str]


def callers(town: Town) -> list[Caller]:
    """Return everybody."""

    def user(name: str, subject: UUID) -> Caller:
        claims = {"sub": str(subject), "role": "authenticated"}
        return Caller(name, "authenticator", "authenticated", claims)

    return [
        *(user(role, town.ours.staff[role]) for role in STAFF),
        user("neighbour", town.theirs.staff["owner"]),
        user("stranger", town.stranger),
        Caller("key", "api", "authenticated", {"api_key_id": str(town.ours.key)}),
        Caller("nobody", "authenticator", "authenticated", {}),
        Caller("anon", "authenticator", "anon", {"role": "anon"}),
        Caller("service", "authenticator", "service_role", {"role": "service_role"}),
        Caller("api", "api", None, {"sub": str(town.ours.staff["owner"])}),
        *(Caller(system, system, None, {}) for system in SYSTEMS),
    ]


def expected(town: Town, tables: Mapping[str, Table] = TABLES) -> dict[Cell, Outcome]:
    """Return what each attempt should come to."""
    return {
        (name, command, caller.name): _should(table, command, caller)
        for name, table in tables.items()
        for command in COMMANDS
        for caller in callers(town)
    }


def _should(table: Table, command: Command, caller: Caller) -> Outcome:
    if caller.name in SYSTEMS:
        rights: Mapping[str, Outcome] = getattr(table, caller.name)
        return rights.get(command, "denied")
    least = getattr(table, command)
    if caller.role != "authenticated" or least is None:
        return "denied"
    hidden: Outcome = "refused" if command == "insert" else "nothing"
    match caller.name:
        case "neighbour":
            return "theirs"
        case "key":
            rank = -1 if command in table.by_users else STAFF.index("admin")
        case "stranger" | "nobody":
            rank = -1
        case role:
            rank = [*STAFF].index(role)  # type: ignore[arg-type]  # the others are matched above
    return "ours" if rank >= STAFF.index(least) else hidden


async def found(
    logins: Logins, town: Town, tables: Mapping[str, Table] = TABLES
) -> dict[Cell, Outcome]:
    """Return what each attempt came to."""
    outcomes: dict[Cell, Outcome] = {}
    async with connected(logins.owner) as owner:
        for caller in callers(town):
            async with acting(logins, caller) as connection:
                for name, table in tables.items():
                    probe = Probe(owner, connection, caller, town, name, table)
                    for command in COMMANDS:
                        outcomes[name, command, caller.name] = await probe.tried(command)
    return outcomes


async def catalogue(logins: Logins) -> set[str]:
    """Return every table and view there is in our schemas, but for partitions of them."""
    async with connected(logins.owner) as owner:
        return {row["name"] for row in await owner.fetch(_RELATIONS) if not row["part"]}


async def partitions(logins: Logins) -> set[str]:
    """Return every partition of a table of ours, wherever it is."""
    async with connected(logins.owner) as owner:
        return {row["name"] for row in await owner.fetch(_RELATIONS) if row["part"]}


async def entitled(logins: Logins) -> set[str]:
    """Return the roles, but for the tables' owner, that have a right to anything in our tables."""
    async with connected(logins.owner) as owner:
        return {row["rolname"] for row in await owner.fetch(_ENTITLED)}


@dataclass(frozen=True, slots=True)
class Probe:
    """One caller before one table."""

    owner: Connection
    connection: Connection
    caller: Caller
    town: Town
    name: str
    table: Table

    async def tried(self, command: Command) -> Outcome:
        """Try `command` on our rows and on theirs, and say which were reached."""
        rights = await self._rights()
        if self._cannot_tell(command, rights):
            return await self._all_at_once(command, rights)
        ours = await self._one_side(command, rights, self.town.ours.ids)
        theirs = await self._one_side(command, rights, self.town.theirs.ids)
        match ours, theirs:
            case "some", "some":
                return "both"
            case "some", _:
                return "ours"
            case _, "some":
                return "theirs"
        return ours

    def _cannot_tell(self, command: Command, rights: Rights) -> bool:
        """Say whether rows cannot be chosen by whose they are, because that is not readable."""
        return command != "insert" and self.table.tenant not in rights.select

    async def _all_at_once(self, command: Command, rights: Rights) -> Outcome:
        total = await self.owner.fetchval(f"select count(*) from {self.name}")
        outcome, count = await self._attempt(self._statement(command, rights, "true"))
        return "both" if outcome == "some" and count == total else outcome

    async def _one_side(self, command: Command, rights: Rights, ids: list[UUID]) -> Outcome:
        if command == "insert":
            return await self._insert(rights.insert, ids)
        whose = f"{self.table.tenant} = any ($1::uuid[])"
        return (await self._attempt(self._statement(command, rights, whose), ids))[0]

    async def _insert(self, columns: list[str], ids: list[UUID]) -> Outcome:
        if not columns:
            return (await self._attempt(f"insert into {self.name} default values"))[0]
        names, row = ", ".join(columns), await self._sample(ids)
        statement = (
            f"insert into {self.name} ({names})"
            f" select {names} from jsonb_populate_record(null::{self.name}, $1::jsonb)"
        )
        return (await self._attempt(statement, json.dumps(row)))[0]

    async def _sample(self, ids: list[UUID]) -> dict[str, Any]:
        """Return a row of theirs; the caller's own where there is one."""
        tenant, author = self.table.tenant or "null::uuid", self.table.author
        own = f"{author} is not distinct from $2 desc" if author else "$2::uuid is null"
        row = await self.owner.fetchval(
            f"select to_jsonb(t) from {self.name} t where ({tenant} = any ($1::uuid[]) or "
            f"{tenant} is null) and {self.table.sample} order by {own} limit 1",
            ids,
            self.caller.id,
        )
        assert row is not None, f"{self.name} has no row to try with"
        values: dict[str, Any] = json.loads(row)
        if author and author != tenant and self.caller.id:
            values[author] = str(self.caller.id)
        return values

    def _statement(self, command: Command, rights: Rights, whose: str) -> str:
        if command == "select":
            return f"select 1 from {self.name} where {whose}"
        if command == "delete":
            return f"delete from {self.name} where {whose}"
        both = [column for column in rights.update if column in rights.select]
        column = both[0] if both else (rights.update or rights.all)[0]
        sets = f"{column} = {column if both else 'null'}"
        if self.table.author in rights.update and self.caller.id:
            sets = f"{sets}, {self.table.author} = '{self.caller.id}'"
        return f"update {self.name} set {sets} where {whose}"

    async def _attempt(self, statement: str, *args: Any) -> tuple[Outcome, int]:
        """Run `statement` and undo it; say what came of it, and of how many rows it told."""
        savepoint = self.connection.transaction()
        await savepoint.start()
        try:
            count = int((await self.connection.execute(statement, *args)).split()[-1])
        except asyncpg.InsufficientPrivilegeError as error:
            return ("refused" if "row-level security" in str(error) else "denied"), 0
        except asyncpg.IntegrityConstraintViolationError:
            return "some", 0
        else:
            return ("some" if count else "nothing"), count
        finally:
            await savepoint.rollback()

    async def _rights(self) -> Rights:
        return await rights_of(self.owner, self.caller.acts_as, self.name)


async def rights_of(owner: Connection, role: str, table: str) -> Rights:
    """Return the columns of `table` that `role` has a right to, however it was granted."""
    rows = await owner.fetch(_COLUMNS, role, table)
    return Rights(
        select=[row["name"] for row in rows if row["reads"]],
        insert=[row["name"] for row in rows if row["adds"]],
        update=[row["name"] for row in rows if row["changes"]],
        all=[row["name"] for row in rows],
    )


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """Keep one connection."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def acting(logins: Logins, caller: Caller) -> AsyncIterator[Connection]:
    """Be `caller` for one transaction, of which nothing is kept."""
    async with connected(getattr(logins, caller.login)) as connection:
        transaction = connection.transaction()
        await transaction.start()
        claims = json.dumps(dict(caller.claims)) if caller.claims else ""
        await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
        if caller.role:
            await connection.execute("select set_config('role', $1, true)", caller.role)
        yield connection
        await transaction.rollback()


_RELATIONS: Final = """
select n.nspname || '.' || c.relname as name, c.relispartition as part
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where (n.nspname in ('public', 'private') or c.relispartition)
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""

_ENTITLED: Final = """
select r.rolname::text
  from pg_roles r
 where not r.rolsuper and r.rolname <> current_user and r.rolname !~ '^pg_'
   and exists (
     select
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and (has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
             or has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER'))
   )
"""

_COLUMNS: Final = """
select a.attname::text as name,
       has_column_privilege($1, c.oid, a.attnum, 'SELECT') as reads,
       has_column_privilege($1, c.oid, a.attnum, 'INSERT') as adds,
       has_column_privilege($1, c.oid, a.attnum, 'UPDATE') as changes
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname || '.' || c.relname = $2
 order by 1
"""
