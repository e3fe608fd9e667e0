"""One run: a plan is carried out on a stage, drained, and judged."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from dev.failures import EXPECTED
from dev.narrate import Narrator
from tools.chaos.breaking import Breaking
from tools.chaos.draining import Draining
from tools.chaos.evidence import Care, Evidence, Shown
from tools.chaos.faults import Down, Emptied, Fault, TokenDead
from tools.chaos.judging import VIOLATIONS, Judgement, judge
from tools.chaos.people import People
from tools.chaos.plan import Flush, Plan
from tools.chaos.stage import CALLS_AN_HOUR, CALLS_AT_ONCE, Stage, open_stage
from tools.chaos.town import CORNER, CORNER_ALLOWANCE, FIRST_SHOP, ON_AIR, town

T = TypeVar("T")

# No delivery may be left whose outcome nobody knows; false: one that is explains a loss.
STRICT: Final = True

_WEEK_S: Final = 7 * 86_400.0
_LEAVE_AFTER_S: Final = 6.0  # after the load: a reply that has not come by then is not tapped
_PROLOGUE_S: Final = 60.0
_DRAIN_S: Final = 150.0
_GLANCE_S: Final = 0.2
_WATCH_S: Final = 2.0
_MOST_ALLOWED: Final = 720
_DROPPED: Final = 0.2  # of the comments
_TOKEN_AGE: Final = timedelta(days=40)
_TOKEN_LEFT: Final = timedelta(days=20)
_JUST_TOO_LONG: Final = 7.01  # days
_LONG: Final = 12.0
# The caretaker's calls, and nobody else's.
_READING: Final = ("GET media", "GET comments")
_META: Final[dict[str, Any]] = {
    # Meta comes back for 36 hours; here, for as long as a run lasts.
    "webhook_retry": {"attempts": 50, "base_delay_s": 0.5, "max_delay_s": 3.0},
    # A STOP may wait until a killed router's messages are shown again and Redis is back.
    "opt_out_grace_s": 30.0,
}


class Violated(Exception):  # noqa: N818  it reads as what happened
    """Something happened that nothing can make good."""


async def run(
    plan: Plan, *, folder: Path, narrator: Narrator, plant: str | None = None
) -> Judgement:
    """
    Carry out `plan` on a stage of its own in `folder`, and judge what came of it.

    With a `plant`, the run ends as soon as that is found out.

    Raises:
        CannotRun, ServerFailed, PartEnded: Something does not start, or does not come back.
    """
    businesses = town(plan.size.shops)
    async with open_stage(businesses, folder=folder, narrator=narrator, plant=plant) as stage:
        narrator.say()
        try:
            return await _Run(plan, stage, narrator, is_planted=plant is not None).carry_out()
        except* EXPECTED as failures:
            raise _first_of(failures) from None


@dataclass(slots=True)
class _Run:
    plan: Plan
    stage: Stage
    narrator: Narrator
    is_planted: bool
    _began_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def carry_out(self) -> Judgement:
        stage = self.stage
        people = People(
            control=stage.control, books=stage.books, businesses=tuple(stage.businesses)
        )
        breaking = Breaking(stage=stage, seed=self.plan.seed, tell=self._tell)
        draining = Draining(stage, strict=STRICT)
        await stage.control.configure(**_META)
        await self._let_tokens_age()
        await self._comment_long_ago(people)
        await self._prologue(people)
        is_over = await self._load(people, breaking)
        answered = await self._drain(draining) if is_over else 0
        care = await self._care(people, draining)
        evidence = await self._evidence(people, breaking, answered, care, is_over=is_over)
        await self._keep(evidence)
        return judge(evidence, strict=STRICT)

    async def _prologue(self, people: People) -> None:
        """
        Have a crowd comment, and once it waits for its turns, a few whose week is nearly over.

        Meta told of those a week ago, less what they have left: so says their webhook.
        """
        await _together(people.play(scene) for scene in self.plan.crowd)
        await self._until_decided(people)
        await self.stage.start_senders(hour_turns_in_s=self.plan.size.load_s / 2)
        await self._until_turns_are_gone()
        ago_s = _WEEK_S - self.plan.size.urgent_for_s
        await self.stage.control.configure(clock={"offset_s": -ago_s})
        await _together(people.play(scene) for scene in self.plan.urgent)
        await self.stage.control.configure(clock={"offset_s": 0.0})
        await self._until_decided(people)
        await self._lose(_DROPPED)

    async def _let_tokens_age(self) -> None:
        """Let every token be so old that it is time for another, at Meta and with us."""
        issued_at = (datetime.now(UTC) - _TOKEN_AGE).isoformat()
        for one in self.stage.businesses:
            body = {"username": one.username, "token": one.token, "token_issued_at": issued_at}
            await self.stage.control.call("PUT", f"/sim/accounts/{one.instagram_id}", body)
        await self.stage.books.age_tokens(_TOKEN_AGE, _TOKEN_LEFT)

    async def _comment_long_ago(self, people: People) -> None:
        """Have comments that nobody was told of when they could still be answered."""
        await self._lose(1.0)
        for place in range(FIRST_SHOP, len(self.stage.businesses)):
            await people.comment_long_ago(place, days=_JUST_TOO_LONG)
            await people.comment_long_ago(place, days=_LONG)
        await self._lose(0.0)

    async def _lose(self, share: float) -> None:
        """Let Meta never tell of a share of the comments."""
        loss = {"share": share, "seed": self.plan.seed}
        await self.stage.control.configure(webhook_loss=loss)

    async def _until_decided(self, people: People) -> None:
        async with asyncio.timeout(_PROLOGUE_S):
            for told in people.told:
                while not await self.stage.books.has_decided(told.identity):  # noqa: ASYNC110  only asking tells
                    await asyncio.sleep(_GLANCE_S)

    async def _until_turns_are_gone(self) -> None:
        """Wait until as many of the crowd were answered as could be at once."""
        async with asyncio.timeout(_PROLOGUE_S):
            states = await self.stage.books.states()
            while states["ready"] or states["sending"] or not states["sent"]:
                await asyncio.sleep(_GLANCE_S)
                states = await self.stage.books.states()

    async def _load(self, people: People, breaking: Breaking) -> bool:
        """
        Let people act and things break, each in its moment; return when all of it is over.

        False: it was cut short, because a plant has been found out.
        """
        self._began_at = asyncio.get_running_loop().time()
        people.leave_at = self._began_at + self.plan.size.load_s + _LEAVE_AFTER_S
        works = [
            *(self._at(scene.at_s, people.play, scene) for scene in self.plan.scenes),
            *(self._at(flush.at_s, self._flush, flush) for flush in self.plan.flushes),
            *(self._at(fault.at_s, breaking.bring_about, fault) for fault in self.plan.faults),
        ]
        is_over = True
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch())
                await _together(works)
                watching.cancel()
        except* Violated:
            is_over = False
        if is_over:
            await self._flush(Flush(at_s=self.plan.size.load_s, batch=True, order="given", seed=0))
        return is_over

    async def _at(self, at_s: float, act: Callable[[T], Awaitable[None]], what: T) -> None:
        await asyncio.sleep(self._began_at + at_s - asyncio.get_running_loop().time())
        await act(what)

    async def _flush(self, flush: Flush) -> None:
        how = {"batch": flush.batch, "order": flush.order, "seed": flush.seed}
        await self.stage.control.call("POST", "/sim/flush", how)

    async def _watch(self) -> None:
        """
        Look whether a plant has been found out.

        Raises:
            Violated: It has.
        """
        while self.is_planted:
            await asyncio.sleep(_WATCH_S)
            summary = await self.stage.control.summary()
            if any(summary[name] for name in VIOLATIONS):
                raise Violated

    async def _drain(self, draining: Draining) -> int:
        """Drain; return how many private replies the corner shop gave within its hour."""
        self._say(f"all is whole; draining, for {_DRAIN_S:g} s at most")
        answered = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await draining.settle()
                answered = await self._answered_at(CORNER)
                await self.stage.books.allow(self._account_id(CORNER), _MOST_ALLOWED)
                await draining.drain()
        self._say(f"drained; waits were skipped {draining.skips} times")
        return answered

    async def _answered_at(self, place: int) -> int:
        """Return how many of the latest comments at a business have had a private reply."""
        (post,) = self.stage.businesses[place].posts
        comments = await self.stage.control.comments(self._account_id(place), post.id)
        return sum(int(comment["private_replies"]) for comment in comments)

    async def _evidence(
        self, people: People, breaking: Breaking, answered: int, care: Care, *, is_over: bool
    ) -> Evidence:
        stage, corner = self.stage, self._account_id(CORNER)
        ended = [
            f"{process.name} ended by itself ({process.exit_code})"
            for process in stage.processes.values()
            if process.exit_code is not None
        ]
        return Evidence(
            verdict=await stage.control.judgement(),
            is_over=is_over,
            rows=await stage.books.deliveries(),
            decided=await stage.books.decided(),
            told=people.told,
            opted_out=people.opted_out,
            taken_over=await stage.books.taken_over(),
            left=await stage.queues.held(),
            dead_letters=await stage.queues.dead_letters(),
            poison=breaking.poison,
            ended=[*breaking.ended, *ended],
            tokens_died=any(isinstance(fault, TokenDead) for fault in self.plan.faults),
            allowances={corner: CORNER_ALLOWANCE},
            answered={corner: answered},
            care=care,
        )

    async def _care(self, people: People, draining: Draining) -> Care:
        """Return what came of the caretaker's work; each empty Redis has a burst of calls anew."""
        emptied = sum(_empties(fault) for fault in self.plan.faults) + draining.skips
        return Care(
            shown=[one for place in self._places_read() for one in await self._shown(place)],
            too_old=people.too_old,
            counted=await self.stage.books.coverage(),
            calls=await self.stage.control.calls(_READING),
            most_calls=CALLS_AN_HOUR + emptied * CALLS_AT_ONCE,
            untold=people.untold,
            refreshed=await self.stage.books.refreshed(),
            own_untold=await self.stage.control.own_untold(),
        )

    def _places_read(self) -> Iterator[int]:
        """Yield the businesses whose campaigns wait for comments that can be read later."""
        return (place for place in range(len(self.stage.businesses)) if place != ON_AIR)

    async def _shown(self, place: int) -> Sequence[Shown]:
        """Return what people have written under a business's post, as Meta has it."""
        (post,) = self.stage.businesses[place].posts
        account_id = self._account_id(place)
        return [
            Shown(
                identity=f"c:{account_id}:{one['comment_id']}",
                account_id=account_id,
                media_id=post.id,
                written_at=datetime.fromisoformat(one["created_at"]),
            )
            for one in await self.stage.control.comments(account_id, post.id)
            if not one["is_own"]
        ]

    async def _keep(self, evidence: Evidence) -> None:
        """Write beside the logs what a person needs who asks how it came to that."""
        folder = self.stage.around.logs
        verdict = json.dumps(evidence.verdict, indent=1)
        timeline = await self.stage.control.call("GET", "/sim/timeline", limit="10000")
        lines = (json.dumps(entry) for entry in timeline["entries"])
        folder.joinpath("judgement.json").write_text(verdict, encoding="utf-8")
        folder.joinpath("timeline.jsonl").write_text("\n".join(lines), encoding="utf-8")
        history = await self.stage.books.history()
        folder.joinpath("deliveries.json").write_text(history, encoding="utf-8")

    def _account_id(self, place: int) -> str:
        return self.stage.businesses[place].instagram_id

    def _tell(self, fault: Fault) -> None:
        self._say(str(fault))

    def _say(self, what: str) -> None:
        elapsed_s = asyncio.get_running_loop().time() - self._began_at
        self.narrator.say(f"{elapsed_s:7.1f} s  {what}")


def _empties(fault: Fault) -> bool:
    return isinstance(fault, Emptied) or (isinstance(fault, Down) and fault.server == "redis")


def _first_of(failures: BaseExceptionGroup[Exception]) -> Exception:
    """Return the failure in a group of groups that came first."""
    first = failures.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


async def _together(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do all of `works` at once; the first failure ends the rest and is raised."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)
