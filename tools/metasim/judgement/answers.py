"""
What never came, came twice, or came though nobody wanted it.

An answer to a comment names the comment, so it is judged exactly. A message names only the person,
so messages are matched with what that person did in the order of both: each message answers the
earliest thing still waiting for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tools.metasim.judgement.finding import Finding, Unasked, found, missing
from tools.metasim.ledger import CommentCase, Effect, EffectKind, ThreadCase, Trigger


def wrong_about_comment(case: CommentCase) -> Iterator[Finding]:
    """Compare a comment's answers with what was expected of each kind."""
    yield from _wrong_about_replies(case.trigger, "private_reply", case.private_replies)
    yield from _wrong_about_replies(case.trigger, "public_reply", case.public_replies)


def wrong_about_thread(thread: ThreadCase) -> Iterator[Finding | Unasked]:
    """Compare the messages of a conversation with what the person did in it."""
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
            yield missing(trigger, "message")


def _wrong_about_replies(
    trigger: Trigger, kind: EffectKind, effects: list[Effect]
) -> Iterator[Finding]:
    expected = trigger.expect.get(kind)
    if expected is None:
        yield from _repeated(trigger, effects)
        return
    for effect in effects[expected:]:
        yield (
            found("twice", trigger, effect, f"{len(effects)} came, {expected} expected")
            if expected
            else found("unexpected", trigger, effect, "none was expected")
        )
    for _ in range(expected - len(effects)):
        yield missing(trigger, kind)


def _repeated(trigger: Trigger, effects: list[Effect]) -> Iterator[Finding]:
    said: set[str] = set()
    for effect in effects:
        if effect.content in said:
            yield found("twice", trigger, effect, "the same said again")
        said.add(effect.content)


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

    def answered(self, message: Effect, account_id: str) -> Iterator[Finding | Unasked]:
        self._said[message.content] += 1
        if self._latest is None:
            yield Unasked("unexpected", account_id, message)
        elif self._said[message.content] > self._begun:
            yield found("twice", self._latest, message, "the same said again")
        elif self.waiting:
            self.waiting.pop(0)
        elif not self._takes_any:
            yield self._beyond(self._latest, message)

    def _beyond(self, trigger: Trigger, message: Effect) -> Finding:
        if trigger.expect["message"] or self._said[message.content] > 1:
            return found("twice", trigger, message, "more came than expected")
        return found("unexpected", trigger, message, "none was expected")
