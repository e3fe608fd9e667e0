"""A process under measurement: started, awaited, its CPU time read, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_START_BUDGET_S = 120.0


class Measured:
    """A running process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def cpu_s(self) -> float:
        """Return the CPU seconds it has used, its own and the kernel's for it (proc(5), `stat`)."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS_PER_S

    def peak_mib(self) -> float:
        """Return the most memory it has held, in MiB (`VmHWM`)."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return float("nan")


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(
    module: str, *, env: Mapping[str, str], port: int, arguments: Sequence[str] = ()
) -> AsyncIterator[Measured]:
    """Run `python -m module` until it listens on `port`; end it by SIGTERM on the way out."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: ASYNC220  starting it is no wait
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            await _listening(process, port)
            yield Measured(process)
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 60)


async def _listening(process: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + _START_BUDGET_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise RuntimeError(f"{process.args!r} does not listen on {port}")
