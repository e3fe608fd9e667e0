"""The commands as a person runs them: what they say, how they end, what they leave."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from dev.ports import PORTS
from dev.servers.embedded import is_free

REPLACED = ("DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL", "META_GRAPH_URL", "META_API_URL",
            "META_WWW_URL")  # fmt: skip


async def start(
    command: str, folder: Path, checkout: Path, **environ: str
) -> asyncio.subprocess.Process:
    """Start `python -m dev command` with ports the kernel chooses, keeping things in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if name not in REPLACED}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dev", command),
        cwd=checkout,
        env={
            **inherited, **{port.variable: "0" for port in PORTS},
            "LOCAL_DIR": str(folder), "PYTHONIOENCODING": "utf-8", **environ,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def finish(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Return the exit code, what was told, and what was complained of."""
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def kept_in(folder: Path) -> list[str]:
    """Return what is in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def ports_in(told: str) -> set[int]:
    """Return the ports that were told of."""
    return {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", told)}


async def test_the_demo_happens_and_leaves_nothing(tmp_path: Path, checkout: Path) -> None:
    """Every step is ticked, the exit code is 0, nobody listens any more, no data is kept."""
    code, told, complaints = await finish(await start("demo", tmp_path, checkout))

    assert (0, "") == (code, complaints), told
    assert "0 did not" in told
    assert len(ports_in(told)) == len(set(filter(is_free, ports_in(told)))) >= 4
    assert ["keys.json", "logs"] == kept_in(tmp_path)


async def test_a_run_stays_until_it_is_ended_twice_in_a_row(tmp_path: Path, checkout: Path) -> None:
    """SIGINT ends all it started; the next run finds everything as it was."""
    for _ in range(2):
        run = await start("run", tmp_path, checkout)
        assert run.stdout is not None
        told = ""
        while "Ctrl-C ends it" not in told:
            line = await run.stdout.readline()
            assert line, told + (await finish(run))[2]
            told += line.decode()
        assert "✗" not in told
        assert not any(map(is_free, ports_in(told)))

        run.send_signal(signal.SIGINT)
        code, rest, complaints = await finish(run)

        assert (0, "everything is stopped\n") == (code, rest)
        assert "Traceback" not in complaints
        assert all(map(is_free, ports_in(told)))


async def test_servers_are_ended_by_sigterm(tmp_path: Path, checkout: Path) -> None:
    """The servers alone: three addresses for the tests, until they are told to go."""
    servers = await start("servers", tmp_path, checkout)
    assert servers.stdout is not None
    told = "".join([(await servers.stdout.readline()).decode() for _ in range(3)])
    servers.send_signal(signal.SIGTERM)
    code, _, _ = await finish(servers)

    assert ["TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_AWS_ENDPOINT_URL"] == re.findall(
        r"^export (\w+)=", told, re.MULTILINE
    )
    assert 0 == code
    assert 3 == len(set(filter(is_free, ports_in(told))))


@pytest.mark.parametrize("variable", ["INGRESS_PORT", "SQS_PORT", "SENDER_HEALTH_PORT"])
async def test_a_taken_port_is_one_line(variable: str, tmp_path: Path, checkout: Path) -> None:
    """It names the variable, before anything is started, and the exit code is 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told, complaint = await finish(
            await start("demo", tmp_path, checkout, **{variable: str(port)})
        )

    assert (2, "") == (code, told)
    (line,) = complaint.splitlines()
    assert f"port {port} " in line
    assert f"set {variable} to another" in line


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("DATABASE_URL", "postgresql://someone:secret-word@127.0.0.1:1/postgres"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "redis://:secret-word@127.0.0.1:1/0"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ],
)
async def test_an_unreachable_server_is_one_line(
    setting: str, url: str, tmp_path: Path, checkout: Path
) -> None:
    """It names the setting and shows no password; what was started is stopped."""
    code, told, complaint = await finish(await start("demo", tmp_path, checkout, **{setting: url}))

    assert 2 == code
    (line,) = complaint.splitlines()
    assert line.startswith(f"switchboard: {setting}: ")
    assert "secret-word" not in complaint
    assert all(map(is_free, ports_in(told)))
