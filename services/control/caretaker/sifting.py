"""Reading a post's comments at Meta, and publishing those that nobody told us of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

import structlog
from pydantic import SecretStr

from services.control.caretaker.watching import ANSWERABLE
from switchboard.clock import Clock
from switchboard.contracts import (
    AccountId,
    CommentId,
    CommentWritten,
    EventId,
    MediaId,
    TraceId,
)
from switchboard.db import care
from switchboard.db.care import Cared
from switchboard.db.pool import Queryable
from switchboard.db.readings import Reading, Thread
from switchboard.errors import Throttled
from switchboard.graph import CommentPage, CommentSeen, MoreAnswers, NotSent
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter, Metric

FOUND: Final = Metric("CommentsBackfilled")
# 100 pages of 50 comments, which are read well within a lease; the next run goes on from there.
_MOST_PAGES: Final = 100
# The last fifth of Meta's budget is for what people wait for.
_LEAVES_PERCENT: Final = 80.0

log = structlog.get_logger()


class Comments(Protocol):
    """Meta, asked what stands under a post."""

    async def read_comments(
        self, media_id: MediaId, *, after: str | None = None, token: str
    ) -> CommentPage:
        """Ask for the comments under a post, newest first."""
        ...

    async def read_answers(
        self, comment_id: CommentId, *, after: str | None = None, token: str
    ) -> CommentPage:
        """Ask for what answers a comment."""
        ...


# Keeps how far a reading has come.
Keep = Callable[[Reading], Awaitable[None]]


class Budget(Protocol):
    """How many calls an account's caretaking may make."""

    async def take(self, account_id: AccountId) -> None:
        """
        Count one call.

        Raises:
            Throttled: There is none left for now.
            Unavailable: It is not known; no call may be made.
        """
        ...


