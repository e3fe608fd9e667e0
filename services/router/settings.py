"""The router's environment."""

from __future__ import annotations

from pydantic import Field

from switchboard.settings import (
    ConsumerSettings,
    DatabaseSettings,
    QueueSettings,
    RedisSettings,
    WorkerSettings,
)


class Settings(
    ConsumerSettings,
    QueueSettings,
    DatabaseSettings,
    RedisSettings,
    WorkerSettings,
):
    """What the router needs to know."""

    router_rules_poll_s: float = Field(
        2.0, gt=0, description="Seconds until a published campaign takes effect, at most."
    )
    router_accounts_cached: int = Field(
        10_000, ge=1, description="Accounts whose rules are kept in memory, at most."
    )
    router_patience_s: float = Field(
        60.0, gt=0, description="Seconds after an event in which a classifier's answer is awaited."
    )
