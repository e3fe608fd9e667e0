"""
What was asked of the system under test, and what it did: the evidence for the judgement.

A **trigger** is something a person did, with what is expected of the system in answer. An
**effect** is something the system made happen through the Graph API and a person saw, however the
call was answered. An **attempt** is a call that was refused.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from tools.metasim.records import Json
from tools.metasim.refusals import Book

EffectKind = Literal["message", "private_reply", "public_reply"]
Delivery = Literal["pending", "accepted", "refused", "failed"]
ThreadKey = tuple[str, str]  # account id, IGSID


@dataclass(slots=True)
class Trigger:
    """
    Something a person did at `at_s`, told to the system by a webhook.

    `expect` says how many effects of a kind must come of it; a kind it does not name is not
    judged. `n` is its place among all that happened, given when its first delivery begins: only
    from then on can anything be an answer to it.
    """

    id: str
    kind: str
    account_id: str
    username: str
    at_s: float
    expect: dict[EffectKind, int] = field(default_factory=dict)
    delivery: Delivery = "pending"
    n: int | None = None
    began_s: float | None = None  # monotonic


@dataclass(frozen=True, slots=True)
class Effect:
    """One message or reply a person got. Equal `content` is the same thing said again."""

    id: str
    kind: EffectKind
    content: str
    at_s: float
    n: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that was refused, and why."""

    book: Book
    account_id: str | None
    trigger: str | None
    at_s: float
    what: str
    reason: str
    code: int
    error_subcode: int | None


@dataclass(slots=True)
class CommentCase:
    """A comment and everything it was answered with."""

    trigger: Trigger
    private_replies: list[Effect] = field(default_factory=list)
    public_replies: list[Effect] = field(default_factory=list)


@dataclass(slots=True)
class ThreadCase:
    """A conversation: what the person did, and the messages they got, private replies aside."""

    account_id: str
    triggers: list[Trigger] = field(default_factory=list)
    messages: list[Effect] = field(default_factory=list)


class Ledger:
    """All triggers, effects and refused attempts, by what they belong to."""

    def __init__(self) -> None:
        self.comments: dict[str, CommentCase] = {}
        self.threads: dict[ThreadKey, ThreadCase] = {}
        self.attempts: list[Attempt] = []
        self.deliveries: Counter[Delivery] = Counter()
        self._n = 0

    def expect_on_comment(self, trigger: Trigger) -> None:
        """Enter a comment; its id is the trigger's."""
        self.comments[trigger.id] = CommentCase(trigger)

    def expect_in_thread(self, trigger: Trigger, igsid: str) -> None:
        """Enter something a person did in a conversation."""
        self._thread(trigger.account_id, igsid).triggers.append(trigger)

    def begin(self, trigger: Trigger, began_s: float) -> None:
        """Note that a trigger's delivery begins; only the first time counts."""
        if trigger.n is None:
            trigger.n, trigger.began_s = self._next(), began_s

    def sent_off(self) -> None:
        """Note that a delivery is under way."""
        self.deliveries["pending"] += 1

    def settle(self, triggers: list[Trigger], delivery: Delivery) -> None:
        """Note how the delivery of triggers ended; accepted once is accepted."""
        self.deliveries["pending"] -= 1
        self.deliveries[delivery] += 1
        for trigger in triggers:
            if trigger.delivery != "accepted":
                trigger.delivery = delivery

    def replied(
        self, kind: Literal["private_reply", "public_reply"], comment_id: str, reply: Json
    ) -> None:
        """Enter an answer to a comment: `{"id", "message", "at_s"}`."""
        case = self.comments.get(comment_id)
        if case is not None:
            effects = case.private_replies if kind == "private_reply" else case.public_replies
            effects.append(self._effect(kind, reply))

    def messaged(self, account_id: str, igsid: str, message: Json) -> None:
        """Enter a message to a person: `{"id", "message", "at_s"}`."""
        self._thread(account_id, igsid).messages.append(self._effect("message", message))

    def refused(self, attempt: Attempt) -> None:
        """Enter a refused call."""
        self.attempts.append(attempt)

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

    def _thread(self, account_id: str, igsid: str) -> ThreadCase:
        return self.threads.setdefault((account_id, igsid), ThreadCase(account_id))

    def _effect(self, kind: EffectKind, shown: Json) -> Effect:
        content = json.dumps(shown["message"], sort_keys=True)
        return Effect(shown["id"], kind, content, shown["at_s"], self._next())

    def _next(self) -> int:
        self._n += 1
        return self._n