class Queue(Protocol):
    """The queue `events`."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`; return when all are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """
    What a run has found under a post: how many comments of other people can be read; how many of
    those are `stored`, how many were `missed` and have been published now, and how many are `new`,
    so that their webhook may still be on its way.

    `whole`: the reading has come to its end.
    """

    readable: int = 0
    stored: int = 0
    missed: int = 0
    new: int = 0
    whole: bool = True

    def __add__(self, other: Sifted) -> Sifted:
        """Return what both come to."""
        return Sifted(
            readable=self.readable + other.readable,
            stored=self.stored + other.stored,
            missed=self.missed + other.missed,
            new=self.new + other.new,
            whole=self.whole and other.whole,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifting:
    """Reads page after page, newest first, and publishes page by page what is not in the ledger."""

    db: Queryable
    meta: Comments
    budget: Budget
    events: Queue
    meter: Meter
    now: Clock
    on_its_way: timedelta

    async def sift(
        self, account: Cared, media_id: MediaId, reading: Reading, *, keep: Keep, token: SecretStr
    ) -> Sifted:
        """
        Go on with a reading of a post's comments, to its end or to that of the calls there are.

        `keep` is told where it stands after each page that is not the last, once what was missed is
        published: whoever goes on from there misses nothing.

        Raises:
            GraphFailure: Meta refuses. What earlier pages had is published.
            Unavailable: Meta, the ledger or the queue is away; likewise.
        """
        total, trace = Sifted(), TraceId(uuid4().hex)
        for _ in range(_MOST_PAGES):
            try:
                await self.budget.take(account.instagram_id)
            except Throttled:
                break
            page = await self._ask(media_id, reading, token)
            found = await self._page(account, media_id, page.comments, reading.floor, trace)
            total += found
            reading = self._gone_on(reading, page, found)
            if reading.is_over:
                return total
            await keep(reading)
            if page.said.usage.percent >= _LEAVES_PERCENT:
                break
        return total + Sifted(whole=False)

    async def _ask(self, media_id: MediaId, reading: Reading, token: SecretStr) -> CommentPage:
        """
        Ask for the page that is next: of answers as long as there are some to be read.

        Of answers that Meta shows no more, because their comment is gone, that is an empty one.
        """
        secret = token.get_secret_value()
        if not reading.threads:
            return await self.meta.read_comments(media_id, after=reading.after, token=secret)
        thread = reading.threads[0]
        try:
            return await self.meta.read_answers(thread.comment_id, after=thread.after, token=secret)
        except NotSent as refused:
            return CommentPage((), None, None, refused.said, _from_the_top(thread))

    def _gone_on(self, reading: Reading, page: CommentPage, found: Sifted) -> Reading:
        """Return the reading as it stands when `page` has been read."""
        floor = max(reading.floor, self.now() - ANSWERABLE)
        ends_at_floor = bool(reading.threads) or not reading.to_the_end
        is_end = page.after is None or (ends_at_floor and _is_below(page.oldest_at, floor))
        more = tuple(
            Thread(comment_id=one.comment_id, after=one.after)
            for one in page.more
            if not _is_below(one.shown_to, floor)
        )
        reading = replace(
            reading,
            readable=reading.readable + found.readable,
            stored=reading.stored + found.stored,
        )
        if not reading.threads:
            after = reading.after if is_end else page.after
            return replace(reading, after=after, all_pages=is_end, threads=more)
        thread, *others = reading.threads
        on = () if is_end else (replace(thread, after=page.after),)
        return replace(reading, threads=(*on, *more, *others))

    async def _page(
        self,
        account: Cared,
        media_id: MediaId,
        comments: Sequence[CommentSeen],
        floor: datetime,
        trace: TraceId,
    ) -> Sifted:
        now = self.now()
        events = list(_events(account, media_id, comments, floor=floor, now=now, trace=trace))
        known = await care.in_ledger(self.db, [one.event_id for one in events])
        late = [one for one in events if one.event_id not in known]
        missed = [one for one in late if now - one.occurred_at >= self.on_its_way]
        await self._publish(account, media_id, missed)
        return Sifted(
            readable=len(events),
            stored=len(known),
            missed=len(missed),
            new=len(late) - len(missed),
        )

    async def _publish(
        self, account: Cared, media_id: MediaId, missed: Sequence[CommentWritten]
    ) -> None:
        if not missed:
            return
        await self.events.publish([Outgoing(one.to_json(), account.instagram_id) for one in missed])
        self.meter.count(FOUND, len(missed))
        for one in missed:
            log.info(
                "event.backfilled",
                account_id=account.instagram_id,
                event_id=str(one.event_id),
                comment_id=one.comment_id,
                media_id=media_id,
                trace_id=one.trace_id,
            )


def _is_below(oldest_at: datetime | None, floor: datetime) -> bool:
    """Return whether what was shown goes back further than anybody needs."""
    return oldest_at is not None and oldest_at < floor


def _from_the_top(thread: Thread) -> tuple[MoreAnswers, ...]:
    """Return where answers are to be read whose place Meta no longer knows, or their comment."""
    return () if thread.after is None else (MoreAnswers(comment_id=thread.comment_id),)


def _events(
    account: Cared,
    media_id: MediaId,
    comments: Sequence[CommentSeen],
    *,
    floor: datetime,
    now: datetime,
    trace: TraceId,
) -> Iterator[CommentWritten]:
    """
    Yield the event of each comment that could be answered: its webhook's, but for who told.

    Not of the account's own, nor of one whose author Meta does not name, nor of what was written
    before `floor` or too long ago for an answer.
    """
    seen: set[EventId] = set()
    for one in comments:
        theirs = one.author_id is not None and str(one.author_id) != account.instagram_id
        if not theirs or one.written_at < max(floor, now - ANSWERABLE):
            continue
        event = _event(account, media_id, one, now=now, trace=trace)
        if event.event_id not in seen:
            seen.add(event.event_id)
            yield event


def _event(
    account: Cared, media_id: MediaId, one: CommentSeen, *, now: datetime, trace: TraceId
) -> CommentWritten:
    assert one.author_id is not None  # or it is no one's to answer
    return CommentWritten(
        account_id=account.instagram_id,
        occurred_at=one.written_at,
        received_at=now,
        trace_id=trace,
        comment_id=one.comment_id,
        author_id=one.author_id,
        author_username=one.author_username,
        text=one.text,
        media_id=media_id,
        media_product_type=one.media_product_type,
        parent_id=one.parent_id,
        told_by="backfill",
    )
