"""Silence: a person has taken a conversation over, or an owner has stopped the automation."""

from __future__ import annotations

from datetime import datetime

from switchboard.contracts import AccountId, PersonId
from switchboard.state import keys
from switchboard.state.client import Redis, redis_errors


class Pauses:
    """Until when automation is silent, by account or by person; `Observations` reads it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def pause(
        self, account_id: AccountId, person_id: PersonId | None, *, until: datetime
    ) -> None:
        """
        Be silent towards `person_id`, or towards everyone, until `until`.

        Raises:
            Unavailable: Redis is away; nothing was paused.
        """
        until_ms = int(until.timestamp() * 1000)
        with redis_errors("pause"):
            await self._redis.set(keys.pause(account_id, person_id), until_ms, pxat=until_ms)

    async def resume(self, account_id: AccountId, person_id: PersonId | None) -> None:
        """
        End a pause, if there is one.

        Raises:
            Unavailable: Redis is away; the pause goes on.
        """
        with redis_errors("resume"):
            await self._redis.delete(keys.pause(account_id, person_id))
