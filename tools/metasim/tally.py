"""How often each account has called, by what it called, and the most of it within any hour."""

from __future__ import annotations

from collections import Counter, defaultdict

from tools.metasim.limits import RollingLimits
from tools.metasim.records import Json

_HOUR_S = 3600.0


class Tally:
    """
    Counts calls, whatever became of them.

    A call is named by its method and the last word of its path, `GET comments`; a single node is
    `GET node`. Moments are the machine's: an hour is one even while the clock is moved.
    """

    def __init__(self) -> None:
        self._hours = RollingLimits()
        self._all: Counter[tuple[str, str]] = Counter()
        self._most: defaultdict[tuple[str, str], int] = defaultdict(int)

    def enter(self, account_id: str, method: str, path: str, *, at_s: float) -> None:
        """Enter a call made at `at_s`, in seconds of any clock that does not go back."""
        key = (account_id, f"{method} {_what(path)}")
        within = self._hours.count(*key, now_s=at_s, window_s=_HOUR_S)
        self._all[key] += 1
        self._most[key] = max(self._most[key], within)

    def told(self) -> list[Json]:
        """Return the counts, by account and call."""
        return [
            {
                "account_id": account_id,
                "call": call,
                "calls": count,
                "most_an_hour": self._most[account_id, call],
            }
            for (account_id, call), count in sorted(self._all.items())
        ]


def _what(path: str) -> str:
    last = path.rstrip("/").rpartition("/")[2]
    return "node" if last.isdigit() else last
