"""The present, as a collaborator: what decides takes a time, what does takes a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present, aware and in UTC."""
    return datetime.now(UTC)
