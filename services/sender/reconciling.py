"""
Finding out what became of uncertain deliveries.

    uncertain ─▶ our own webhooks ─▶ Meta ─┬─ found ────▶ sent
        ▲                                  ├─ absent ───▶ ready, or expired
        └────── later, ever more rarely ───┴─ unclear ──▶ after a while a person is asked

A round takes what is due, an account at a time and the accounts side by side. Evidence and what it
comes to are decided purely (`evidence`, `conclusions`); here it is fetched and acted upon.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

import structlog

from services.sender.conclusions import (
    FOUND,
    Conclusion,
    NeverSent,
    Patience,
    SendAgain,
    Wait,
    WasSent,
    conclude,
    put_off,
)
from services.sender.evidence import (
    Absent,
    Found,
    Rival,
    Sighting,
    Sought,
    Span,
    Unclear,
    Verdict,
    judge,
)
from services.sender.looking import Place, View, place_of
from services.sender.lookups import Queue
from services.sender.obstacles import account_obstacle
from switchboard.contracts import CommentId, DeliveryDue
from switchboard.db.uncertain import UNRESOLVED, Doubt, Note, Standing, Unanswered, Word
from switchboard.errors import Failure, Throttled
from switchboard.graph import GraphFailure
from switchboard.queues import Outgoing
from switchboard.rules.wording import Told, attachment, wording
from switchboard.telemetry import Meter, Metric

RECONCILED: Final = Metric("DeliveriesReconciled")
DOUBT: Final = Metric("DeliveryDoubt", "Seconds")

# Of one account in a round: so many conversations are read, one a second, in half of a lease.
_EACH: Final = 40
_ACCOUNTS_AT_ONCE: Final = 8
_SETTLES_ALERTS_EVERY_S: Final = 60.0

log = structlog.get_logger()


class Doubts(Protocol):
    """Uncertain deliveries. Each call is one statement, and any reconciler may make it."""

    async def take(self, *, limit: int, each: int, lease: timedelta) -> Sequence[Doubt]:
        """Return those whose time to be looked for has come, at most `each` of one account."""
        ...

    async def own_words(self, doubt: Doubt) -> Sequence[Word]:
        """Return what the account said there, as its webhooks told."""
        ...

    async def parent_comment(self, doubt: Doubt) -> CommentId | None:
        """Return the comment that the delivery's comment answers."""
        ...

    async def standing(self, doubt: Doubt, messages: Sequence[str]) -> Standing:
        """Return which messages are others', and whether others are unanswered."""
        ...

    async def resolve_sent(
        self, doubt: Doubt, note: Note, sighting: Sighting, *, skew: timedelta
    ) -> Sequence[DeliveryDue] | None:
        """Record that it was sent; return what is due by it, or `None`: not recorded."""
        ...

    async def send_again(self, doubt: Doubt, note: Note) -> DeliveryDue | None:
        """Make it ready; return it, or `None`: it is decided already."""
        ...

    async def resolve_not_sent(
        self, doubt: Doubt, note: Note, state: Literal["expired", "refused"]
    ) -> bool:
        """Record that it never will be sent; true unless it is decided already."""
        ...

    async def look_again(self, doubt: Doubt, note: Note, wait: Wait) -> bool:
        """Record when to look again, and before that, that a person is asked, if they are."""
        ...

    async def settle_alerts(self) -> int:
        """Ask no more about what is decided; return of how many."""
        ...


