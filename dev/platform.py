"""Makes a plain PostgreSQL look like a new Supabase project, unless it is one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncpg

_SCRIPT: Final = Path(__file__).with_name("platform.sql")
_CONNECT_S: Final = 10.0

# Our own mark; a schema `auth` without it belongs to Supabase, or to somebody else.
_OURS: Final = "switchboard:"


class PlatformRefused(Exception):  # noqa: N818  it reads as what happened
    """The platform's objects are missing and may not be made. The message says what to do."""


async def apply(dsn: str) -> bool:
    """
    Make the roles, schemas and grants of a Supabase project in the database at `dsn`.

    Returns:
        Whether it was done; False where a real Supabase, which has its own, was recognised, or
        where it has been done and the role of `dsn` may not do it again.

    Raises:
        PlatformRefused: The role of `dsn` may not make them.
        OSError, asyncpg.PostgresError: The database cannot be reached.
    """
    connection = await asyncpg.connect(dsn, timeout=_CONNECT_S, statement_cache_size=0)
    try:
        mark: str | None = await connection.fetchval(_MARK)
        may_repeat: bool = await connection.fetchval(_IS_SUPERUSER)
        if mark is not None and not (mark.startswith(_OURS) and may_repeat):
            return False
        await connection.execute(_SCRIPT.read_text(encoding="utf-8"))
    except asyncpg.InsufficientPrivilegeError as error:
        raise PlatformRefused(
            "the database is no Supabase project, and its role may not make it look like one "
            f"({error}): use a project's, or a superuser's"
        ) from error
    finally:
        await connection.close()
    return True


async def let_in(dsn: str, roles: Iterable[str], password: str) -> None:
    """Let `roles`, those of them that exist, log in with `password`."""
    connection = await asyncpg.connect(dsn, timeout=_CONNECT_S, statement_cache_size=0)
    try:
        for role in await connection.fetch(_KNOWN, list(roles)):
            command: str = await connection.fetchval(_LET_IN, role["rolname"], password)
            await connection.execute(command)
    finally:
        await connection.close()


_MARK = """
select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = 'auth'
"""
_IS_SUPERUSER = "select rolsuper from pg_roles where rolname = current_user"
_KNOWN = "select rolname from pg_roles where rolname = any ($1)"
_LET_IN = "select format('alter role %I login password %L', $1::text, $2::text)"
