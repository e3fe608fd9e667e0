"""
What was asked of the system under test, and what it did: the evidence for the judgement.

A **trigger** is something a person did, with what is expected of the system in answer. An
**effect** is something the system made happen through the Graph API and a person saw, however the
call was answered. An **attempt** is a call that was refused, or should not have been made.

Triggers and effects are kept in **cases**: a comment with its answers, a conversation. The cases
that changed since somebody last judged are kept apart, so that judging costs what has changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tools.metasim.records import Json, words_of
from tools.metasim.refusals import Book

EffectKind = Literal["message", "private_reply", "public_reply"]
Delivery = Literal["pending", "accepted", "refused", "failed"]
Opting = Literal["out", "in"]
ThreadKey = tuple[str, str]  # account id, IGSID
PersonKey = tuple[str, str]  # account id, username


@dataclass(slots=True, eq=False)
class Trigger:
    """
    Something a person did at `at_s`, told to the system by a webhook.

    `expect` says how many effects of a kind must come of it; a kind it does not name is not
    judged. `in_order` says how its messages must begin, in the order they must come in. `opts` says
    that with it the person asks for no more messages, or for messages again.

    `n` is its place among all that happened, given when its first delivery begins: only from then
    on can anything be an answer to it.
    """

    id: str
    kind: str
    account_id: str
    username: str
    at_s: float
    expect: dict[EffectKind, int] = field(default_factory=dict)
    in_order: tuple[str, ...] = ()
    opts: Opting | None = None
    opt_out_grace_s: float = 0.0
    delivery: Delivery = "pending"
    n: int | None = None
    began_s: float | None = None  # monotonic
    accepted_at_s: float | None = None  # simulated
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One message or reply a person got. Equal `content` is the same thing said again."""

    id: str
    kind: EffectKind
    content: str
    words: str
    at_s: float
    n: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One call that was refused, or should not have been made, and why.

    Without a `code` it was not refused for this; then `told` says what was wrong with it.
    """

    book: Book
    account_id: str | None
    trigger: str | None
    at_s: float
    what: str
    reason: str
    code: int | None
    error_subcode: int | None
    told: str | None = None


@dataclass(slots=True, eq=False)
class CommentCase:
    """A comment and everything it was answered with."""

    trigger: Trigger
    opted: list[Trigger] = field(default_factory=list)  # what its author said of being written to
    private_replies: list[Effect] = field(default_factory=list)
    public_replies: list[Effect] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ThreadCase:
    """A conversation: what the person did, and the messages they got, private replies aside."""

    account_id: str
    opted: list[Trigger] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    messages: list[Effect] = field(default_factory=list)


Case: TypeAlias = CommentCase | ThreadCase


class Ledger:
    """All triggers, effects and attempts, by what they belong to."""

    def __init__(self) -> None:
        self.comments: dict[str, CommentCase] = {}
        self.threads: dict[ThreadKey, ThreadCase] = {}
        self.attempts: list[Attempt] = []
        self.deliveries: Counter[Delivery] = Counter()
        self.sent = 0
        self.expected = 0
        self._opted: dict[PersonKey, list[Trigger]] = {}
        self._changed: dict[Case, None] = {}  # a set that keeps its order
        self._n = 0

    def expect_on_comment(self, trigger: Trigger) -> None:
        """Enter a comment; its id is the trigger's."""
        case = CommentCase(trigger, self._opted_by(trigger))
        self.comments[trigger.id] = case
        self._enter(trigger, case)

    def expect_in_thread(self, trigger: Trigger, igsid: str) -> None:
        """Enter something a person did in a conversation."""
        case = self._thread(trigger.account_id, igsid)
        case.triggers.append(trigger)
        case.opted = self._opted_by(trigger)
        if trigger.opts:
            case.opted.append(trigger)
        self._enter(trigger, case)

    def begin(self, trigger: Trigger, began_s: float) -> None:
        """Note that a trigger's delivery begins; only the first time counts."""
        if trigger.n is None:
            trigger.n, trigger.began_s = self._next(), began_s
            self._touch(trigger.case)

    def sent_off(self) -> None:
        """Note that a delivery is under way."""
        self.deliveries["pending"] += 1

    def settle(self, triggers: list[Trigger], delivery: Delivery, *, at_s: float) -> None:
        """Note how the delivery of triggers ended at `at_s`; accepted once is accepted."""
        self.deliveries["pending"] -= 1
        self.deliveries[delivery] += 1
        for trigger in triggers:
            if trigger.delivery != "accepted":
                trigger.delivery = delivery
                trigger.accepted_at_s = at_s if delivery == "accepted" else None
                self._touch(trigger.case)

    def replied(
        self, kind: Literal["private_reply", "public_reply"], comment_id: str, reply: Json
    ) -> None:
        """Enter an answer to a comment: `{"id", "message", "at_s"}`."""
        case = self.comments.get(comment_id)
        if case is not None:
            effects = case.private_replies if kind == "private_reply" else case.public_replies
            effects.append(self._effect(kind, reply))
            self._touch(case)

    def messaged(self, account_id: str, igsid: str, message: Json) -> None:
        """Enter a message to a person: `{"id", "message", "at_s"}`."""
        case = self._thread(account_id, igsid)
        case.messages.append(self._effect("message", message))
        self._touch(case)

    def attempted(self, attempt: Attempt) -> None:
        """Enter a call that was refused, or should not have been made."""
        self.attempts.append(attempt)

    def cases(self) -> Iterator[Case]:
        """Return all cases, comments first, each kind in the order they began in."""
        yield from self.comments.values()
        yield from self.threads.values()

    def take_changed(self) -> list[Case]:
        """Return the cases that changed since this was last asked."""
        changed, self._changed = list(self._changed), {}
        return changed

    def comment_trigger(self, comment_id: str) -> Trigger | None:
        """Return the comment as a trigger."""
        case = self.comments.get(comment_id)
        return case.trigger if case else None

    def latest_trigger(self, account_id: str, igsid: str) -> Trigger | None:
        """Return what the person did last in a conversation and the system was told of."""
        thread = self.threads.get((account_id, igsid))
        for trigger in reversed(thread.triggers if thread else []):
            if trigger.n is not None:
                return trigger
        return None

    def _enter(self, trigger: Trigger, case: Case) -> None:
        trigger.case = case
        self.expected += sum(trigger.expect.values())
        self._touch(case)

    def _touch(self, case: Case | None) -> None:
        if case is not None:
            self._changed[case] = None

    def _opted_by(self, trigger: Trigger) -> list[Trigger]:
        return self._opted.setdefault((trigger.account_id, trigger.username), [])

    def _thread(self, account_id: str, igsid: str) -> ThreadCase:
        return self.threads.setdefault((account_id, igsid), ThreadCase(account_id))

    def _effect(self, kind: EffectKind, shown: Json) -> Effect:
        self.sent += 1
        content = json.dumps(shown["message"], sort_keys=True)
        words = words_of(shown["message"]) or ""
        return Effect(shown["id"], kind, content, words, shown["at_s"], self._next())

    def _next(self) -> int:
        self._n += 1
        return self._n
