"""What an examination sees of Redis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from switchboard.state.client import Redis, redis_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """
    Redis itself: its version, what it takes for the present, and what it does when it is full.

    `most_bytes` is 0 where it takes as much as there is.
    """

    version: str
    now: datetime
    eviction: str
    used_bytes: int
    most_bytes: int


async def server(redis: Redis) -> RedisServer:
    """
    Return which server it is.

    Raises:
        Unavailable, StateRefused: It does not answer, or will not tell.
    """
    with redis_errors("info"):
        seconds, microseconds = await redis.time()
        told = await redis.info()
    return RedisServer(
        version=str(told.get("redis_version", "unknown")),
        now=datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6, UTC),
        eviction=str(told.get("maxmemory_policy", "unknown")),
        used_bytes=int(told.get("used_memory", 0)),
        most_bytes=int(told.get("maxmemory", 0)),
    )
