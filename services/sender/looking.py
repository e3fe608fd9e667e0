"""
Looking at Meta for what an account said: in one conversation, in all, or under a comment.

A read changes nothing, so it may fail and be made again. What it must not do is look complete when
it is not: Meta shows pages, and fewer messages than there are, and refuses what is too much at
once. Then smaller pages are asked for from the same place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from services.sender.evidence import Sighting, Sought
from services.sender.pacing import reads_of
from services.sender.speaking import Tokens
from services.sender.turns import Limits, Turns
from switchboard.contracts import AccountId, CommentId, MessageId, PersonId
from switchboard.db.deliveries import Claimed
from switchboard.db.uncertain import Doubt
from switchboard.errors import Throttled
from switchboard.graph import (
    GraphFailure,
    Replies,
    Thread,
    Threads,
    Written,
    wants_less,
)
from switchboard.graph.conversations import MOST_MESSAGES
from switchboard.state import Bucket

Place: TypeAlias = Literal["conversation", "conversations", "replies"]
P = TypeVar("P", Threads, Replies)

_THREADS_A_PAGE: Final = 25  # Meta's own default
_MESSAGES_OF_EACH: Final = 5  # 25 x 5 is far from the thousand at which Meta refuses
_REPLIES_A_PAGE: Final = 50
_MOST_PAGES: Final = 10
# A turn is waited for in place, because whoever looks has nothing else to do for that account.
_LONGEST_TURN_S: Final = 5.0
# Of Meta's limits on reads, those that a send would count against as well.
_EVERYBODYS_LIMITS: Final = frozenset({4, 17, 32, 341, 80001, 80002, 80006})
_RATE_LIMITED: Final = 613
_MOST_HALVINGS: Final = 6  # a read in 64 s
_HALVED_FOR_S: Final = 600.0


class Reader(Protocol):
    """Meta, asked what was said."""

    async def read_threads(
        self,
        account_id: AccountId,
        *,
        person_id: PersonId | None = None,
        page: int,
        messages: int,
        after: str | None = None,
        token: str,
    ) -> Threads:
        """Ask for conversations, the latest first."""
        ...

    async def read_replies(
        self, comment_id: CommentId, *, page: int, after: str | None = None, token: str
    ) -> Replies:
        """Ask what stands under a comment."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """What was seen at Meta; `complete`: all of it, from when the attempt began until now."""

    place: Place
    sightings: tuple[Sighting, ...]
    complete: bool


@dataclass(slots=True)
class Halvings:
    """How often each account's pace of reading was halved lately, by what this process met."""

    clock: Callable[[], float] = time.monotonic
    _met: dict[AccountId, tuple[int, float]] = field(default_factory=dict)

    def of(self, account_id: AccountId) -> int:
        """Return how often it is halved now."""
        times, until = self._met.get(account_id, (0, 0.0))
        if self.clock() < until:
            return times
        self._met.pop(account_id, None)
        return 0

    def halve(self, account_id: AccountId) -> None:
        """Halve it once more, for a while."""
        times = min(self.of(account_id) + 1, _MOST_HALVINGS)
        self._met[account_id] = (times, self.clock() + _HALVED_FOR_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Reads at Meta where an uncertain delivery would be, a turn for each call."""

    tokens: Tokens
    limits: Limits
    turns: Turns
    graph: Reader
    halvings: Halvings = field(default_factory=Halvings)

    async def look(self, doubt: Doubt, sought: Sought, parent: CommentId | None) -> View:
        """
        Return what the account said where `doubt` would be.

        `parent` is the comment that the delivery's own comment answers, if it does.

        Raises:
            Failure: It could not be read, or not now.
        """
        token = self.tokens.token(doubt.delivery)
        match place_of(doubt):
            case "replies":
                return await self._under_comments(doubt, token, parent)
            case "conversation":
                return await self._in_conversation(doubt, sought, token)
            case "conversations":
                return await self._in_conversations(doubt, sought, token)

    async def _in_conversation(self, doubt: Doubt, sought: Sought, token: str) -> View:
        """
        Look in the conversation with the delivery's person.

        None is all there is after a comment. But who gets a message has written before: there Meta
        has shown less than there is.
        """
        account_id, person_id = doubt.delivery.instagram_id, doubt.delivery.person_id

        async def read(size: int, after: str | None) -> Threads:
            return await self.graph.read_threads(
                account_id,
                person_id=person_id,
                page=1,
                messages=size,
                after=after,
                token=token,
            )

        pages, _, _ = await self._read(doubt.delivery, read, size=MOST_MESSAGES, pages=1)
        threads = [thread for page in pages for thread in page.threads]
        expected = bool(threads) or doubt.delivery.kind == "private_reply"
        complete = expected and all(_reaches(thread, sought.since) for thread in threads)
        sightings = _in_threads(threads, doubt, person_id)
        return View("conversation", tuple(sightings), complete)

    async def _in_conversations(self, doubt: Doubt, sought: Sought, token: str) -> View:
        """Look in all conversations in which something was said since the attempt began."""
        account_id = doubt.delivery.instagram_id

        async def read(size: int, after: str | None) -> Threads:
            return await self.graph.read_threads(
                account_id, page=size, messages=_MESSAGES_OF_EACH, after=after, token=token
            )

        def is_enough(page: Threads) -> bool:
            return any(
                one.updated_at is not None and one.updated_at < sought.since for one in page.threads
            )

        pages, size, ended = await self._read(
            doubt.delivery, read, size=_THREADS_A_PAGE, is_enough=is_enough
        )
        threads = [thread for page in pages for thread in page.threads]
        # Meta has been seen to leave out that there is more: a full page is not taken for the last.
        all_of_them = is_enough(pages[-1]) or (ended and len(pages[-1].threads) < size)
        complete = all_of_them and all(_reaches(thread, sought.since) for thread in threads)
        return View("conversations", tuple(_in_threads(threads, doubt, None)), complete)

    async def _under_comments(self, doubt: Doubt, token: str, parent: CommentId | None) -> View:
        """Look under the comment, and under the one it answers, where Meta puts the reply then."""
        sightings: list[Sighting] = []
        complete = True
        for comment_id in filter(None, (doubt.delivery.comment_id, parent)):

            async def read(
                size: int, after: str | None, comment_id: CommentId = comment_id
            ) -> Replies:
                return await self.graph.read_replies(
                    comment_id, page=size, after=after, token=token
                )

            pages, _, ended = await self._read(doubt.delivery, read, size=_REPLIES_A_PAGE)
            complete = complete and ended
            written = [one for page in pages for one in page.replies]
            sightings += _under_comment(written, doubt)
        return View("replies", tuple(sightings), complete)

    async def _read(
        self,
        delivery: Claimed,
        read: Callable[[int, str | None], Awaitable[P]],
        *,
        size: int,
        pages: int = _MOST_PAGES,
        is_enough: Callable[[P], bool] = lambda _: False,
    ) -> tuple[Sequence[P], int, bool]:
        """Read pages until there is enough; return them, their size, and if there are no more."""
        found: list[P] = []
        after: str | None = None
        while True:
            page, size = await self._page(delivery, read, size, after)
            found.append(page)
            after = page.after
            if page.last or after is None or len(found) >= pages or is_enough(page):
                return found, size, page.last

    async def _page(
        self,
        delivery: Claimed,
        read: Callable[[int, str | None], Awaitable[P]],
        size: int,
        after: str | None,
    ) -> tuple[P, int]:
        """Read one page, or if that is too much for Meta a smaller one; return it and its size."""
        while True:
            await self._take_turn(delivery)
            try:
                page = await read(size, after)
            except GraphFailure as failure:
                if size == 1 or not wants_less(failure):
                    await self._heed(delivery, failure)
                    raise
                size = max(size // 2, 1)
            else:
                await self.turns.heed(delivery, page.said)
                return page, size

    async def _take_turn(self, delivery: Claimed) -> None:
        give_up_at = time.monotonic() + _LONGEST_TURN_S
        while True:
            halvings = self.halvings.of(delivery.instagram_id)
            buckets = reads_of(delivery.kind, halvings=halvings)
            try:
                return await self.limits.reserve(
                    delivery.instagram_id, buckets, recall=_nothing_is_recalled
                )
            except Throttled as throttled:
                if time.monotonic() + throttled.after_s > give_up_at:
                    raise
                await asyncio.sleep(throttled.after_s)

    async def _heed(self, delivery: Claimed, failure: GraphFailure) -> None:
        """Slow down if Meta says so; a limit on conversations alone is no reason to send less."""
        limited = failure.said.code in _EVERYBODYS_LIMITS
        if limited or failure.said.code == _RATE_LIMITED:
            self.halvings.halve(delivery.instagram_id)
        if limited:
            await self.turns.heed_failure(delivery, failure)


def place_of(doubt: Doubt) -> Place:
    """Return where at Meta the delivery would be."""
    if doubt.delivery.kind == "public_reply":
        return "replies"
    return "conversations" if doubt.delivery.person_id is None else "conversation"


def _reaches(thread: Thread, since: datetime) -> bool:
    """Whether nothing that was said in `thread` from `since` on is missing."""
    if thread.whole or (thread.updated_at is not None and thread.updated_at < since):
        return True
    times = [one.at for one in thread.messages if one.at is not None]
    newest_first = times == sorted(times, reverse=True)
    return newest_first and any(at < since for at in times)


def _in_threads(
    threads: Sequence[Thread], doubt: Doubt, person_id: PersonId | None
) -> Iterator[Sighting]:
    us = _ourselves(doubt)
    for thread in threads:
        others = [one for one in thread.people if one not in us]
        theirs = person_id or (others[0] if len(others) == 1 else None)
        for one in thread.messages:
            yield Sighting(
                source="conversation",
                message_id=MessageId(one.id),
                at=one.at,
                own=_is_own(one, doubt, is_other=one.author_id == theirs),
                told=one.told,
                recipient_id=theirs,
            )


def _under_comment(written: Iterable[Written], doubt: Doubt) -> Iterator[Sighting]:
    for one in written:
        yield Sighting(
            source="comment",
            message_id=MessageId(one.id),
            at=one.at,
            own=_is_own(one, doubt, is_other=True),
            told=one.told,
        )


def _is_own(written: Written, doubt: Doubt, *, is_other: bool) -> bool | None:
    """
    Return whether the account wrote it; `None`: Meta does not tell who did.

    `is_other`: an id that is not the account's would be somebody else's.
    """
    if written.author_id in _ourselves(doubt) or written.author_name == doubt.account_username:
        return True
    return False if written.author_id is not None and is_other else None


def _ourselves(doubt: Doubt) -> set[str | None]:
    """Return the ids Meta has for the account."""
    return {str(doubt.delivery.instagram_id), doubt.delivery.app_scoped_id} - {None}


async def _nothing_is_recalled(_bucket: Bucket) -> int:
    return 0
