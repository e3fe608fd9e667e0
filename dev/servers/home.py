"""The directory of one server, and who may use it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.servers.failures import ServerFailed

_EVICTION_S: Final = 15.0
_POLL_S: Final = 0.02
_TAIL_LINES: Final = 10
_TAIL_WIDTH: Final = 240


@dataclass(frozen=True, slots=True)
class Home:
    """Where one server keeps its files; see the package's chapter."""

    path: Path
    temporary: bool

    @property
    def data(self) -> Path:
        """The server's own files."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """What the server writes to its standard output and error."""
        return self.path / "server.log"

    def password(self) -> str:
        """Return the password of the server's users, made once for each home."""
        kept = self.path / "password"
        if not kept.exists():
            write_private(kept, secrets.token_urlsafe(24))
        return kept.read_text(encoding="ascii")

    def remember(self, pid: int) -> None:
        """Note which process serves this home, so that it can be found if we are killed."""
        write_private(self.path / "server.pid", f"{pid}\n{_birth(pid) or ''}")

    def last_words(self) -> str:
        """Return the last lines of the server's log."""
        return last_lines(self.log)

    async def evict(self, *, politely: signal.Signals) -> None:
        """
        Stop a server that a killed process left behind here. It is asked `politely` first.

        Only a process with the noted id *and* the noted birth is ours: ids are used again.
        """
        try:
            noted, birth = (self.path / "server.pid").read_text(encoding="ascii").split("\n", 1)
        except (FileNotFoundError, ValueError):
            return
        pid = int(noted)
        for signum in (politely, signal.SIGKILL):
            if _birth(pid) != birth:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
            await _until_gone(pid, birth)
        if _birth(pid) == birth:
            raise ServerFailed(f"process {pid} holds {self.path} and does not end")


@contextlib.contextmanager
def open_home(directory: Path | None, *, name: str) -> Iterator[Home]:
    """
    Give a server `directory` to itself, or a temporary one that is removed afterwards.

    Raises:
        ServerFailed: Another process is using it.
    """
    if directory is None:
        made = Path(tempfile.mkdtemp(prefix=f"switchboard-{name}-"))
        try:
            yield Home(made, temporary=True)
        finally:
            shutil.rmtree(made)
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(directory):
        yield Home(directory.resolve(), temporary=False)


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text`, readable by us alone at any moment."""
    scratch = path.with_name(f"{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.rename(path)


def last_lines(log: Path) -> str:
    """Return the last lines of `log`, each cut to a length a person reads."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"  {line[:_TAIL_WIDTH]}" for line in lines[-_TAIL_LINES:]) or "  nothing"


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:  # not inherited by the server
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerFailed(
                f"{directory} is being used by another process of this checkout: stop that first"
            ) from None
        yield


async def _until_gone(pid: int, birth: str) -> None:
    """Wait for a process that is not our child, so nobody tells us; give up after a while."""
    give_up_at = time.monotonic() + _EVICTION_S
    while _birth(pid) == birth and time.monotonic() < give_up_at:  # noqa: ASYNC110  only asking tells
        await asyncio.sleep(_POLL_S)


def _birth(pid: int) -> str | None:
    """Return what tells this process from a later one with the same id; None if it is gone."""
    if sys.platform.startswith("linux"):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # proc(5): after the name in parentheses, field 3 is the state and field 22 the start.
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None
