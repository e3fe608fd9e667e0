"""How often a user may call the API: a bucket for each, which all replicas share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, cast
from uuid import UUID

from switchboard.errors import Throttled
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.scripts import Call, Script


class CalledTooOften(Throttled):
    """A user has called more often than they may."""

    reason: ClassVar[str] = "called_too_often"


class Callers:
    """
    Lets each user make `burst` calls at once, and one more each `interval` from then on.

    It protects us and no promise of ours: while Redis is away, whoever asks decides to let calls
    through. `now_us` replaces Redis's clock in tests; in production it is left out.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        burst: int,
        interval: timedelta,
        now_us: Callable[[], int] | None = None,
    ) -> None:
        self._call = Script(redis, "call")
        self._burst, self._interval_us = burst, interval // timedelta(microseconds=1)
        self._now_us = now_us

    async def take(self, user: UUID) -> None:
        """
        Take one call of `user`'s.

        Raises:
            CalledTooOften: There is none; `after_s` says when there is one.
            Unavailable: Redis is away.
        """
        now = 0 if self._now_us is None else self._now_us()
        call = Call([keys.calls(user)], [now, self._burst, self._interval_us])
        wait_us = cast("int", await self._call.run(call))
        if wait_us:
            raise CalledTooOften("too many calls", after_s=wait_us / 1_000_000)
