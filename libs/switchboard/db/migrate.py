"""
Bringing a database up to date.

    python -m switchboard.db.migrate [--database-url URL] [--directory DIR]

Applies the files of `supabase/migrations` that the database has not seen, in the order of their
versions, each in a transaction of its own together with the note that it was applied. The notes are
where the Supabase CLI keeps its own, so `supabase db push` and this agree on what is left to do.
There is no way back: a migration is undone by the next one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import asyncpg

from switchboard.db.errors import MigrationFailed, connection_errors
from switchboard.db.statements import Statement, split
from switchboard.errors import Failure, Unavailable

DIRECTORY: Final = Path("supabase/migrations")

_EXIT_FAILED = 2
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `<14 digits>_<name>.sql`."""

    path: Path
    version: str
    name: str


async def apply(dsn: str, directory: Path) -> list[str]:
    """
    Apply what is pending in `directory` to the database at `dsn`; return the versions applied.

    Two at once do not meet: each file waits for whoever is applying one, and then is pending or
    not. It is safe to run before every start.

    Raises:
        MigrationFailed: A file's name or one of its statements is wrong. The message names the
            file, the line and what PostgreSQL said; of that file nothing was applied.
        Unavailable: The database cannot be reached.
    """
    migrations = _found(directory)
    with connection_errors():
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_S, statement_cache_size=0)
    try:
        return [one.version for one in migrations if await _apply(connection, one)]
    finally:
        await connection.close()


def versions(directory: Path) -> set[str]:
    """Return the versions of the migrations in `directory`; none if there is no such place."""
    names = (FILE_NAME.fullmatch(path.name) for path in directory.glob("*.sql"))
    return {name["version"] for name in names if name}


def _found(directory: Path) -> list[Migration]:
    """Return the migrations of `directory`, oldest first."""
    files = sorted(directory.glob("*.sql")) if directory.is_dir() else []
    if not files:
        raise MigrationFailed(f"{directory}: there are no migrations here; see --directory")
    migrations = [_read_name(path) for path in files]
    for earlier, later in pairwise(migrations):
        if earlier.version == later.version:
            raise MigrationFailed(
                f"{later.path.name}: {earlier.path.name} has the same version; give it a later one"
            )
    return migrations


def _read_name(path: Path) -> Migration:
    match = FILE_NAME.fullmatch(path.name)
    if match is None:
        raise MigrationFailed(f"{path.name}: a migration is named <14 digits>_<name>.sql")
    return Migration(path, match["version"], match["name"])


async def _apply(connection: asyncpg.Connection[asyncpg.Record], migration: Migration) -> bool:
    """Apply `migration` unless it has been; say whether it was done now."""
    statements = split(migration.path.read_text(encoding="utf-8"))
    for statement in statements:
        _refuse_transactions(migration, statement)
    try:
        async with connection.transaction():
            await connection.execute(_ONE_AT_A_TIME)
            await connection.execute(_NOTES)
            if await connection.fetchval(_IS_APPLIED, migration.version):
                return False
            for statement in statements:
                await _run(connection, migration, statement)
            texts = [statement.text for statement in statements]
            await connection.execute(_NOTE, migration.version, texts, migration.name)
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"{migration.path.name}: {_told(error)}") from error
    except (OSError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"{migration.path.name}: the database went away: {error}") from error
    return True


async def _run(
    connection: asyncpg.Connection[asyncpg.Record], migration: Migration, statement: Statement
) -> None:
    try:
        await connection.execute(statement.text)
    except asyncpg.PostgresConnectionError:
        raise
    except asyncpg.PostgresError as error:
        position = int(error.position or 1)
        where = f"{migration.path.name}, line {statement.line_at(position)}"
        raise MigrationFailed(f"{where}: {_told(error)}") from error


def _refuse_transactions(migration: Migration, statement: Statement) -> None:
    """Refuse what would end our transaction, and leave half a file applied when the rest fails."""
    word = _ENDS_TRANSACTION.match(statement.text)
    if word:
        raise MigrationFailed(
            f"{migration.path.name}, line {statement.line}: {word.group().upper()}: each file is "
            "applied in one transaction already"
        )


def _told(error: asyncpg.PostgresError) -> str:
    """Return what PostgreSQL said, on one line."""
    return " ".join(part for part in (str(error.args[0]), error.detail, error.hint) if part)


async def _main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if not options.database_url:
        return _fail("no database given: set DATABASE_URL or pass --database-url")
    try:
        applied = await apply(options.database_url, options.directory)
    except Failure as failure:
        return _fail(str(failure))
    except ValueError as error:
        return _fail(f"DATABASE_URL: {error}")
    sys.stdout.write("".join(f"applied {version}\n" for version in applied) or "up to date\n")
    return 0


def _fail(why: str) -> int:
    sys.stderr.write(f"cannot migrate: {' '.join(why.split())}\n")
    return _EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m switchboard.db.migrate", description="Bring the database up to date."
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("DATABASE_URL"),
        help="PostgreSQL, as the role that owns the schema (default: DATABASE_URL)",
    )
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help=f"default: {DIRECTORY}, from here"
    )
    return parser


FILE_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>\w+)\.sql")
_ENDS_TRANSACTION = re.compile(
    r"(?:begin|commit|rollback|abort|end|start\s+transaction|prepare\s+transaction)\b",
    re.IGNORECASE,
)

# Any number, as long as nobody else's lock has it; held to the end of the file's transaction.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(7391024815530017)"

# As the Supabase CLI makes them.
_NOTES = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text
)
"""
_IS_APPLIED = """
select exists (select from supabase_migrations.schema_migrations where version = $1)
"""
_NOTE = """
insert into supabase_migrations.schema_migrations (version, statements, name) values ($1, $2, $3)
"""

if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1:])))
