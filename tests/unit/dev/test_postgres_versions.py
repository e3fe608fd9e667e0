"""Where the programs of each PostgreSQL are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev import postgres_versions
from dev.postgres_versions import VERSIONS, find, places, told_version


def programs(home: Path, says: str) -> Path:
    """Make a directory with a `postgres` that says it is a version."""
    home.mkdir(parents=True)
    program = home / "postgres"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return home


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_set_is_looked_at_alone(version: int) -> None:
    """A variable for each version; without it there are several places for each."""
    given = {f"POSTGRES_{version}_BIN_DIR": "/somewhere/bin"}

    assert [Path("/somewhere/bin")] == list(places(version, given))
    assert Path(f"/usr/lib/postgresql/{version}/bin") in places(version, {})


def test_the_wheel_has_two() -> None:
    """16 and 18 come with the environment, and are looked for there first."""
    assert {"pginstall", "pginstall18"} == {
        next(places(version, {})).parent.name for version in (16, 18)
    }


def test_programs_say_what_they_are(tmp_path: Path) -> None:
    """As PostgreSQL does, and as Debian does; a directory without them says nothing."""
    plain = programs(tmp_path / "plain", "postgres (PostgreSQL) 17.10")
    debian = programs(tmp_path / "debian", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
    other = programs(tmp_path / "other", "no")

    assert ["17.10", "15.18", "", ""] == [
        told_version(one) for one in (plain, debian, other, tmp_path / "none")
    ]


async def test_a_directory_of_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set for 17 and has 16 is not taken for 17."""

    async def nothing() -> None:
        return

    monkeypatch.setattr(postgres_versions, "_install", nothing)
    sixteen = programs(tmp_path / "bin", "postgres (PostgreSQL) 16.14")

    assert await find(17, {"POSTGRES_17_BIN_DIR": str(sixteen)}) is None
    assert sixteen == await find(16, {"POSTGRES_16_BIN_DIR": str(sixteen)})
