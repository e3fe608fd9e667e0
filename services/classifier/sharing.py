"""What replicas share, as far as Redis is there: nobody waits for it, and nothing depends on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from switchboard.errors import Unavailable
from switchboard.state import StateRefused

T = TypeVar("T")

# Redis answers in a millisecond. Sharing saves calls to a model; it must not cost a question more
# time than it saves.
_BUDGET_S: Final = 0.25
# A Redis that did not answer is left alone for so long.
_PAUSE_S: Final = 5.0


class Sharing:
    """Calls to Redis that may fail: then the answer is `None`, and for a while none is made."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic, self._again_at = monotonic, float("-inf")

    async def try_(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Return what `call` returns, or `None` if Redis is not to be had."""
        if self._monotonic() < self._again_at:
            return None
        try:
            async with asyncio.timeout(_BUDGET_S):
                return await call()
        except (Unavailable, StateRefused, TimeoutError):
            self._again_at = self._monotonic() + _PAUSE_S
            return None
