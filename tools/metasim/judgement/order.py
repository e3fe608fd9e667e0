"""
Messages of one conversation that came in another order than they were to come in.

What a person did may say how its messages begin, in their order. A message belongs to the earliest
such thing that still waits for one beginning like it, so two runs of one chain may overlap.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.metasim.judgement.finding import Finding, found
from tools.metasim.ledger import ThreadCase, Trigger


def wrong_order(thread: ThreadCase) -> Iterator[Finding]:
    """Find each message that came after one which was to follow it."""
    ordered = (one for one in thread.triggers if one.in_order and one.n is not None)
    plans = [_Plan(trigger) for trigger in sorted(ordered, key=lambda one: one.n or 0)]
    for message in thread.messages if plans else ():
        for plan in plans:
            place = plan.place_of(message.words) if plan.begins_before(message.n) else None
            if place is not None:
                follower = plan.take(place)
                if follower is not None:
                    happened = f"came after what follows it: {follower!r}"
                    yield found("out_of_order", plan.trigger, message, happened)
                break


class _Plan:
    """The messages of one trigger, in order, and which of them have come."""

    def __init__(self, trigger: Trigger) -> None:
        self.trigger = trigger
        self._beginnings = trigger.in_order
        self._seen: set[int] = set()

    def begins_before(self, n: int) -> bool:
        return self.trigger.n is not None and self.trigger.n < n

    def place_of(self, words: str) -> int | None:
        """Return which of the messages still to come this is: the one that says most of it."""
        fitting = [
            place
            for place, beginning in enumerate(self._beginnings)
            if place not in self._seen and words.startswith(beginning)
        ]
        return max(fitting, key=lambda place: len(self._beginnings[place]), default=None)

    def take(self, place: int) -> str | None:
        """Note that a message has come; return how the last of its followers began, if one has."""
        furthest = max(self._seen, default=place)
        self._seen.add(place)
        return self._beginnings[furthest] if furthest > place else None
