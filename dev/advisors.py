"""
What Supabase's own linter says of our schema: `python -m dev advisors`, `make advisors`.

A fresh database is migrated and looked at, and must get no warning. Then a fault is planted and
must be noticed: a linter that has nothing to say of a broken schema has not looked at it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from dev.failures import CannotRun
from dev.narrate import Narrator
from dev.servers import embedded_postgres
from switchboard.db import migrate

_CHECKOUT: Final = Path(__file__).parent.parent
_WANTED: Final = _CHECKOUT / "requirements" / "advisors"
_HOME: Final = _CHECKOUT / ".local" / "advisors"
_CLI: Final = _HOME / "node_modules" / ".bin" / "supabase"
# A table that every visitor of the dashboard could read and write.
_FAULT: Final = """
create table public.planted (id int primary key);
grant all on public.planted to anon
"""
_NOTICED_AS: Final = "rls_disabled_in_public"


@dataclass(frozen=True, slots=True)
class Advice:
    """Something the linter warns of: the lint's name, and where."""

    lint: str
    detail: str


async def advisors(_hurry: asyncio.Event) -> int:
    """Look at the schema as the migrations make it; 1 if there is a warning."""
    narrator = Narrator()
    async with embedded_postgres() as postgres:
        await migrate.apply(postgres.url, _CHECKOUT / migrate.DIRECTORY)
        warnings = await warnings_of(postgres.url)
        for one in warnings:
            narrator.say(f"{one.lint}: {one.detail}", "red")
        await plant(postgres.url, _FAULT)
        if _NOTICED_AS not in {one.lint for one in await warnings_of(postgres.url)}:
            raise CannotRun(f"the Supabase CLI has not noticed a planted {_NOTICED_AS}: see _FAULT")
    narrator.say(f"{len(warnings)} warnings; a planted fault was noticed")
    return 1 if warnings else 0


async def warnings_of(dsn: str) -> Sequence[Advice]:
    """
    Return what the linter warns of in the database at `dsn`, or finds worse.

    Raises:
        CannotRun: The linter cannot be installed, or does not answer as it should.
    """
    await _install()
    told = await _run(
        str(_CLI), "db", "advisors", f"--remote={dsn}", "--type=all", "--level=warn",
        "--fail-on=none", "--output-format=json",
    )  # fmt: skip
    try:
        results = json.loads(told)["results"]
        return [Advice(one["name"], one["detail"]) for one in results]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRun(f"the Supabase CLI answered something else: {told[:200]!r}") from error


async def plant(dsn: str, fault: str) -> None:
    """Break the schema at `dsn` by `fault`."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(fault)
    finally:
        await connection.close()


async def _install() -> None:
    """Install the version of the CLI that is wanted, unless it is there."""
    wanted, installed = (home / "package.json" for home in (_WANTED, _HOME))
    if _CLI.exists() and installed.read_bytes() == wanted.read_bytes():
        return
    if shutil.which("npm") is None:
        raise CannotRun("npm is missing: the Supabase CLI is an npm package; install Node 20+")
    shutil.rmtree(_HOME, ignore_errors=True)
    shutil.copytree(_WANTED, _HOME)
    # Without a lock: npm's would have to list the CLI's programs for every platform there is.
    await _run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")


async def _run(*command: str) -> str:
    """Run `command` and return what it prints."""
    quiet = {"DO_NOT_TRACK": "1", "SUPABASE_TELEMETRY_DISABLED": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=PIPE, env=os.environ | quiet, cwd=_HOME
    )
    out, err = await process.communicate()
    if process.returncode:
        last = (err or out).decode().strip().splitlines()[-1:]
        raise CannotRun(f"{Path(command[0]).name} {command[1]} failed: {' '.join(last)}")
    return out.decode()
