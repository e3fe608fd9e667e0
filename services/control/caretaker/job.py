"""What a job is, and what it says of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from switchboard.db.care import Cared
from switchboard.errors import Failure

_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Done:
    """
    A run that did what it was for.

    `detail` are its figures. `again` is when it should run next, where that is not its usual time.
    """

    detail: Mapping[str, Any] = field(default_factory=dict)
    again: timedelta | None = None


class Job(Protocol):
    """Something that is done for each connected account, again and again."""

    @property
    def name(self) -> str:
        """Its name in the database."""
        ...

    @property
    def every(self) -> timedelta:
        """Its usual time between two runs."""
        ...

    @property
    def first_within(self) -> timedelta:
        """Within what time after it was connected an account has its first run."""
        ...

    async def run(self, account: Cared) -> Done:
        """
        Do it for `account` once; it does no harm to do it again.

        Raises:
            Failure: It could not be done now.
        """
        ...


@runtime_checkable
class Upkeep(Protocol):
    """Something that is done for the whole installation, again and again."""

    @property
    def name(self) -> str:
        """Its name in the database."""
        ...

    @property
    def every(self) -> timedelta:
        """Its usual time between two runs; the first is at once."""
        ...

    async def keep_up(self) -> Done:
        """
        Do it once; it does no harm to do it again.

        Raises:
            Failure: It could not be done now.
        """
        ...


class TokenMissing(Failure):
    """No token was ever stored for the account."""

    reason: ClassVar[str] = "token_missing"


def backoff(failures: int, *, every: timedelta, after_s: float | None) -> timedelta:
    """
    Return when to try again what failed `failures` times in a row, this one counted.

    Twice as late each time, but never later than it would run anyway, and not before Meta, or our
    own limit, says (`after_s`).
    """
    doubled = min(_SOON * (1 << min(max(failures - 1, 0), 12)), every)
    return doubled if after_s is None else max(doubled, timedelta(seconds=after_s))
