"""
What a limit does to a crowd: who waits how long for their private reply, and who waits in vain.

The same arithmetic as the limiter's (`state/lua/reserve.lua`), a token bucket in microseconds and
integers, with the same order as the pacer's. So a forecast is not an estimate: it is what would
happen if nothing else did. `forecast` is for a crowd that has yet to come (a dry run), `turns` for
one that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    ordered = _by_deadline(jobs)
    queue = _of_jobs(ordered, ceiling)
    sent = waited = 0
    longest, last_at, missed = timedelta(), None, []
    for place, at_us in queue.sendings():
        sending = Sending(ordered[place], None if at_us is None else moment_of(at_us))
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
        peak_at=None if queue.peak_at is None else moment_of(queue.peak_at),
        drain=queue.drain_us * _MICROSECOND,
        longest=longest,
        last_at=last_at,
        missed=tuple(job.key for job in sorted(missed, key=lambda job: job.deadline)),
    )


def sendings(jobs: Iterable[Job[K]], ceiling: Ceiling) -> Iterator[Sending[K]]:
    """Yield what becomes of each of `jobs`, in the order their turns come."""
    ordered = _by_deadline(jobs)
    for place, at_us in _of_jobs(ordered, ceiling).sendings():
        yield Sending(ordered[place], None if at_us is None else moment_of(at_us))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How things are where a crowd waits already.

    `free` turns are left `now`; none is used before `opens`. Nothing is begun any more when only
    `margin` is left until its deadline.
    """

    now: datetime
    ceiling: Ceiling
    free: int
    opens: datetime | None = None
    margin: timedelta = timedelta()


def turns(
    due_us: Sequence[int], deadline_us: Sequence[int], standing: Standing
) -> list[int | None]:
    """
    Return when each of those who wait has their turn, or `None`: never in time.

    They are given in the order in which they are served, each with the moment from which they may
    be and their deadline, all in microseconds since 1970. The moment at which the next turn comes
    back is only known to within the time that one takes; it is reckoned as late as it can be.
    """
    now_us, interval_us = micros_of(standing.now), standing.ceiling.interval_us
    taken = max(standing.ceiling.burst - standing.free, 0)
    closes_us = standing.margin // _MICROSECOND + 1
    queue = _Queue(
        [max(one, now_us) for one in due_us],
        [one - closes_us for one in deadline_us],
        standing.ceiling,
        full_us=now_us + taken * interval_us,
        opens_us=0 if standing.opens is None else micros_of(standing.opens),
    )
    at_us: list[int | None] = [None] * len(due_us)
    for place, turn_us in queue.sendings():
        at_us[place] = turn_us
    return at_us


def micros_of(moment: datetime) -> int:
    """Return a moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """Return the moment that is so many microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND


def _by_deadline(jobs: Iterable[Job[K]]) -> list[Job[K]]:
    return sorted(jobs, key=lambda job: (job.deadline, job.due))


def _of_jobs(ordered: Sequence[Job[K]], ceiling: Ceiling) -> _Queue:
    due_us = [micros_of(job.due) for job in ordered]
    return _Queue(due_us, [micros_of(job.deadline) for job in ordered], ceiling)


class _Queue:
    """
    Those who wait, by their place; and the bucket, as the moment at which it is full again.

    Who is at a lower place in the lists is served first, of those who have come.
    """

    def __init__(
        self,
        due_us: Sequence[int],
        deadline_us: Sequence[int],
        ceiling: Ceiling,
        *,
        full_us: int = 0,
        opens_us: int = 0,
    ) -> None:
        self._due_us, self._deadline_us = due_us, deadline_us
        self._arrivals = sorted(range(len(due_us)), key=due_us.__getitem__)
        self._next = 0
        self._waiting: list[int] = []
        self._interval_us = ceiling.interval_us
        self._ahead_us = (ceiling.burst - 1) * self._interval_us
        self._full_us, self._opens_us = full_us, opens_us
        self._busy_since: int | None = None
        self.peak, self.drain_us = 0, 0
        self.peak_at: int | None = None

    def sendings(self) -> Iterator[tuple[int, int | None]]:
        """Yield each place and when it has its turn, or `None`: its deadline passed before."""
        now_us = 0
        while self._next < len(self._arrivals):
            if not self._waiting:
                self._busy_since = None
                now_us = max(now_us, self._due_us[self._arrivals[self._next]])
            self._arrive(now_us)
            turn_us = self._turn(now_us)
            if turn_us > now_us:
                self._arrive(turn_us)
                self._note(len(self._waiting), now_us, turn_us)
                now_us = turn_us
            yield from self._serve(now_us)
        yield from self._drain(now_us)

    def _turn(self, now_us: int) -> int:
        """Return when the next token is there, and may be used."""
        return max(now_us, self._opens_us, self._full_us - self._ahead_us)

    def _note(self, waiting: int, now_us: int, turn_us: int) -> None:
        """Note that so many wait from now until the next turn."""
        if self._busy_since is None:
            self._busy_since = now_us
        if waiting > self.peak:
            self.peak, self.peak_at = waiting, turn_us
        self.drain_us = max(self.drain_us, turn_us - self._busy_since)

    def _serve(self, now_us: int) -> Iterator[tuple[int, int | None]]:
        """Take one token for the first in line; whose deadline has passed takes none."""
        while self._waiting:
            place = heappop(self._waiting)
            if self._deadline_us[place] < now_us:
                yield place, None
                continue
            self._full_us = max(self._full_us, now_us) + self._interval_us
            yield place, now_us
            return

    def _drain(self, now_us: int) -> Iterator[tuple[int, int | None]]:
        """Serve who is left as `_serve` does, now that nobody else comes: most of a crowd."""
        left = sorted(self._waiting)
        turn_us, full_us = self._turn(now_us), self._full_us
        last_us, waits = turn_us, False
        for served, place in enumerate(left):
            if turn_us > now_us and not waits:
                self._note(len(left) - served, now_us, turn_us)
                waits = True
            last_us = turn_us
            if self._deadline_us[place] < turn_us:
                yield place, None
                continue
            yield place, turn_us
            full_us = max(full_us, turn_us) + self._interval_us
            turn_us = max(turn_us, full_us - self._ahead_us)
        if waits:
            self._note(0, now_us, last_us)

    def _arrive(self, until_us: int) -> None:
        while self._next < len(self._arrivals):
            place = self._arrivals[self._next]
            if self._due_us[place] > until_us:
                return
            heappush(self._waiting, place)
            self._next += 1
