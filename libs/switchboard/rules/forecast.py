"""
What a limit does to a crowd: who waits how long for their private reply, and who waits in vain.

The same arithmetic as the limiter's (`state/lua/reserve.lua`), a token bucket in microseconds and
integers, with the same order as the pacer's, the earliest deadline first. So a forecast is not an
estimate: it is what would happen if nothing else did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

from switchboard.rules.ceilings import Ceiling

K = TypeVar("K")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Job(Generic[K]):
    """Something to be sent from `due` on and until `deadline`, with the key it is known by."""

    due: datetime
    deadline: datetime
    key: K


@dataclass(frozen=True, slots=True)
class Sending(Generic[K]):
    """A job and when its turn comes; `at` is `None` if it never does before its deadline."""

    job: Job[K]
    at: datetime | None

    @property
    def wait(self) -> timedelta:
        """How long it waits: for its turn, or in vain until its deadline."""
        return max((self.at or self.job.deadline) - self.job.due, timedelta())


@dataclass(frozen=True, slots=True)
class Forecast(Generic[K]):
    """
    What a limit does to some jobs.

    `peak` is the most that were due and waiting at one moment, `peak_at`. `drain` is the longest
    time in which somebody was always waiting. `longest` is the longest wait of what was sent;
    `missed` are the keys of what was not, by deadline.
    """

    jobs: int
    sent: int
    waited: int
    peak: int
    peak_at: datetime | None
    drain: timedelta
    longest: timedelta
    last_at: datetime | None
    missed: tuple[K, ...]


def forecast(jobs: Iterable[Job[K]], ceiling: Ceiling) -> Forecast[K]:
    """Return what `ceiling` does to `jobs`, in any order, if it begins with its whole burst."""
    queue = _Queue(jobs, ceiling)
    sent = waited = 0
    longest, last_at, missed = timedelta(), None, []
    for sending in queue.sendings():
        if sending.at is None:
            missed.append(sending.job)
            continue
        sent, last_at = sent + 1, sending.at
        waited += sending.at > sending.job.due
        longest = max(longest, sending.wait)
    return Forecast(
        jobs=sent + len(missed),
        sent=sent,
        waited=waited,
        peak=queue.peak,
        peak_at=None if queue.peak_at is None else _moment(queue.peak_at),
        drain=queue.drain_us * _MICROSECOND,
        longest=longest,
        last_at=last_at,
        missed=tuple(job.key for job in sorted(missed, key=lambda job: job.deadline)),
    )


def sendings(jobs: Iterable[Job[K]], ceiling: Ceiling) -> Iterator[Sending[K]]:
    """Yield what becomes of each of `jobs`, in the order their turns come."""
    return _Queue(jobs, ceiling).sendings()


class _Queue(Generic[K]):
    """Those who wait, by deadline; and the bucket, as the moment at which it is full again."""

    def __init__(self, jobs: Iterable[Job[K]], ceiling: Ceiling) -> None:
        self._jobs = sorted(jobs, key=lambda job: job.due)
        self._next = 0
        self._waiting: list[tuple[int, int, Job[K]]] = []
        self._interval_us = ceiling.interval_us
        self._ahead_us = (ceiling.burst - 1) * self._interval_us
        self._full_us: int | None = None
        self._busy_since: int | None = None
        self.peak, self.drain_us = 0, 0
        self.peak_at: int | None = None

    def sendings(self) -> Iterator[Sending[K]]:
        now_us = 0
        while self._waiting or self._next < len(self._jobs):
            if not self._waiting:
                self._busy_since = None
                now_us = max(now_us, _micros(self._jobs[self._next].due))
            self._arrive(now_us)
            turn_us = self._turn(now_us)
            if turn_us > now_us:
                self._queue_up(now_us, turn_us)
                now_us = turn_us
            yield from self._serve(now_us)

    def _turn(self, now_us: int) -> int:
        """Return when the next token is there."""
        return now_us if self._full_us is None else max(now_us, self._full_us - self._ahead_us)

    def _queue_up(self, now_us: int, turn_us: int) -> None:
        """Let everybody in who comes until the next turn; all of them wait."""
        if self._busy_since is None:
            self._busy_since = now_us
        self._arrive(turn_us)
        if len(self._waiting) > self.peak:
            self.peak, self.peak_at = len(self._waiting), turn_us
        self.drain_us = max(self.drain_us, turn_us - self._busy_since)

    def _serve(self, now_us: int) -> Iterator[Sending[K]]:
        """Take one token for the most urgent; whose deadline has passed takes none."""
        while self._waiting:
            deadline_us, _, job = heappop(self._waiting)
            if deadline_us < now_us:
                yield Sending(job, None)
                continue
            full_us = now_us if self._full_us is None else max(self._full_us, now_us)
            self._full_us = full_us + self._interval_us
            yield Sending(job, _moment(now_us))
            return

    def _arrive(self, until_us: int) -> None:
        while self._next < len(self._jobs):
            job = self._jobs[self._next]
            if _micros(job.due) > until_us:
                return
            heappush(self._waiting, (_micros(job.deadline), self._next, job))
            self._next += 1


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
