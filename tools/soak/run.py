"""One run: the stream of comments, those who watch, the end of it, and what is then counted."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from dev import seeds
from dev.failures import PartEnded
from dev.narrate import Narrator
from dev.ports import PORTS
from dev.processes import Process
from dev.seeds import Business
from dev.servers.embedded import EmbeddedServer
from dev.stack import Stack, open_stack
from dev.surroundings import read_surroundings
from switchboard.db.pool import open_pool
from tools.chaos.control import Control, open_control
from tools.chaos.queues import Queues
from tools.chaos.town import FIRST_SHOP, town
from tools.soak.books import AGE, Books
from tools.soak.counting import Evidence, Outcome, Wrote, outcome_of
from tools.soak.watching import Sample, Trend, sample, trends_of

_ASKS_EVERY: Final = 10  # of ten who comment, seven want the link
_WHO_ASK: Final = 7
_WATCH_S: Final = 30.0
_TELL_S: Final = 300.0
_GLANCE_S: Final = 2.0
_ON_ITS_WAY_S: Final = 65.0  # comments of the last minute are left to their webhooks
_CATCH_UP_S: Final = 900.0
_CALLS_AN_HOUR: Final = 200  # CARETAKER_CALLS_AN_HOUR as it is by default
_READING: Final = ("GET media", "GET comments")  # the caretaker's calls, and nobody else's
_ENDED: Final = frozenset({"sent", "refused", "expired", "cancelled"})
_PASSED_ON: Final = ("PATH", "HOME", "POSTGRES_BIN_DIR", "REDIS_SERVER_BIN", "MINISTACK_PYTHON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of it."""

    stream_s: float
    per_s: float
    drop: float
    shops: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to tell when it is over."""

    outcome: Outcome
    trends: Mapping[str, Trend]
    hours: float


async def run(size: Size, *, folder: Path, narrator: Narrator) -> Told:
    """
    Carry it out on a stack of its own in `folder`.

    Raises:
        CannotRun, ServerFailed, PartEnded: Something does not start, or ends by itself.
    """
    given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environ = given | {port.variable: "0" for port in PORTS} | {"LOCAL_DIR": str(folder)}
    around = read_surroundings(environ, keeps=False)
    shops = town(size.shops)[FIRST_SHOP:]
    async with (
        open_stack(around, narrator, hurry=asyncio.Event()) as stack,
        open_control(around.metasim_url) as control,
        open_pool(stack.backing.owner_url, max_size=2, name="soak") as db,
        ClientSession() as http,
    ):
        queues = Queues(http, stack.backing.aws_endpoint_url, around.queue_prefix)
        soak = _Soak(size, stack, shops, control, Books(db), queues, narrator)
        return await soak.carry_out()


@dataclass(slots=True)
class _Soak:
    size: Size
    stack: Stack
    shops: Sequence[Business]
    control: Control
    books: Books
    queues: Queues
    narrator: Narrator
    wrote: list[Wrote] = field(default_factory=list)
    samples: defaultdict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    _began_s: float = field(default_factory=time.monotonic)

    async def carry_out(self) -> Told:
        began_at = await self.books.now()
        await self._set_the_stage()
        watching = asyncio.create_task(self._watch())
        try:
            await self._unless_one_ends(self._live())
        finally:
            watching.cancel()
        self._look()
        evidence = await self._evidence(began_at)
        return Told(
            outcome=outcome_of(evidence),
            trends=trends_of(self.samples),
            hours=self._elapsed_s / 3600,
        )

    async def _set_the_stage(self) -> None:
        """Open the shops, with tokens that are forty days old, and let Meta forget to tell."""
        around, owner_url = self.stack.around, self.stack.backing.owner_url
        await seeds.plant(owner_url, around.keys, self.shops)
        await seeds.set_stage(around.metasim_url, self.shops)
        issued_at = datetime.now(UTC) - AGE
        for one in (*seeds.BUSINESSES, *self.shops):
            body = {"username": one.username, "token": one.token}
            old = {"token_issued_at": issued_at.isoformat()}
            await self.control.call("PUT", f"/sim/accounts/{one.instagram_id}", {**body, **old})
        await self.books.age_tokens()
        loss = {"share": self.size.drop, "seed": self.size.seed}
        await self.control.configure(webhook_loss=loss)

    async def _live(self) -> None:
        await self._stream()
        self._say(f"{len(self.wrote)} comments were written; catching up")
        async with asyncio.timeout(_CATCH_UP_S):
            await self._catch_up()

    async def _stream(self) -> None:
        """Let somebody comment every so often, whatever becomes of it."""
        began_s = time.monotonic()
        for number in itertools.count():
            due_s = number / self.size.per_s
            if due_s >= self.size.stream_s:
                return
            await asyncio.sleep(max(0.0, began_s + due_s - time.monotonic()))
            await self._comment(number)

    async def _comment(self, number: int) -> None:
        shop = self.shops[number % len(self.shops)]
        asks = number // len(self.shops) % _ASKS_EVERY < _WHO_ASK
        replies = int(asks)
        told = await self.control.call(
            "POST",
            "/sim/comments",
            {
                "account_id": shop.instagram_id,
                "media_id": shop.posts[0].id,
                "username": f"p{number}",
                "text": "LINK please" if asks else "so lovely",
                "expect": {"private_reply": replies, "public_reply": replies},
                "webhook": {"wait": False},
            },
        )
        is_told = all(one["outcome"] != "lost" for one in told["webhook"])
        self.wrote.append(Wrote(str(told["comment_id"]), shop.instagram_id, is_told))

    async def _catch_up(self) -> None:
        """
        Wait until nothing is missing, everything has ended, and coverage was counted anew.

        The next reading may be ten minutes away; it is said to have come once no webhook of the
        stream can be on its way any more.
        """
        await asyncio.sleep(_ON_ITS_WAY_S)
        await self.books.hasten("backfill", await self.books.now())
        await self._until(self._all_decided)
        await self._until(self._all_ended)
        for _ in range(2):  # the first count may be the end of one that was begun before
            counted_from = await self.books.now()
            await self.books.hasten("coverage", counted_from)
            await self._until(partial(self._is_counted, counted_from))
        await self._until(self._all_ended)

    async def _all_decided(self) -> bool:
        decided = await self.books.decided()
        return all(one.identity in decided for one in self.wrote)

    async def _all_ended(self) -> bool:
        states = await self.books.states()
        ended = all(state in _ENDED for state in states)
        return ended and not await self.queues.held()

    async def _is_counted(self, since: datetime) -> bool:
        return not await self.books.unfinished("coverage", since)

    async def _until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        while not await is_so():  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(_GLANCE_S)

    async def _watch(self) -> None:
        """Look at every process now and then; hasten what is done daily, once at the start."""
        hastened, told_s = False, 0.0
        while True:
            self._look()
            if not hastened and self._elapsed_s > 2 * _WATCH_S:  # by then the jobs are enrolled
                for job in ("refresh", "probe"):
                    await self.books.hasten(job, await self.books.now())
                hastened = True
            if self._elapsed_s - told_s >= _TELL_S:
                told_s = self._elapsed_s
                await self._tell()
            await asyncio.sleep(_WATCH_S)

    def _look(self) -> None:
        for part in self.stack.parts:
            if not isinstance(part, Process | EmbeddedServer) or part.pid is None:
                continue
            seen = sample(part.pid, at_s=self._elapsed_s)
            if seen is not None:
                self.samples[part.name].append(seen)

    async def _tell(self) -> None:
        decided, summary = await self.books.decided(), await self.control.summary()
        lost = sum(not one.is_told for one in self.wrote)
        self._say(
            f"{len(self.wrote)} written, {lost} untold, {len(decided)} in the ledger, "
            f"{summary['sent']} answers, {summary['twice']} twice, "
            f"{await self.books.connections()} connections to PostgreSQL"
        )

    async def _evidence(self, began_at: datetime) -> Evidence:
        return Evidence(
            wrote=self.wrote,
            decided=await self.books.decided(),
            coverage=await self.books.coverage(),
            states=await self.books.states(),
            calls=await self.control.calls(_READING),
            most_calls=_CALLS_AN_HOUR,
            verdict=await self.control.judgement(),
            refreshed=await self.books.refreshed(began_at),
            left=await self.queues.held(),
        )

    async def _unless_one_ends(self, work: Awaitable[None]) -> None:
        """
        Do `work`, unless a process of ours ends meanwhile.

        Raises:
            PartEnded: One did.
        """
        working = asyncio.ensure_future(work)
        watching = {asyncio.create_task(part.ended()): part for part in self.stack.parts}
        try:
            await asyncio.wait({working, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for task, part in watching.items():
                if task.done():
                    raise PartEnded(f"{part.name} ended; it last wrote:\n{part.last_words()}")
            with contextlib.suppress(TimeoutError):  # what is missing then is counted
                await working
        finally:
            for one in (working, *watching):
                one.cancel()

    def _say(self, what: str) -> None:
        self.narrator.say(f"{self._elapsed_s:8.0f} s  {what}")

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_s
