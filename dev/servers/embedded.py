"""What the embedded servers have in common: started, answering, stopped, started again."""

from __future__ import annotations

import abc
import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from typing import ClassVar, Final

from dev.servers.failures import AddressTaken, ServerFailed
from dev.servers.home import Home
from dev.servers.identity import RunAs, prefix

HOST: Final = "127.0.0.1"

_ANSWER_S: Final = 60.0  # a cold disk and two busy cores; it is usually well under one
_POLL_S: Final = 0.02
_ATTEMPTS: Final = 5


class EmbeddedServer(abc.ABC):
    """
    One server process of ours, on one port of the loopback address.

    It belongs to no event loop: a test may restart what a session's fixture has started. It does
    belong to the thread that starts it, and dies with it, as the kernel knows no other parent.
    """

    name: ClassVar[str]
    # What ends it, each with the seconds it is given: first the way that loses nothing.
    farewell: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, home: Home, port: int, *, run_as: RunAs = "self") -> None:
        self.port = port
        self._home = home
        self._run_as = run_as
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, if it ended without being asked to."""
        return self._process.poll() if self._process else None

    def last_words(self) -> str:
        """Return the last lines it logged."""
        return self._home.last_words()

    async def ended(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait)

    async def start(self) -> None:
        """
        Start it and wait until it answers.

        Raises:
            AddressTaken: Somebody else listens on its port.
            ServerFailed: It ended, or did not answer in time; with the last lines of its log.
        """
        await self._home.evict(politely=self.farewell[0][0])
        if self.port:
            return await self._start_on(self.port)
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._start_on(free_port())
            except AddressTaken:  # somebody was quicker to take the port we were given
                continue
        return await self._start_on(free_port())

    async def stop(self, *, kill: bool = False) -> None:
        """Stop it and wait until it is gone; with `kill` as a crash would, by SIGKILL."""
        if self._process is None:
            return
        for signum, patience_s in ((signal.SIGKILL, 10.0),) if kill else self.farewell:
            if await self._ends(signum, patience_s):
                self._process = None
                return
        raise ServerFailed(f"{self.name} (process {self._process.pid}) does not end")

    async def restart(self, *, kill: bool = False) -> None:
        """Stop it, as `stop`, and start it again on the same port with the same data."""
        await self.stop(kill=kill)
        await self.start()

    @abc.abstractmethod
    def _command(self, port: int) -> list[str]:
        """Return the program and its arguments."""

    @abc.abstractmethod
    async def _answers(self, port: int) -> bool:
        """Return whether it answers a real request; OSError and TimeoutError mean not yet."""

    def _environment(self, port: int) -> Mapping[str, str]:  # noqa: ARG002  one server needs it
        """Return what to add to its environment."""
        return {}

    async def _start_on(self, port: int) -> None:
        if not is_free(port):
            raise AddressTaken(f"{self.name}: port {port} is taken")
        self._process = self._spawn(port)
        self._home.remember(self._process.pid)
        try:
            await self._until_it_answers(port)
        except BaseException:
            await self.stop(kill=True)
            raise
        self.port = port

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        # Not asyncio's: its processes belong to the loop that started them.
        # Should we be killed, data that is kept deserves a farewell; other data ends with us.
        die_by = signal.SIGKILL if self._home.temporary else self.farewell[0][0]
        with self._home.log.open("wb") as log:
            return subprocess.Popen(
                [*prefix(self._run_as, die_by=die_by), *self._command(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home.path,
                env={**os.environ, **self._environment(port)},
                start_new_session=True,  # Ctrl-C in the terminal is for us, who stop it in order
            )

    async def _until_it_answers(self, port: int) -> None:
        give_up_at = time.monotonic() + _ANSWER_S
        while time.monotonic() < give_up_at:
            if self.exit_code is not None:
                kind = ServerFailed if is_free(port) else AddressTaken
                raise kind(f"{self.name} ended with {self.exit_code}:\n{self.last_words()}")
            try:
                if await self._answers(port):
                    return
            except (OSError, TimeoutError):
                pass
            await asyncio.sleep(_POLL_S)
        raise ServerFailed(
            f"{self.name} did not answer within {_ANSWER_S:g} s:\n{self.last_words()}"
        )

    async def _ends(self, signum: signal.Signals, patience_s: float) -> bool:
        assert self._process is not None
        if self._process.poll() is None:
            # Its whole group when forced: a server that forked must leave nobody behind.
            send = os.killpg if signum == signal.SIGKILL else os.kill
            send(self._process.pid, signum)
        try:
            await asyncio.to_thread(self._process.wait, patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def free_port() -> int:
    """Return a port of the loopback address that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port` of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
