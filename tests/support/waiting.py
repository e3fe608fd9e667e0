"""Awaiting what only asking tells: a row, another process, a page over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_BETWEEN_S = 0.05


async def until(
    ask: Callable[[], Awaitable[T]], enough: Callable[[T], bool], *, within_s: float = 30.0
) -> T:
    """Ask again and again, and return the first answer that is `enough`; fail if time runs out."""
    async with asyncio.timeout(within_s):
        while True:
            answer = await ask()
            if enough(answer):
                return answer
            await asyncio.sleep(_BETWEEN_S)
