"""Limits that hold in every rolling window, not only in those that start on the hour."""

from __future__ import annotations

from collections import defaultdict, deque


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

    def used(self, *key: str, now_s: float, window_s: float) -> int:
        """Return how many were granted in the window that ends now."""
        granted = self._granted[key]
        while granted and granted[0] <= now_s - window_s:
            granted.popleft()
        while granted and granted[-1] > now_s:
            granted.pop()
        return len(granted)
