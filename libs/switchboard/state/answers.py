"""Answers of the classifier's, remembered: the same text of the same account is asked once."""

from __future__ import annotations

from datetime import timedelta

from switchboard.contracts import AccountId
from switchboard.state import keys
from switchboard.state.client import Redis, redis_errors


class KeptAnswers:
    """
    Answers by account and a digest of what was asked, kept for `lives`.

    The digest covers the intents and who was asked, so a changed intent finds nothing. It is no
    text, and cannot be turned back into one.
    """

    def __init__(self, redis: Redis, *, lives: timedelta) -> None:
        self._redis, self._lives_ms = redis, max(1, lives // timedelta(milliseconds=1))

    async def find(self, account_id: AccountId, digest: str) -> str | None:
        """
        Return the answer that is kept, as it was given to `keep`.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors("get answer"):
            found = await self._redis.get(keys.answer(account_id, digest))
        return None if found is None else str(found)

    async def keep(self, account_id: AccountId, digest: str, answer: str) -> None:
        """
        Keep `answer`.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors("keep answer"):
            await self._redis.set(keys.answer(account_id, digest), answer, px=self._lives_ms)
