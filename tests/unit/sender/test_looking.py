"""Reading at Meta: in pages it can bear, at its pace, and never taking a part for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from services.sender.evidence import Sought, Span
from services.sender.looking import Halvings, Looking, View
from services.sender.turns import Turns
from switchboard.contracts import AccountId, CommentId, PersonId
from switchboard.db.uncertain import Doubt
from switchboard.errors import Failure, Throttled, Unavailable
from switchboard.graph import GraphFailure, Replies, Said, Thread, Threads, Usage, Written
from switchboard.graph.failures import refusal
from switchboard.rules.wording import Told, Wording
from switchboard.state import Bucket, Recall
from tests.unit.sender.builders import (
    ACCOUNT,
    COMMENT,
    NOON,
    PERSON,
    FakeLedger,
    FakeLimits,
    FakeTokens,
)
from tests.unit.sender.doubts import doubt

SOUGHT = Sought(
    wording=Wording(texts=frozenset({"Hello"})),
    since=NOON - timedelta(seconds=10),
    until=NOON + timedelta(seconds=120),
    attempt=Span(NOON, NOON),
)
PARENT = CommentId("17900000000000000")
TOO_MUCH = refusal(Said(http_status=500, code=1), is_send=False)


@dataclass
class Reader:
    """Meta: pages of conversations or replies, refused when larger than `most`, or there."""

    pages: Sequence[Any]
    most: int = 1000
    most_from: dict[str | None, int] = field(default_factory=dict)
    failure: Failure | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

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
        self.asked.append((account_id, person_id, page, messages, after))
        threads: Threads = self._page(max(page, messages) if person_id else page, after)
        return threads

    async def read_replies(
        self, comment_id: CommentId, *, page: int, after: str | None = None, token: str
    ) -> Replies:
        self.asked.append((comment_id, page, after))
        replies: Replies = self._page(page, after)
        return replies

    def _page(self, size: int, after: str | None) -> Any:
        if self.failure is not None:
            raise self.failure
        if size > self.most_from.get(after, self.most):
            raise TOO_MUCH
        return self.pages[int(after or 0)]


@dataclass
class Paced(FakeLimits):
    """Limits that remember what was asked of them."""

    asked: list[Sequence[Bucket]] = field(default_factory=list)

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        self.asked.append(buckets)
        await super().reserve(account_id, buckets, recall=recall, to_meta=to_meta)


def written(
    seconds: float | None = 0,
    name: str = "m",
    author: str | None = ACCOUNT,
    called: str | None = None,
) -> Written:
    """Return something that was written, so long after noon."""
    at = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Written(id=name, at=at, author_id=author, author_name=called, told=Told("Hello"))


def thread(*messages: Written, whole: bool = False, updated_s: float = 0) -> Thread:
    """Return the conversation with PERSON."""
    return Thread(
        people=(PersonId(ACCOUNT), PERSON),
        updated_at=NOON + timedelta(seconds=updated_s),
        messages=messages,
        whole=whole,
    )


def page(*threads: Thread, after: str | None = None) -> Threads:
    """Return a page of conversations, and where the next begins."""
    return Threads(threads, after is None, after, Said())


def replies(*found: Written, after: str | None = None) -> Replies:
    """Return a page of replies, and where the next begins."""
    return Replies(found, after is None, after, Said())


def looking(reader: Reader, limits: FakeLimits | None = None) -> Looking:
    """Return what looks at `reader`."""
    limits = limits or FakeLimits([])
    return Looking(
        tokens=FakeTokens(), limits=limits, turns=Turns(limits, FakeLedger()), graph=reader
    )


def to(kind: str, **fields: Any) -> Doubt:
    """Return a doubt about a delivery of this kind."""
    return doubt(delivery={"kind": kind, **fields})


async def look(reader: Reader, one: Doubt, parent: CommentId | None = None) -> View:
    """Return what is seen."""
    return await looking(reader).look(one, SOUGHT, parent)


@pytest.mark.parametrize(
    ("threads", "complete"),
    [
        ([thread(written(), whole=True)], True),
        ([thread(written(), written(-11), updated_s=0)], True),
        ([thread(updated_s=-11)], True),
        # twenty messages since, or as many as were asked for
        ([thread(*[written(5 - n / 10) for n in range(20)])], False),
        # the oldest is from just then
        ([thread(written(), written(-10))], False),
        # in another order than Meta says: nothing follows from the last
        ([thread(written(-11), written())], False),
        # no time is told
        ([thread(written(None))], False),
        # who is written to has written: there is a conversation
        ([], False),
    ],
)
async def test_when_a_conversation_is_complete(threads: list[Thread], complete: bool) -> None:  # noqa: FBT001  a table's column
    """Only when what was said before the attempt is in view, or there is no more."""
    view = await look(Reader([page(*threads)]), to("message"))

    assert ("conversation", complete) == (view.place, view.complete)


async def test_who_only_commented_has_no_conversation() -> None:
    """After a comment alone none is all there is."""
    assert (await look(Reader([page()]), to("private_reply"))).complete


@pytest.mark.parametrize(
    ("author", "called", "own"),
    [
        (ACCOUNT, None, True),
        ("1020304050", None, True),  # the id Meta gives the account for our app alone
        (None, "shop", True),
        ("999", "shop", True),
        (PERSON, "ana", False),
        (PERSON, None, False),
        ("999", None, None),
        (None, None, None),
        (None, "ana", None),
    ],
)
async def test_whose_a_message_is(author: str | None, called: str | None, own: bool | None) -> None:  # noqa: FBT001  a table's column
    """The account's by any of its names, the person's by theirs; else nobody can tell."""
    message = written(author=author, called=called)
    one = to("message", app_scoped_id="1020304050")

    view = await look(Reader([page(thread(message, whole=True))]), one)

    assert [(own, PERSON)] == [(seen.own, seen.recipient_id) for seen in view.sightings]


async def test_a_page_that_is_too_much_is_halved() -> None:
    """From the same place, until Meta can bear it; the next page is no larger."""
    reader = Reader([page(thread(written(), whole=True))], most=6)
    await look(reader, to("message"))

    assert [20, 10, 5] == [messages for _, _, _, messages, _ in reader.asked]


async def test_of_all_conversations_the_place_is_kept() -> None:
    """A page that is too much further on is asked for again from there."""
    first, second = page(thread(whole=True), after="1"), page(thread(updated_s=-20))
    reader = Reader([first, second], most_from={"1": 12})
    view = await look(reader, to("private_reply", person_id=None))

    assert [(25, None), (25, "1"), (12, "1")] == [(p, after) for _, _, p, _, after in reader.asked]
    assert view.complete


async def test_what_is_too_much_by_itself_is_a_failure() -> None:
    """One message is refused as well: it is not read at all."""
    with pytest.raises(GraphFailure):
        await look(Reader([], most=0), to("message"))


@pytest.mark.parametrize(
    ("pages", "complete", "asked"),
    [
        # the conversations of before the attempt are in view
        ([page(thread(written(), whole=True), thread(updated_s=-11), after="1")], True, 1),
        # there are no others
        ([page(thread(written(), whole=True))], True, 1),
        # a full page without a next one is not taken for the last
        ([page(*[thread(written(), whole=True)] * 25)], False, 1),
        # of one of them not everything is in view
        ([page(thread(written()), thread(updated_s=-11))], False, 1),
        ([page(thread(whole=True), after="1"), page(thread(updated_s=-11))], True, 2),
        # a next one, and no way to it
        ([Threads((thread(whole=True),), last=False, after=None, said=Said())], False, 1),
        ([page(thread(whole=True), after="0")], False, 10),
    ],
)
async def test_when_all_conversations_are_complete(
    pages: list[Threads],
    complete: bool,  # noqa: FBT001  a table's column
    asked: int,
) -> None:
    """Only back to before the attempt, each of them whole; and not for ever."""
    reader = Reader(pages)

    view = await look(reader, to("private_reply", person_id=None))

    assert (complete, asked) == (view.complete, len(reader.asked))


async def test_in_all_conversations_whom_it_went_to_is_told() -> None:
    """Who is in a conversation besides the account is whom it wrote to."""
    view = await look(Reader([page(thread(written()))]), to("private_reply", person_id=None))

    assert [PERSON] == [seen.recipient_id for seen in view.sightings]


@pytest.mark.parametrize(
    ("pages", "complete"),
    [
        ([replies(written())], True),
        ([replies(written(), after="1"), replies(written(name="n"))], True),
        ([replies(written(), after="0")], False),
        ([Replies((), last=False, after=None, said=Said())], False),
    ],
)
async def test_when_replies_are_complete(pages: list[Replies], complete: bool) -> None:  # noqa: FBT001  a table's column
    """Their order is not promised, so only with the last page."""
    view = await look(Reader(pages), to("public_reply"))

    assert ("replies", complete) == (view.place, view.complete)


async def test_replies_under_both_comments() -> None:
    """A reply to a reply may stand under either; what others wrote there is theirs."""
    reader = Reader([replies(written(), written(name="n", author="9", called="bo"))])

    view = await looking(reader).look(to("public_reply"), SOUGHT, PARENT)

    assert [COMMENT, PARENT] == [comment_id for comment_id, _, _ in reader.asked]
    assert [True, False] * 2 == [seen.own for seen in view.sightings]
    assert {"comment"} == {seen.source for seen in view.sightings}


async def test_each_call_takes_its_turn() -> None:
    """One a second of conversations, with a burst of one; comments are read like anything else."""
    limits = Paced([])
    pages = [page(thread(whole=True), after="1"), page(thread(updated_s=-11))]
    await looking(Reader(pages), limits).look(to("private_reply", person_id=None), SOUGHT, None)
    await looking(Reader([replies()]), limits).look(to("public_reply"), SOUGHT, None)

    buckets = [bucket for (bucket,) in limits.asked]
    assert ["conversations", "conversations", "lookups"] == [one.name for one in buckets]
    assert (1, 1_000_000) == (buckets[0].ceiling.burst, buckets[0].ceiling.interval_us)
    assert 2 >= buckets[0].ceiling.most


async def test_a_turn_that_is_far_is_not_waited_for() -> None:
    """Who has to wait long looks later."""
    limits = FakeLimits([], failure=Throttled("ours", after_s=60))
    with pytest.raises(Throttled):
        await looking(Reader([]), limits).look(to("message"), SOUGHT, None)


async def test_a_turn_that_is_near_is_waited_for() -> None:
    """The pace of a read a second is kept by waiting, not by coming back."""
    limits = FakeLimits([], failure=Throttled("ours", after_s=0.001), times=2)
    await looking(Reader([page()]), limits).look(to("message"), SOUGHT, None)

    assert ["reserve"] * 3 == limits.order


@pytest.mark.parametrize(
    ("code", "kind", "interval_s", "cooled"),
    [
        (613, "message", 2, False),  # conversations' own
        (80002, "message", 2, True),  # the account's budget is spent for sends, too
        (4, "public_reply", None, True),
        (2, "message", 1, False),
        (190, "message", 1, False),
    ],
)
async def test_a_refused_read_slows_what_it_must(
    code: int,
    kind: str,
    interval_s: float | None,
    cooled: bool,  # noqa: FBT001  a table's column
) -> None:
    """Meta's limit on conversations slows reading them; only everybody's limits slow sends."""
    limits = Paced([])
    eyes = looking(Reader([], failure=refusal(Said(code=code), is_send=False)), limits)
    for _ in range(2):
        with pytest.raises(GraphFailure):
            await eyes.look(to(kind), SOUGHT, None)

    (last,) = limits.asked[-1]
    assert cooled == bool(limits.told)
    if interval_s is not None:
        assert interval_s == last.ceiling.interval_us / 1_000_000


async def test_a_pace_that_was_halved_comes_back() -> None:
    """Each refusal halves it once more, down to a floor; ten quiet minutes later it is whole."""
    now = [0.0]
    halvings = Halvings(clock=lambda: now[0])
    for _ in range(9):
        halvings.halve(ACCOUNT)
    most, other = halvings.of(ACCOUNT), halvings.of(AccountId("2"))
    now[0] = 599.0
    still = halvings.of(ACCOUNT)
    now[0] = 600.0

    assert (6, 0, 6, 0) == (most, other, still, halvings.of(ACCOUNT))


async def test_usage_is_heeded() -> None:
    """A read that says the budget is nearly spent quiets the account, as any call does."""
    limits = FakeLimits([])
    nearly = replace(page(thread(whole=True)), said=Said(usage=Usage(99.0)))
    await looking(Reader([nearly]), limits).look(to("message"), SOUGHT, None)

    assert limits.told


async def test_an_account_without_a_token_is_not_read() -> None:
    """Why there is no token is why it cannot be read."""
    eyes = replace(looking(Reader([])), tokens=FakeTokens(Unavailable("none")))
    with pytest.raises(Unavailable):
        await eyes.look(to("message"), SOUGHT, None)
