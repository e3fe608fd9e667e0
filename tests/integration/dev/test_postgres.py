"""The embedded PostgreSQL: answers, keeps what it was told, goes when asked, as any user."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest

from dev.servers import ServerFailed, embedded_postgres
from dev.servers.binaries import postgres_bin_dir
from dev.servers.identity import NOBODY_UID, RunAs, not_root
from tests.integration.dev.conftest import gone

# Root cannot run it as itself, and nobody but root can become somebody else.
WAYS: list[RunAs] = ["mapped", "nobody"] if os.geteuid() == 0 else ["self"]
OTHER_MAJOR = postgres_bin_dir().parents[1] / "pginstall18" / "bin"


async def ask(url: str, query: str) -> object:
    """Return the one value that `query` yields."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def real_uid(pid: int | None) -> int:
    """Return whose rights a process has, as the kernel sees it."""
    return int(Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[0])


def test_root_keeps_its_files() -> None:
    """Where the host allows it, root needs no other user's rights."""
    assert not_root() in WAYS


@pytest.mark.parametrize("run_as", WAYS)
async def test_it_answers_as_a_supabase_project(run_as: RunAs) -> None:
    """The owner of the schema is no superuser; the superuser has another name."""
    async with embedded_postgres(run_as=run_as) as server:
        assert "postgres" == await ask(server.url, "select current_user")
        assert "off" == await ask(server.url, "show is_superuser")
        assert "on" == await ask(server.superuser_url, "show is_superuser")


@pytest.mark.parametrize("run_as", WAYS)
async def test_it_has_the_rights_it_was_given(run_as: RunAs) -> None:
    """As nobody it really has nobody's rights; otherwise ours, under whatever name."""
    async with embedded_postgres(run_as=run_as) as server:
        assert (NOBODY_UID if run_as == "nobody" else os.geteuid()) == real_uid(server.pid)


async def test_it_listens_on_the_loopback_address_with_a_password() -> None:
    """No other machine reaches it, and no other user of this one gets in."""
    async with embedded_postgres() as server:
        assert "127.0.0.1" == await ask(server.url, "show listen_addresses")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url.replace(server.password, "guess"))


async def test_a_restart_keeps_the_data_and_the_port() -> None:
    """Stopped politely or killed, what was committed is there again at the same address."""
    async with embedded_postgres() as server:
        await ask(server.url, "create table kept as select 1 as n")
        url, pids = server.url, [server.pid]
        await server.restart()
        pids.append(server.pid)
        await server.restart(kill=True)
        pids.append(server.pid)

        assert url == server.url
        assert 1 == await ask(url, "select n from kept")
        assert 3 == len(set(pids))


async def test_stopping_leaves_no_process_and_no_file() -> None:
    """Neither the server nor its children, and nothing of a temporary home."""
    async with embedded_postgres() as server:
        postmaster = server.pid
        backend = await ask(server.url, "select pg_backend_pid()")
        writer = await ask(
            server.superuser_url,
            "select pid from pg_stat_activity where backend_type = 'background writer'",
        )
        home = Path(str(await ask(server.superuser_url, "show data_directory"))).parent

    for pid in (postmaster, backend, writer):
        assert isinstance(pid, int)
        assert await gone(pid)
    assert not home.exists()


async def test_a_directory_survives(tmp_path: Path) -> None:
    """The next start on the same directory has the same data and the same password."""
    async with embedded_postgres(data_dir=tmp_path / "pg") as server:
        await ask(server.url, "create table kept as select 1 as n")
        first = server.password
    async with embedded_postgres(data_dir=tmp_path / "pg") as server:
        assert 1 == await ask(server.url, "select n from kept")
        assert first == server.password


async def test_a_directory_has_one_user(tmp_path: Path) -> None:
    """A second start on a directory in use is refused, and the first is left alone."""
    async with embedded_postgres(data_dir=tmp_path / "pg") as server:
        with pytest.raises(ServerFailed, match="is being used by another process"):
            async with embedded_postgres(data_dir=tmp_path / "pg"):
                pass

        assert 1 == await ask(server.url, "select 1")


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """The message says which port, and nothing is left behind."""
    async with embedded_postgres() as server:
        with pytest.raises(ServerFailed, match=f"port {server.port} is taken"):
            async with embedded_postgres(port=server.port):
                pass


async def test_another_major_version_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs can be swapped by a setting."""
    monkeypatch.setenv("POSTGRES_BIN_DIR", str(OTHER_MAJOR))
    async with embedded_postgres() as server:
        assert "18" == str(await ask(server.url, "show server_version")).split(".")[0]


async def test_a_directory_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names both versions and the setting; the data is untouched."""
    async with embedded_postgres(data_dir=tmp_path / "pg"):
        pass
    with monkeypatch.context() as patch:
        patch.setenv("POSTGRES_BIN_DIR", str(OTHER_MAJOR))
        with pytest.raises(ServerFailed, match=r"PostgreSQL 16, and .* has 18.*POSTGRES_BIN_DIR"):
            async with embedded_postgres(data_dir=tmp_path / "pg"):
                pass

    async with embedded_postgres(data_dir=tmp_path / "pg") as server:
        assert 1 == await ask(server.url, "select 1")


async def test_missing_programs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file and the setting."""
    monkeypatch.setenv("POSTGRES_BIN_DIR", "/nowhere")
    with pytest.raises(ServerFailed, match=r"/nowhere/postgres: .*POSTGRES_BIN_DIR"):
        async with embedded_postgres():
            pass
