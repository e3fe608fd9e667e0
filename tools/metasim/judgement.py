"""
The verdict over everything that happened: lost, twice, outside the window, over a limit.

Pure, and one pass over the ledger. An answer to a comment names the comment, so it is judged
exactly. A message names only the person, so messages are matched with what that person did in the
order of both: each message answers the earliest thing still waiting for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal, TypeAlias

from tools.metasim.clock import iso
from tools.metasim.ledger import (
    Attempt,
    CommentCase,
    Effect,
    EffectKind,
    Ledger,
    ThreadCase,
    Trigger,
)
from tools.metasim.records import Json

Fault: TypeAlias = Literal["lost", "undelivered", "twice", "unexpected"]
Finding: TypeAlias = tuple[Fault, Json]

_VIOLATIONS = ("lost", "twice", "outside_window", "over_limit", "unexpected")


def judge(ledger: Ledger) -> Json:
    """Return the judgement; `ok` is true when no list of violations has an entry."""
    verdict: Json = {"sent": 0, "expected": 0}
    verdict |= {name: [] for name in (*_VIOLATIONS, "undelivered", "refused")}
    for case in ledger.comments.values():
        _enter(verdict, _judge_comment(case), (case.private_replies, case.public_replies))
        verdict["expected"] += sum(case.trigger.expect.values())
    for thread in ledger.threads.values():
        _enter(verdict, _judge_thread(thread), (thread.messages,))
        verdict["expected"] += sum(one.expect.get("message", 0) for one in thread.triggers)
    for attempt in ledger.attempts:
        verdict[attempt.book].append(_tell_attempt(attempt))
    ended = ledger.deliveries
    verdict["webhooks"] = {
        "delivered": ended["accepted"],
        "refused": ended["refused"],
        "failed": ended["failed"],
        "pending": ended["pending"],
    }
    return {**verdict, "ok": not any(verdict[name] for name in _VIOLATIONS)}


def _enter(verdict: Json, findings: Iterator[Finding], effects: tuple[list[Effect], ...]) -> None:
    verdict["sent"] += sum(len(shown) for shown in effects)
    for fault, told in findings:
        verdict[fault].append(told)


def _judge_comment(case: CommentCase) -> Iterator[Finding]:
    yield from _judge_replies(case.trigger, "private_reply", case.private_replies)
    yield from _judge_replies(case.trigger, "public_reply", case.public_replies)


def _judge_replies(trigger: Trigger, kind: EffectKind, effects: list[Effect]) -> Iterator[Finding]:
    expected = trigger.expect.get(kind)
    if expected is None:
        said: set[str] = set()
        for effect in effects:
            if effect.content in said:
                yield "twice", _tell_effect(trigger, effect, "the same said again")
            said.add(effect.content)
        return
    for effect in effects[expected:]:
        yield (
            ("twice", _tell_effect(trigger, effect, f"{len(effects)} came, {expected} expected"))
            if expected
            else ("unexpected", _tell_effect(trigger, effect, "none was expected"))
        )
    for _ in range(expected - len(effects)):
        yield _missing(trigger, kind)


def _judge_thread(thread: ThreadCase) -> Iterator[Finding]:
    begun = sorted((t for t in thread.triggers if t.n is not None), key=lambda t: t.n or 0)
    history = _Conversation()
    upcoming = 0
    for message in thread.messages:
        while upcoming < len(begun) and (begun[upcoming].n or 0) < message.n:
            history.happened(begun[upcoming])
            upcoming += 1
        yield from history.answered(message, thread.account_id)
    for trigger in begun[upcoming:]:
        history.happened(trigger)
    for trigger in (*history.waiting, *(t for t in thread.triggers if t.n is None)):
        for _ in range(1 if trigger.n is not None else trigger.expect.get("message", 0)):
            yield _missing(trigger, "message")


class _Conversation:
    """A conversation read in order: what still waits for an answer, what was already said."""

    def __init__(self) -> None:
        self.waiting: list[Trigger] = []  # earliest first; once per message it waits for
        self._begun = 0
        self._takes_any = False  # something was done of which any number of answers may come
        self._latest: Trigger | None = None
        self._said: Counter[str] = Counter()

    def happened(self, trigger: Trigger) -> None:
        expected = trigger.expect.get("message")
        self.waiting += [trigger] * (expected or 0)
        self._takes_any |= expected is None
        self._latest = trigger
        self._begun += 1

    def answered(self, message: Effect, account_id: str) -> Iterator[Finding]:
        self._said[message.content] += 1
        if self._latest is None:
            yield "unexpected", _tell_unasked(account_id, message)
        elif self._said[message.content] > self._begun:
            yield "twice", _tell_effect(self._latest, message, "the same said again")
        elif self.waiting:
            self.waiting.pop(0)
        elif not self._takes_any:
            yield self._beyond(self._latest, message)

    def _beyond(self, trigger: Trigger, message: Effect) -> Finding:
        if trigger.expect["message"] or self._said[message.content] > 1:
            return "twice", _tell_effect(trigger, message, "more came than expected")
        return "unexpected", _tell_effect(trigger, message, "none was expected")


def _missing(trigger: Trigger, kind: EffectKind) -> Finding:
    fault: Fault = "lost" if trigger.delivery == "accepted" else "undelivered"
    happened = f"{kind} expected, none came; the webhook was {trigger.delivery}"
    return fault, _tell(trigger, at_s=trigger.at_s, what=kind, happened=happened)


def _tell_effect(trigger: Trigger, effect: Effect, happened: str) -> Json:
    told = _tell(trigger, at_s=effect.at_s, what=effect.kind, happened=happened)
    return {**told, "effect_id": effect.id}


def _tell_unasked(account_id: str, message: Effect) -> Json:
    return {
        "account_id": account_id,
        "trigger": None,
        "at": iso(message.at_s),
        "what": message.kind,
        "happened": "a message to somebody who did nothing",
        "effect_id": message.id,
    }


def _tell(trigger: Trigger, *, at_s: float, what: str, happened: str) -> Json:
    return {
        "account_id": trigger.account_id,
        "trigger": trigger.id,
        "trigger_kind": trigger.kind,
        "username": trigger.username,
        "at": iso(at_s),
        "what": what,
        "happened": happened,
    }


def _tell_attempt(attempt: Attempt) -> Json:
    return {
        "account_id": attempt.account_id,
        "trigger": attempt.trigger,
        "at": iso(attempt.at_s),
        "what": attempt.what,
        "happened": f"refused: {attempt.reason}",
        "reason": attempt.reason,
        "code": attempt.code,
        "error_subcode": attempt.error_subcode,
    }
