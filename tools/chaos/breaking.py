"""Faults brought about, and healed: the one place that hurts an installation."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, assert_never

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from dev import seeds
from dev.failures import PartEnded
from dev.processes import Process
from dev.servers import PostgresServer, RedisServer, SqsServer
from tools.chaos.faults import (
    CareDue,
    Down,
    Emptied,
    Fault,
    Killed,
    MetaFails,
    MetaFault,
    Paused,
    Poisoned,
    QueuesFail,
    TokenDead,
)
from tools.chaos.stage import Stage

_FOR_GOOD_S: Final = 3600.0  # until there is another
_GRACE_S: Final = 3.0  # for calls that were under way; on two busy cores they take their time


@dataclass(slots=True, kw_only=True)
class Breaking:
    """
    Hurts `stage` as told, and says so.

    `ended` are processes that had ended by themselves when they were to be hurt.
    """

    stage: Stage
    seed: int
    tell: Callable[[Fault], None]
    ended: list[str] = field(default_factory=list)
    poison: list[tuple[str, str]] = field(default_factory=list)  # queue, body
    _queue_faults: list[QueuesFail] = field(default_factory=list)
    _meta_faults: list[MetaFails] = field(default_factory=list)
    _kills: Counter[str] = field(default_factory=Counter)
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    _tokens: dict[int, int] = field(default_factory=dict)  # place: how often it was connected

    async def bring_about(self, fault: Fault) -> None:
        """Hurt as `fault` says; return when it is healed."""
        self.tell(fault)
        async with self._lasting(fault):
            await asyncio.sleep(fault.for_s)

    @contextlib.asynccontextmanager
    async def _lasting(self, fault: Fault) -> AsyncIterator[None]:
        match fault:
            case Killed(who=who):
                async with self._killed(self.stage.processes[who]):
                    yield
            case Paused(who=who):
                with self._paused(who):
                    yield
            case Down():
                async with self._down(fault):
                    yield
            case Emptied():
                await empty(self.stage)
                yield
            case QueuesFail():
                async with self._queues_failing(fault):
                    yield
            case MetaFails():
                async with self._meta_failing(fault):
                    yield
            case TokenDead():
                async with self._token_dead(fault):
                    yield
            case Poisoned(queue=queue, body=body):
                self.poison.append((queue, body))
                await self.stage.queues.poison(queue, body)
                yield
            case CareDue():
                await self.stage.books.hasten_care()
                yield
            case _:
                assert_never(fault)

    @contextlib.asynccontextmanager
    async def _killed(self, process: Process) -> AsyncIterator[None]:
        self._kills[process.name] += 1
        kills = self._kills[process.name]
        if self._send(process, signal.SIGKILL):
            await process.ended()
        yield
        try:
            await process.start()
        except PartEnded as failure:
            if kills == self._kills[process.name]:  # not killed again before it was ready
                self.ended.append(str(failure))

    @contextlib.contextmanager
    def _paused(self, who: str) -> Any:
        part: Process | SqsServer = self.stage.sqs if who == "sqs" else self.stage.processes[who]
        if self._send(part, signal.SIGSTOP):
            try:
                yield
            finally:
                self._send(part, signal.SIGCONT)
        else:
            yield

    @contextlib.asynccontextmanager
    async def _down(self, fault: Down) -> AsyncIterator[None]:
        server: PostgresServer | RedisServer = getattr(self.stage, fault.server)
        # On a machine that is too busy it may still be coming back from the last time.
        async with self._turns[fault.server]:
            if fault.how == "at_once" and self._send(server, signal.SIGQUIT):
                await server.ended()
            else:
                await server.stop(kill=fault.how == "killed")
            yield
            await server.start()

    @contextlib.asynccontextmanager
    async def _queues_failing(self, fault: QueuesFail) -> AsyncIterator[None]:
        self._queue_faults.append(fault)
        await self._order_queues()
        try:
            yield
        finally:
            self._queue_faults.remove(fault)
            await self._order_queues()

    @contextlib.asynccontextmanager
    async def _meta_failing(self, fault: MetaFails) -> AsyncIterator[None]:
        self._meta_faults.append(fault)
        await self._order_meta()
        try:
            yield
        finally:
            self._meta_faults.remove(fault)
            await self._order_meta()

    @contextlib.asynccontextmanager
    async def _token_dead(self, fault: TokenDead) -> AsyncIterator[None]:
        """
        Let every call with the account's token be refused; then give both sides another.

        Who goes on calling with it is judged as if the account were restricted.
        """
        stage = self.stage
        dead = MetaFault(
            preset=fault.preset, account=fault.account, hold_s=_FOR_GOOD_S, hold_grace_s=_GRACE_S
        )
        async with self._meta_failing(MetaFails(at_s=fault.at_s, for_s=fault.for_s, fault=dead)):
            yield
        number = self._tokens[fault.account] = self._tokens.get(fault.account, 1) + 1
        renewed = replace(stage.businesses[fault.account], token_number=number)
        await seeds.set_stage(stage.around.metasim_url, [renewed])
        await stage.control.call("DELETE", "/sim/holds", account_id=renewed.instagram_id)
        await seeds.plant(stage.owner_url, stage.around.keys, [renewed])

    async def _order_queues(self) -> None:
        faults = [asdict(one.fault) for one in self._queue_faults]
        await self.stage.order_queues(faults, seed=self.seed)

    async def _order_meta(self) -> None:
        faults = [one.fault.told(self._account_id(one)) for one in self._meta_faults]
        await self.stage.control.configure(faults=faults, seed=self.seed)

    def _account_id(self, one: MetaFails) -> str | None:
        place = one.fault.account
        return None if place is None else self.stage.businesses[place].instagram_id

    def _send(
        self, part: Process | PostgresServer | RedisServer | SqsServer, signum: signal.Signals
    ) -> bool:
        """Send a signal; false, and noted, if the process has ended by itself."""
        if part.pid is None or part.exit_code is not None:
            self.ended.append(f"{part.name} had ended by itself ({part.exit_code})")
            return False
        os.kill(part.pid, signum)
        return True


async def empty(stage: Stage) -> None:
    """Make Redis forget everything; one that is still away remembers nothing to anybody."""
    with contextlib.suppress(RedisConnectionError):
        async with Redis.from_url(stage.redis.url) as redis:
            await redis.flushall()
