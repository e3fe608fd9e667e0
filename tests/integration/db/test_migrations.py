"""Bringing a database up to date."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from switchboard.db import migrate
from switchboard.db.errors import MigrationFailed
from switchboard.db.pool import open_pool
from switchboard.errors import Unavailable

MIGRATIONS = Path(__file__).parents[3] / "supabase" / "migrations"
NOBODY = "postgresql://nobody:secret@127.0.0.1:1/none"


def _write(directory: Path, **scripts: str) -> Path:
    for name, script in scripts.items():
        (directory / f"2026010100000{name}.sql").write_text(script)
    return directory


class TestApplying:
    async def test_ours_twice(self, bare_database_url: str) -> None:
        """Ours apply where nobody is a superuser, once, and are noted where Supabase notes them."""
        first = await migrate.apply(bare_database_url, MIGRATIONS)
        second = await migrate.apply(bare_database_url, MIGRATIONS)

        files = sorted(path.name for path in MIGRATIONS.iterdir())
        assert [name[:14] for name in files] == first
        assert [] == second
        async with open_pool(bare_database_url, name="test") as db:
            (who,) = await db.fetch("select rolsuper from pg_roles where rolname = current_user")
            notes = await db.fetch(
                "select version, name, statements from supabase_migrations.schema_migrations"
                " order by version"
            )
        assert who["rolsuper"] is False
        assert files == [f"{note['version']}_{note['name']}.sql" for note in notes]
        assert all(note["statements"] for note in notes)

    async def test_two_at_once(self, bare_database_url: str) -> None:
        """Two that start together apply each file once between them."""
        both = await asyncio.gather(
            migrate.apply(bare_database_url, MIGRATIONS),
            migrate.apply(bare_database_url, MIGRATIONS),
        )

        assert sorted(path.name[:14] for path in MIGRATIONS.iterdir()) == sorted(both[0] + both[1])

    async def test_a_new_file(self, bare_database_url: str, tmp_path: Path) -> None:
        """What is new is applied, whatever was before."""
        await migrate.apply(bare_database_url, _write(tmp_path, **{"1_a": "create table a ();"}))

        applied = await migrate.apply(bare_database_url, _write(tmp_path, **{"2_b": "select 1"}))

        assert ["20260101000002"] == applied

    async def test_a_file_that_fails(self, bare_database_url: str, tmp_path: Path) -> None:
        """The error names file, line and fault; of that file nothing stays, of those before all."""
        script = "create table gone ();\n\ncreate table t (\n  id int,\n  other nonsense\n);\n"
        _write(tmp_path, **{"1_good": "create table kept ();", "2_bad": script})

        with pytest.raises(
            MigrationFailed, match=r'^20260101000002_bad\.sql, line 5: type "nonsense"'
        ):
            await migrate.apply(bare_database_url, tmp_path)

        async with open_pool(bare_database_url, name="test") as db:
            (row,) = await db.fetch(
                "select to_regclass('kept') is not null as kept, to_regclass('gone') as gone"
            )
        assert (True, None) == (row["kept"], row["gone"])
        repaired = _write(tmp_path, **{"2_bad": "create table gone ();"})
        assert ["20260101000002"] == await migrate.apply(bare_database_url, repaired)

    async def test_a_fault_without_a_position(self, bare_database_url: str, tmp_path: Path) -> None:
        """A fault that PostgreSQL does not place is placed at its statement."""
        _write(tmp_path, **{"1_twice": "create table t ();\n-- again\ncreate table t ();"})

        with pytest.raises(MigrationFailed, match=r'line 3: relation "t" already exists'):
            await migrate.apply(bare_database_url, tmp_path)


class TestRefusing:
    @pytest.mark.parametrize(
        ("scripts", "fault"),
        [
            ({}, "there are no migrations here"),
            ({"1": "select 1"}, "is named <14 digits>_<name>.sql"),
            ({"1_a": "select 1", "1_b": "select 1"}, "has the same version"),
        ],
    )
    async def test_a_directory(self, tmp_path: Path, scripts: dict[str, str], fault: str) -> None:
        """A directory that cannot be right is refused before the database is asked."""
        with pytest.raises(MigrationFailed, match=fault):
            await migrate.apply(NOBODY, _write(tmp_path, **scripts))

    async def test_transactions(self, bare_database_url: str, tmp_path: Path) -> None:
        """A file that ends our transaction could be left half applied, and is refused."""
        _write(tmp_path, **{"1_a": "create table t ();\ncommit;\nselect 1/0;"})

        with pytest.raises(MigrationFailed, match="line 2: COMMIT"):
            await migrate.apply(bare_database_url, tmp_path)

    async def test_no_database(self, tmp_path: Path) -> None:
        """A database that is away is told apart from a migration that is wrong."""
        with pytest.raises(Unavailable):
            await migrate.apply(NOBODY, _write(tmp_path, **{"1_a": "select 1"}))


class TestCommand:
    async def _run(self, *args: str, **env: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "switchboard.db.migrate",
            *args,
            env={"PYTHONPATH": os.pathsep.join(sys.path)} | env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    async def test_from_the_environment(self, bare_database_url: str, tmp_path: Path) -> None:
        """It says what it applied, and that nothing is left."""
        _write(tmp_path, **{"1_a": "select 1"})
        options = ("--directory", str(tmp_path))

        first = await self._run(*options, DATABASE_URL=bare_database_url)
        second = await self._run(*options, DATABASE_URL=bare_database_url)

        assert (0, "applied 20260101000001\n", "") == first
        assert (0, "up to date\n", "") == second

    async def test_what_is_wrong(self, tmp_path: Path) -> None:
        """Each mistake is one line that says what to do, without the password."""
        _write(tmp_path, **{"1_a": "select 1"})
        options = ("--directory", str(tmp_path))

        results = [
            await self._run(*options),
            await self._run(*options, DATABASE_URL=NOBODY),
            await self._run(*options, DATABASE_URL="mysql://nobody:secret@127.0.0.1/none"),
        ]

        assert [(2, ""), (2, ""), (2, "")] == [(code, out) for code, out, _ in results]
        assert all(err.count("\n") == 1 and "secret" not in err for *_, err in results)
        assert "DATABASE_URL" in results[0][2]
