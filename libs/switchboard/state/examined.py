"""What an examination of an account found at Meta, remembered: whoever asks again asks nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from switchboard.contracts import AccountId
from switchboard.state import keys
from switchboard.state.client import Redis, redis_errors

KEPT: Final = timedelta(minutes=5)


class KeptFindings:
    """Findings by account and token, kept for `KEPT`: with another token it is asked again."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def find(self, account_id: AccountId, token: str) -> str | None:
        """
        Return what is kept, as it was given to `keep`.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors("get findings"):
            found = await self._redis.get(keys.examined(account_id, token))
        return None if found is None else str(found)

    async def keep(self, account_id: AccountId, token: str, findings: str) -> None:
        """
        Keep `findings`.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors("keep findings"):
            await self._redis.set(keys.examined(account_id, token), findings, ex=KEPT)
