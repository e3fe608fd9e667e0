"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

from switchboard.cli.failing import CannotDo


def moment(written: str, option: str) -> datetime:
    """
    Return the moment `written` (ISO 8601), in UTC where it names no zone.

    Raises:
        CannotDo: It is no moment.
    """
    try:
        read = datetime.fromisoformat(written)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"{option}: {written!r} is no date; write 2026-11-01 or 2026-11-01T12:00:00Z"
        raise CannotDo(msg) from None