class Lookout(Protocol):
    """Meta, looked at."""

    async def look(self, doubt: Doubt, sought: Sought, parent: CommentId | None) -> View:
        """Return what the account said where the delivery would be, or raise why not."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """A look: what it saw, as it is noted, and what that comes to."""

    note: Note
    conclusion: Conclusion


class Reconciler:
    """
    A round every `every_s` seconds, any number of them at once.

    A delivery is taken for `lease`. Whoever dies over it, or over telling of what is ready by it,
    leaves it to the next round, or to the pacer.
    """

    name = "reconciler"

    def __init__(
        self,
        doubts: Doubts,
        meta: Lookout,
        outbound: Queue,
        *,
        meter: Meter,
        patience: Patience,
        every_s: float,
        limit: int,
        lease: timedelta,
    ) -> None:
        self._doubts, self._at_meta, self._outbound = doubts, meta, outbound
        self._meter, self._patience = meter, patience
        self._every_s, self._limit, self._lease = every_s, limit, lease
        self._half_a_lease_s = lease.total_seconds() / 2
        self._moved_at = time.monotonic()
        self._settles_at = self._moved_at

    def still_s(self) -> float:
        """Return for how long nothing was looked at, nor a round made: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Make rounds until `stop`; a round that is full is followed by another at once."""
        while not stop.is_set():
            full = False
            try:
                full = await self.round(stop)
            except Failure as failure:
                log.warning("reconciler.paused", because=str(failure))
            self._moved_at = time.monotonic()
            if not full:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every_s):
                        await stop.wait()

    async def round(self, stop: asyncio.Event | None = None) -> bool:
        """
        Look for what is due; return whether there may be more to do at once.

        Once `stop` is set, or half of the lease has gone, nothing new is looked for. What was taken
        and not looked for is due again when its lease is over.

        Raises:
            Unavailable: Postgres is away.
        """
        await self._settle_alerts()
        taken = await self._doubts.take(limit=self._limit, each=_EACH, lease=self._lease)
        by_account = itertools.groupby(taken, key=lambda doubt: doubt.delivery.account)
        places = asyncio.Semaphore(_ACCOUNTS_AT_ONCE)
        ends_at = time.monotonic() + self._half_a_lease_s

        def is_over() -> bool:
            return time.monotonic() > ends_at or (stop is not None and stop.is_set())

        async def look_for(doubts: Iterable[Doubt]) -> None:
            async with places:
                for doubt in doubts:
                    if not is_over():
                        await self._settle(doubt)
                        self._moved_at = time.monotonic()

        async with asyncio.TaskGroup() as group:
            for _, doubts in by_account:
                group.create_task(look_for(list(doubts)))
        return len(taken) >= self._limit

    async def _settle(self, doubt: Doubt) -> None:
        """Look for one, and act on what it comes to."""
        try:
            looked = await self._look(doubt)
            recorded = await self._act(doubt, looked)
        except Failure as failure:
            log.warning(
                "delivery.not_looked_up", **_names(doubt), look=doubt.look, because=str(failure)
            )
        else:
            self._tell(doubt, looked, recorded=recorded)

    async def _look(self, doubt: Doubt) -> Looked:
        """
        Look in our own ledger, and at Meta if it is not there.

        Raises:
            Failure: Not even the ledger can be read.
        """
        sought = _sought(doubt, self._patience)
        sightings = [_heard(word) for word in await self._doubts.own_words(doubt)]
        verdict = await self._judge(doubt, sought, sightings, complete=False)
        place: Place | Literal["ledger"] = "ledger"
        if not isinstance(verdict, Found):
            obstacle = account_obstacle(doubt.delivery, now=doubt.taken_at)
            if obstacle is not None:
                return self._failed(doubt, "ledger", obstacle.reason, _held_for(doubt))
            try:
                view = await self._look_at_meta(doubt, sought)
            except (Failure, TimeoutError) as failure:
                return self._failed(doubt, place_of(doubt), _reason(failure), _wait(failure))
            place, sightings = view.place, [*sightings, *view.sightings]
            verdict = await self._judge(doubt, sought, sightings, complete=view.complete)
        return Looked(_note(place, verdict), conclude(doubt, verdict, self._patience))

    async def _look_at_meta(self, doubt: Doubt, sought: Sought) -> View:
        parent = None
        if doubt.delivery.kind == "public_reply":
            parent = await self._doubts.parent_comment(doubt)
        async with asyncio.timeout(self._half_a_lease_s):
            return await self._at_meta.look(doubt, sought, parent)

    async def _judge(
        self, doubt: Doubt, sought: Sought, sightings: Sequence[Sighting], *, complete: bool
    ) -> Verdict:
        messages = [sighting.message_id for sighting in sightings]
        standing = await self._doubts.standing(doubt, messages)
        rivals = [_rival(one, doubt, self._patience) for one in standing.rivals]
        return judge(sought, sightings, taken=standing.taken, rivals=rivals, complete=complete)

    def _failed(
        self, doubt: Doubt, place: Place | Literal["ledger"], because: str, wait: timedelta
    ) -> Looked:
        """Return that Meta could not be asked, or did not answer; what was known stands."""
        note = Note(asked=place, outcome="failed", because=because)
        again = put_off(doubt, self._patience, absent_at=doubt.absent_at, at_least=wait)
        return Looked(note, again)

    async def _act(self, doubt: Doubt, looked: Looked) -> bool:
        """Record what a look comes to, and tell of what is due by it; return if it was recorded."""
        note = looked.note
        match looked.conclusion:
            case WasSent(sighting):
                due = await self._doubts.resolve_sent(
                    doubt, note, sighting, skew=self._patience.skew
                )
                if due is None:
                    return await self._contested(doubt, note)
                await self._publish(due)
                return True
            case SendAgain():
                ready = await self._doubts.send_again(doubt, note)
                await self._publish([] if ready is None else [ready])
                return ready is not None
            case NeverSent(state, reason):
                because = replace(note, because=reason)
                return await self._doubts.resolve_not_sent(doubt, because, state)
            case Wait() as wait:
                return await self._doubts.look_again(doubt, note, wait)

    async def _contested(self, doubt: Doubt, note: Note) -> bool:
        """Put off one whose message may yet turn out to be another's; false if it is decided."""
        unclear = replace(note, outcome="unclear", because="several")
        wait = put_off(doubt, self._patience, absent_at=None)
        await self._doubts.look_again(doubt, unclear, wait)
        return False

    async def _publish(self, due: Sequence[DeliveryDue]) -> None:
        """Tell senders; if that fails they are ready rows nobody was told of: the pacer's."""
        if not due:
            return
        try:
            await self._outbound.publish([Outgoing(one.to_json(), one.account_id) for one in due])
        except Failure as failure:
            log.warning("deliveries.not_told", n=len(due), because=str(failure))

    async def _settle_alerts(self) -> None:
        """Once in a while: ask nobody any more about what was decided by somebody else."""
        if time.monotonic() < self._settles_at:
            return
        await self._doubts.settle_alerts()
        self._settles_at = time.monotonic() + _SETTLES_ALERTS_EVERY_S

    def _tell(self, doubt: Doubt, looked: Looked, *, recorded: bool) -> None:
        """Write the one line, and count what is decided, with how long it was not."""
        outcome = _outcome(doubt, looked)
        age = doubt.taken_at - doubt.doubted_at
        wait = looked.conclusion.wait if isinstance(looked.conclusion, Wait) else None
        if recorded and outcome != "put_off":
            self._meter.count(RECONCILED, outcome=outcome)
            self._meter.observe(DOUBT, age.total_seconds(), outcome=outcome)
        log.info(
            "delivery.looked_up",
            **_names(doubt),
            kind=doubt.delivery.kind,
            look=doubt.look,
            asked=looked.note.asked,
            saw=looked.note.outcome,
            because=looked.note.because,
            outcome=outcome,
            age_s=age.total_seconds(),
            wait_s=None if wait is None else wait.total_seconds(),
            recorded=recorded,
        )


