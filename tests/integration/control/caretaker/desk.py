"""A workspace with a past, somebody who may take it away, and who writes what they ask for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from services.control.caretaker.exporting import Exporting
from services.control.caretaker.sweeping import Sweeping
from switchboard.contracts import PersonId
from switchboard.db import erasing
from switchboard.db.erasing import Erased
from switchboard.db.pool import Database
from switchboard.storage import Kept, Place
from switchboard.storage.directory import Directory
from tests.integration.cli.past import Past
from tests.integration.db.town import Shop
from tests.integration.db.users import hire

LEASE = timedelta(minutes=1)


class Held:
    """A place at which something happens between the writing of a file and its being kept."""

    def __init__(self, inner: Place, happens: Callable[[], Awaitable[object]]) -> None:
        self._inner, self._happens = inner, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def put(self, draft: Path, name: str) -> Kept:
        """Let it happen, and keep the file."""
        await self._happens()
        return await self._inner.put(draft, name)


@dataclass
class Desk:
    """`db` is as the caretaker, `directory` where exports are kept."""

    past: Past
    owner: Database
    db: Database
    directory: Path
    admin: UUID

    @property
    def place(self) -> Directory:
        """The place that exports are kept at."""
        return Directory(self.directory)

    @property
    def shop(self) -> Shop:
        """The workspace, as users are hired into it."""
        past = self.past
        return Shop(
            past.workspace, past.account, past.instagram_id, "shop", min(past.campaigns.values())
        )

    async def ask(
        self,
        kind: str = "workspace",
        *,
        account: UUID | None = None,
        person: PersonId | None = None,
        by: UUID | None = None,
    ) -> UUID:
        """Ask for an export."""
        row = await self.owner.fetchrow(
            "insert into public.exports (workspace_id, kind, account_id, person_id, asked_by)"
            " values ($1, $2, $3, $4, $5) returning id",
            self.past.workspace,
            kind,
            account,
            person,
            by or self.admin,
        )
        assert row is not None
        export: UUID = row["id"]
        return export

    async def write(self, *, place: Place | None = None, stop: asyncio.Event | None = None) -> bool:
        """Write what was asked for first."""
        return await self.writer(place=place).round(stop)

    def writer(self, *, place: Place | None = None, owner: str = "me") -> Exporting:
        """Return who writes exports."""
        return Exporting(
            db=self.db,
            place=place or self.place,
            owner=owner,
            lease=LEASE,
            keep=timedelta(days=7),
            every_s=0.05,
        )

    async def sweep(self) -> int:
        """Remove what is for nobody any more; return how many exports that were."""
        done = await Sweeping(db=self.db, place=self.place).keep_up()
        removed: int = done.detail["removed"]
        return removed

    async def stands(self, export: UUID) -> dict[str, Any]:
        """Return how it stands."""
        row = await self.owner.fetchrow(
            "select to_jsonb(export) as row from public.exports export where id = $1", export
        )
        assert row is not None
        found: dict[str, Any] = row["row"]
        return found

    async def told(self, export: UUID, *names: str) -> tuple[Any, ...]:
        """Return how it stands, as far as that."""
        stands = await self.stands(export)
        return tuple(stands[name] for name in names)

    async def due(self) -> None:
        """Let what waits, and what somebody is at, be anybody's."""
        await self.owner.execute(
            "update public.exports set lease_until = now() - interval '1 second'"
            " where lease_until is not null"
        )

    async def erase(self, person: PersonId) -> Erased:
        """Erase somebody, of whom nothing is on its way."""
        await self.owner.execute(
            "update public.deliveries set state = 'uncertain', lease_until = null"
            " where state = 'sending'"
        )
        return await erasing.erase(self.owner, self.past.account, person)

    async def somebody(self) -> PersonId:
        """Return the person to whom most has happened."""
        row = await self.owner.fetchrow(
            "select person_id from public.events where account_id = $1 and person_id is not null"
            "   and person_id in (select person_id from public.contacts)"
            " group by 1 order by count(*) desc, 1 limit 1",
            self.past.account,
        )
        assert row is not None
        return PersonId(row["person_id"])

    def files(self) -> list[str]:
        """Return what is kept, drafts too."""
        return sorted(
            str(path.relative_to(self.directory))
            for path in self.directory.rglob("*")
            if path.is_file()
        )

    def name(self, export: UUID, attempt: int = 1) -> str:
        """Return what the file of an attempt is called."""
        return f"{self.past.workspace}/{export}.{attempt}.zip"

    def read(self, export: UUID, attempt: int = 1) -> bytes:
        """Return the file of an attempt."""
        return (self.directory / self.name(export, attempt)).read_bytes()


def inside(written: bytes) -> dict[str, bytes]:
    """Return what a .zip has, by name."""
    with zipfile.ZipFile(BytesIO(written)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(written: bytes) -> list[dict[str, Any]]:
    """Return lines of JSON."""
    return [json.loads(line) for line in written.decode().splitlines()]


@contextlib.asynccontextmanager
async def open_desk(
    past: Past, owner: Database, db: Database, directory: Path
) -> AsyncIterator[Desk]:
    """Hire an admin."""
    desk = Desk(past, owner, db, directory, admin=UUID(int=0))
    desk.admin = await hire(owner, desk.shop, "admin")
    yield desk
