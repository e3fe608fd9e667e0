"""An embedded PostgreSQL that looks like a Supabase project: the programs alone, and a password."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg

from dev import platform
from dev.servers.binaries import postgres_bin_dir
from dev.servers.embedded import HOST, EmbeddedServer
from dev.servers.failures import ServerFailed
from dev.servers.home import Home, open_home
from dev.servers.identity import NOBODY_UID, RunAs, not_root, prefix

# As on Supabase, where `postgres` is not the superuser either.
SUPERUSER: Final = "supabase_admin"
OWNER: Final = "postgres"

_PROBE_S = 2.0
_ORPHANS_S = 10.0
_POLL_S = 0.05
_ORPHANS_LEFT = "pre-existing shared memory block"


class PostgresServer(EmbeddedServer):
    """A PostgreSQL with the roles and schemas of a Supabase project in database `postgres`."""

    name = "postgres"
    # SIGINT cuts connections and loses nothing; SIGQUIT leaves the recovery to the next start.
    farewell = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0))

    @property
    def url(self) -> str:
        """Its address as `postgres`, who owns the schema and is no superuser."""
        return self.address()

    @property
    def superuser_url(self) -> str:
        """Its address as the superuser, who is nobody in production."""
        return self.address(role=SUPERUSER)

    @property
    def password(self) -> str:
        """The password of its users."""
        return self._home.password()

    def address(self, *, database: str = "postgres", role: str = OWNER) -> str:
        """Return the address of `database` as `role`, with the password they all have."""
        return f"postgresql://{role}:{self.password}@{HOST}:{self.port}/{database}"

    async def let_in(self, *roles: str) -> None:
        """Let `roles` that a migration made log in, as an operator does after it."""
        await platform.let_in(self.superuser_url, roles, self.password)

    async def start(self) -> None:
        """
        Start it and wait until it answers; see `EmbeddedServer.start`.

        After a crash PostgreSQL refuses to start while the crashed one's children still end.
        """
        give_up_at = time.monotonic() + _ORPHANS_S
        while True:
            try:
                return await super().start()
            except ServerFailed as failure:
                if _ORPHANS_LEFT not in str(failure) or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(_POLL_S)

    async def become_supabase(self) -> None:
        """Make the roles and schemas of a Supabase project; see `dev.platform`."""
        await platform.apply(self.superuser_url)
        await self.let_in(OWNER)

    def _command(self, port: int) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": port,
            "unix_socket_directories": "",  # a socket's path may be 100 characters, a home's more
            "max_connections": 200,
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A temporary database is as good as its machine; a crash of the process alone
            # loses nothing either way.
            "fsync": "off" if self._home.temporary else "on",
        }
        program = str(postgres_bin_dir() / "postgres")
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [program, "-D", str(self._home.data), *options]

    async def _answers(self, port: int) -> bool:
        try:
            connection = await asyncpg.connect(
                host=HOST, port=port, user=SUPERUSER, password=self.password,
                database="postgres", timeout=_PROBE_S,
            )  # fmt: skip
        except asyncpg.CannotConnectNowError:
            return False
        try:
            return bool(1 == await connection.fetchval("select 1"))
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def embedded_postgres(
    *, data_dir: Path | None = None, port: int = 0, run_as: RunAs | None = None
) -> AsyncIterator[PostgresServer]:
    """
    Run PostgreSQL on the loopback address, on `port` or a free one, with its files in `data_dir`.

    `run_as` is how it is kept from being root; None: as the host allows.

    Raises:
        ServerFailed: It is not there, or does not start; the message says why.
    """
    run_as = run_as or not_root()
    with open_home(data_dir, name="postgres") as home:
        server = PostgresServer(home, port, run_as=run_as)
        try:
            _lay_out(home, run_as)
            await server.start()
            await server.become_supabase()
            yield server
        finally:
            await server.stop()


def _lay_out(home: Home, run_as: RunAs) -> None:
    """Make an empty cluster in `home`, or see that the one there is ours to run."""
    if home.data.exists():
        _require_same_version(home)
        return
    home.password()
    scratch = home.path / "data.new"  # a cluster half made by a killed process is no cluster
    shutil.rmtree(scratch, ignore_errors=True)
    if run_as == "nobody":
        _hand_over(home)
    command = [
        str(postgres_bin_dir() / "initdb"),
        f"--pgdata={scratch}",
        f"--username={SUPERUSER}",
        f"--pwfile={home.path / 'password'}",
        # A password even on the loopback address: without one, any user of the machine could
        # have the superuser run programs as us.
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        f"--locale={_locale()}",
        "--no-sync",
    ]
    made = subprocess.run(
        [*prefix(run_as), *command], capture_output=True, text=True, cwd=home.path, check=False
    )
    if made.returncode != 0:
        raise ServerFailed(f"postgres: cannot lay out {home.data}:\n{made.stderr.strip()}")
    scratch.rename(home.data)


def _require_same_version(home: Home) -> None:
    laid_out = (home.data / "PG_VERSION").read_text(encoding="ascii").strip()
    bin_dir = postgres_bin_dir()
    told = subprocess.run(
        [str(bin_dir / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    if told.stdout.split()[2].split(".")[0] != laid_out:
        raise ServerFailed(
            f"{home.data} was made by PostgreSQL {laid_out}, and {bin_dir} has "
            f"{told.stdout.split()[2]}: set POSTGRES_BIN_DIR, or remove the directory"
        )


def _hand_over(home: Home) -> None:
    """Let nobody into the home: only they can write a cluster that they are to serve."""
    for path in (home.path, *home.path.iterdir()):
        os.chown(path, NOBODY_UID, NOBODY_UID)


def _locale() -> str:
    """Return a locale that knows letters beyond ASCII, as Supabase's does; macOS lacks this one."""
    return "C.UTF-8" if sys.platform.startswith("linux") else "C"