def _sought(doubt: Doubt, patience: Patience) -> Sought:
    """Return what to look for; Meta may have made it until the attempt had settled."""
    delivery = doubt.delivery
    private_reply = delivery.kind == "private_reply"
    attempt = _span(doubt.attempted_at, doubt.over_at, patience)
    return Sought(
        wording=wording(delivery.kind, delivery.content, delivery),
        since=attempt.begin,
        until=max(attempt.end, doubt.over_at + patience.settle),
        attempt=attempt,
        anywhere=private_reply and delivery.person_id is None,
        one_for_each=private_reply,
    )


def _rival(other: Unanswered, doubt: Doubt, patience: Patience) -> Rival:
    """Return another delivery to the same person, as it is recognised."""
    words = wording(other.kind, other.content, doubt.delivery)
    over_at = other.over_at or datetime.max.replace(tzinfo=UTC) - patience.skew
    attempt = _span(other.attempted_at, over_at, patience)
    return Rival(words, attempt, one_for_each=other.kind == "private_reply")


def _span(begin: datetime, end: datetime, patience: Patience) -> Span:
    """Return the time between, by whosever clock."""
    return Span(begin - patience.skew, end + patience.skew)


def _held_for(doubt: Doubt) -> timedelta:
    """Return for how much longer the account is held, as far as that is known."""
    until = doubt.delivery.held_until or doubt.taken_at
    return max(until - doubt.taken_at, timedelta())


def _heard(word: Word) -> Sighting:
    """Return what a webhook told of the account's own words."""
    attached = frozenset(attachment(one) for one in word.attached)
    return Sighting(
        source=word.source,
        message_id=word.message_id,
        at=word.at,
        own=True,
        told=Told(word.text, attached),
        recipient_id=word.recipient_id,
    )


def _note(place: Place | Literal["ledger"], verdict: Verdict) -> Note:
    match verdict:
        case Found(sighting, seen):
            return Note(asked=place, outcome="found", because=FOUND[sighting.source], seen=seen)
        case Absent(seen):
            return Note(asked=place, outcome="absent", because="not_found", seen=seen)
        case Unclear(because, seen):
            return Note(asked=place, outcome="unclear", because=because, seen=seen)


def _reason(failure: Failure | TimeoutError) -> str:
    if isinstance(failure, TimeoutError):
        return "timed_out"
    return failure.why.reason if isinstance(failure, GraphFailure) else failure.reason


def _wait(failure: Failure | TimeoutError) -> timedelta:
    """
    Return how long it must be until the next look.

    Of a refusal only what Meta itself says counts: our table's waits are about sending, and the
    pace of reading is slowed where it is kept (`looking`).
    """
    match failure:
        case GraphFailure(said=said):
            return timedelta(seconds=said.usage.regain_after_s)
        case Throttled(after_s=after_s):
            return timedelta(seconds=after_s)
        case _:
            return timedelta()


def _outcome(doubt: Doubt, looked: Looked) -> str:
    """Return what is counted."""
    match looked.conclusion:
        case WasSent():
            return looked.note.because
        case SendAgain():
            return "sent_again"
        case NeverSent(reason=reason):
            return reason
        case Wait(ask=ask):
            return "unresolved" if ask and doubt.reason != UNRESOLVED else "put_off"


def _names(doubt: Doubt) -> dict[str, Any]:
    return {
        "delivery_id": str(doubt.delivery.id),
        "account_id": doubt.delivery.instagram_id,
        "trace_id": doubt.delivery.trace_id,
    }
