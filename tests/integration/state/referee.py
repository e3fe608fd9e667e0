"""
A second opinion on what was granted.

It knows no bucket and no arithmetic of one: it has the moments of all grants, and counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


def most_in_any_window(moments_us: Iterable[int], window_us: int) -> int:
    """Return the most grants that any closed span of `window_us` holds, wherever it begins."""
    held: deque[int] = deque()
    most = 0
    for moment in sorted(moments_us):
        held.append(moment)
        while held[0] < moment - window_us:
            held.popleft()
        most = max(most, len(held))
    return most
