"""A PostgreSQL cluster that gives each test a migrated database of its own."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
from yarl import URL

from dev import platform
from switchboard.db import migrate

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "supabase" / "migrations"
OWNER: Final = "postgres"
PIPELINE: Final = "switchboard_pipeline"
API: Final = "switchboard_api"
CARETAKER: Final = "switchboard_caretaker"
AUTHENTICATOR: Final = "authenticator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """
    A cluster for tests alone: its roles are given one password, and databases come and go.

    `superuser` is its address as a superuser. If that one is called `postgres`, as in PostgreSQL's
    own images, the schema's owner is a superuser too, unlike on Supabase.
    """

    superuser: URL
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    def address(self, database: str, role: str) -> str:
        """Return the address of `database` as `role`."""
        url = self.superuser.with_path(f"/{database}")
        if role != self.superuser.user:
            url = url.with_user(role).with_password(self.password)
        return str(url)

    @contextlib.asynccontextmanager
    async def bare(self) -> AsyncIterator[str]:
        """Give the name of a database as Supabase has it before the first migration."""
        async with self._database("template0") as name:
            await platform.apply(self.address(name, str(self.superuser.user)))
            await self._let_in(OWNER)
            yield name

    @contextlib.asynccontextmanager
    async def migrated(self) -> AsyncIterator[str]:
        """Give the name of a database with every migration, applied as on Supabase."""
        async with self.bare() as name:
            await migrate.apply(self.address(name, OWNER), MIGRATIONS)
            await self._let_in(PIPELINE, API, CARETAKER, AUTHENTICATOR)
            yield name

    @contextlib.asynccontextmanager
    async def copy_of(self, template: str) -> AsyncIterator[str]:
        """Give the name of a database like `template`, to which nobody may be connected."""
        async with self._database(template) as name:
            yield name

    @contextlib.asynccontextmanager
    async def _database(self, template: str) -> AsyncIterator[str]:
        name = f"test_{uuid4().hex}"
        await self._command(f'create database "{name}" template "{template}"')
        try:
            with contextlib.suppress(asyncpg.UndefinedObjectError):  # before the first platform
                await self._command(f'alter database "{name}" owner to {OWNER}')
            yield name
        finally:
            await self._command(f'drop database "{name}" with (force)')

    async def _let_in(self, *roles: str) -> None:
        others = [role for role in roles if role != self.superuser.user]
        await platform.let_in(str(self.superuser), others, self.password)

    async def _command(self, command: str) -> None:
        connection = await asyncpg.connect(str(self.superuser))
        try:
            await connection.execute(command)
        finally:
            await connection.close()
