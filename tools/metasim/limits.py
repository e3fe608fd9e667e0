"""Limits that hold in every rolling window, not only in those that start on the hour."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal

LimitName = Literal[
    "private_replies_per_hour",
    "live_private_replies_per_second",
    "sends_per_second",
    "media_per_second",
    "conversations_per_second",
    "other_calls_per_day",
]
WINDOW_S: dict[LimitName, float] = {
    "private_replies_per_hour": 3600.0,
    "live_private_replies_per_second": 1.0,
    "sends_per_second": 1.0,
    "media_per_second": 1.0,
    "conversations_per_second": 1.0,
    "other_calls_per_day": 86_400.0,
}


class RollingLimits:
    """
    Counts what was granted per key in the last `window_s` seconds.

    The window is half open: what was granted exactly `window_s` ago no longer counts. Moments are
    expected in order; after a clock was put back, what lies in its future is forgotten.
    """

    def __init__(self) -> None:
        self._granted: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def take(self, *key: str, now_s: float, limit: int, window_s: float) -> bool:
        """Grant one more, unless `limit` were granted in the window that ends now."""
        if self.used(*key, now_s=now_s, window_s=window_s) >= limit:
            return False
        self._granted[key].append(now_s)
        return True

    def count(self, *key: str, now_s: float, window_s: float) -> int:
        """Enter one more, whatever was granted, and return how many the window then holds."""
        self._granted[key].append(now_s)
        return self.used(*key, now_s=now_s, window_s=window_s)

    def frees_in_s(self, *key: str, now_s: float, window_s: float) -> float:
        """Return how long until the oldest grant in the window no longer counts; 0 without one."""
        return window_s - (now_s - self._granted[key][0]) if self._granted[key] else 0.0

    def used(self, *key: str, now_s: float, window_s: float) -> int:
        """Return how many were granted in the window that ends now."""
        granted = self._granted[key]
        while granted and granted[0] <= now_s - window_s:
            granted.popleft()
        while granted and granted[-1] > now_s:
            granted.pop()
        return len(granted)
