"""Uncertain deliveries, from only what a test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.sender.conclusions import Patience
from switchboard.db.uncertain import Doubt
from tests.unit.sender.builders import NOON, claimed

PATIENCE = Patience(
    first=timedelta(seconds=5),
    settle=timedelta(seconds=120),
    again=timedelta(seconds=60),
    skew=timedelta(seconds=10),
    give_up=timedelta(hours=1),
    attempts=3,
)


def at(seconds: float) -> datetime:
    """Return a moment that many seconds after the attempt was over."""
    return NOON + timedelta(seconds=seconds)


def doubt(look_s: float = 0, absent_s: float | None = None, **fields: Any) -> Doubt:
    """Return a message that became uncertain at noon, looked for `look_s` later."""
    delivery = {"deadline": at(86_400), **fields.pop("delivery", {})}
    whole: dict[str, Any] = {
        "delivery": claimed(**delivery),
        "account_username": "shop",
        "reason": "timed_out",
        "moves": 3,
        "look": 1,
        "attempted_at": at(-10),
        "over_at": at(0),
        "doubted_at": at(0),
        "absent_at": None if absent_s is None else at(absent_s),
        "taken_at": at(look_s),
    }
    return Doubt(**(whole | fields))
