"""
What can go wrong, sorted by what the queue does next.

* Failure
  x Retryable       come back later; the receive counts against the message
    + Unavailable   a dependency is down, or refused before it acted; the consumer also pauses
  x Throttled       come back when told; the receive does not count
  x Final           never again: the reason is recorded, the message deleted
    + WindowClosed  the person's messaging window has passed
    + Refused       Meta understood us and said no
  x Uncertain       the call left us and no answer came; trying again may send twice
  x Unreadable      the body is no contract we know; buried for a person to look at

Each vendor's door (`queues`, `state`, `db`, `graph`) turns the vendor's errors into these, so
above a door nobody needs to know which library was used.
"""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):  # noqa: N818  the tree's root reads as a noun; its leaves say what went wrong
    """Something we expected could happen. `reason` is its name in metrics and in SQL."""

    reason: ClassVar[str] = "failure"


class Retryable(Failure):
    """Worth another try; `after_s` seconds from now if the one who failed knows, else backoff."""

    reason: ClassVar[str] = "retryable"

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Unavailable(Retryable):
    """A dependency did not answer, or refused before it acted. Nothing has happened."""

    reason: ClassVar[str] = "unavailable"


class Throttled(Failure):
    """Told to wait `after_s` seconds, by Meta or by our own bucket."""

    reason: ClassVar[str] = "throttled"

    def __init__(self, message: str, *, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


class Final(Failure):
    """It will never work; trying again would only repeat the answer."""

    reason: ClassVar[str] = "final"


class WindowClosed(Final):
    """Meta no longer allows a message to this person for this reason."""

    reason: ClassVar[str] = "window_closed"


class Refused(Final):
    """Meta understood the call and said no, before acting."""

    reason: ClassVar[str] = "refused"


class Uncertain(Failure):
    """The call left us and its outcome is unknown. It is looked up, never repeated."""

    reason: ClassVar[str] = "uncertain"


class Unreadable(Failure):
    """A message that no contract of ours describes."""

    reason: ClassVar[str] = "unreadable"
