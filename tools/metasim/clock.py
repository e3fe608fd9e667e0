"""The simulated present: the machine's clock, shifted at will so that windows can close."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Simulated time in seconds since 1970 (UTC), `offset_s` ahead of the machine's."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now_s(self) -> float:
        """Return the simulated present."""
        return time.time() + self.offset_s


def iso(at_s: float) -> str:
    """Return `at_s` as the control API writes it: `2026-01-02T03:04:05.678Z`."""
    moment = datetime.fromtimestamp(at_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def graph_time(at_s: float) -> str:
    """Return `at_s` as the Graph API writes it: `2026-01-02T03:04:05+0000`."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
