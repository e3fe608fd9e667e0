"""
What happened, in order, and how to wait for it.

`Timeline` is the numbered story of everything, kept to its last chapters. `Signals` wakes whoever
waits for one thing (a reply to one comment), without waking those who wait for another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from tools.metasim.clock import iso
from tools.metasim.records import Json

_KEPT = 50_000  # entries; older ones are forgotten, as a page or a test reads them at once
Key = tuple[str, ...]
EVERYTHING: Key = ("everything",)
Found = TypeVar("Found")


class Signals:
    """Futures by what they wait for."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Key, set[asyncio.Future[None]]] = defaultdict(set)
        self._is_closed = False

    def tell(self, *key: str) -> None:
        """Wake whoever waits for `key`."""
        for future in self._waiting.pop(key, ()):
            if not future.done():
                future.set_result(None)

    def tell_all(self) -> None:
        """Wake everybody, so that they look again."""
        for key in list(self._waiting):
            self.tell(*key)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._is_closed = True
        self.tell_all()

    async def wait_for(
        self, key: Key, look: Callable[[], Found | None], *, timeout_s: float
    ) -> Found | None:
        """Return what `look` finds, looking again whenever `key` is told; None at the end."""
        ends_at_s = asyncio.get_running_loop().time() + timeout_s
        while (found := look()) is None:
            left_s = ends_at_s - asyncio.get_running_loop().time()
            if self._is_closed or left_s <= 0 or not await self._told(key, left_s):
                return look()
        return found

    async def _told(self, key: Key, timeout_s: float) -> bool:
        future = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return False
        finally:
            self._forget(key, future)
        return True

    def _forget(self, key: Key, future: asyncio.Future[None]) -> None:
        if waiting := self._waiting.get(key):
            waiting.discard(future)
            if not waiting:
                del self._waiting[key]


class Timeline:
    """Everything that happened, numbered from 1 and never renumbered, not even by a reset."""

    def __init__(self, signals: Signals, now_s: Callable[[], float]) -> None:
        self._signals, self._now_s = signals, now_s
        self._entries: list[Json] = []
        self.last_n = 0

    def add(self, kind: str, **told: Any) -> None:
        """Tell what happened just now."""
        self.last_n += 1
        self._entries.append({"n": self.last_n, "at": iso(self._now_s()), "kind": kind, **told})
        if len(self._entries) > 2 * _KEPT:
            del self._entries[:-_KEPT]
        self._signals.tell(*EVERYTHING)

    def clear(self) -> None:
        """Forget the story so far; the numbers go on."""
        self._entries.clear()

    def after(self, n: int, *, limit: int) -> list[Json]:
        """Return up to `limit` entries later than number `n`, in order."""
        if not self._entries:
            return []
        start = max(0, n + 1 - self._entries[0]["n"])
        return self._entries[start : start + limit]
