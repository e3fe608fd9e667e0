"""
How many calls an account's caretaking may make.

Meta allows an account 4800 calls a day for each time its content was seen in it, and says of no
minimum: a quiet account may have almost nothing, and what its people wait for needs it more. So all
caretaking of an account has one bucket of its own, and stops while Meta has the account cool down.
Counting, which nobody waits for, has half of it at most.

Source: Meta, "Rate limits".
"""

from __future__ import annotations

from typing import Final

from switchboard.contracts import AccountId
from switchboard.rules.ceilings import CONVERSATION_READS, HOUR, ceiling
from switchboard.state import CONVERSATIONS, Bucket, Limits

_BURST_SHARE: Final = 4  # a quarter of an hour's calls may go at once
# The sender looks for what it said in the same conversations.
_CONVERSATIONS: Final = Bucket(name=CONVERSATIONS, ceiling=CONVERSATION_READS)
# Each examination asks five times, so these are 60 of an hour's calls, and no more is theirs.
_EXAMINED_AN_HOUR: Final = 12


class CallBudget:
    """
    So many calls `an_hour` for each account, agreed between all who look after it.

    `counting`: half of them, for what counts.
    """

    def __init__(self, limits: Limits, *, an_hour: int, counting: bool = False) -> None:
        self._limits = limits
        self._buckets = [_bucket("caretaking", an_hour)]
        if counting:
            self._buckets.append(_bucket("counting", an_hour // 2))
        self._examined = _bucket("examining", _EXAMINED_AN_HOUR)

    async def examine(self, account_id: AccountId) -> None:
        """
        Count one examination of an account; the calls it makes are counted besides.

        Raises:
            Throttled, Unavailable: As `take`.
        """
        await self._limits.reserve(account_id, [self._examined], recall=_unasked)

    async def take(self, account_id: AccountId, *, of_conversations: bool = False) -> None:
        """
        Count one call; one `of_conversations` counts against their limit, too.

        Raises:
            Throttled: There is none left for now, or the account cools down.
            Unavailable: Redis is away; no call may be made.
        """
        buckets = [*self._buckets, *([_CONVERSATIONS] if of_conversations else [])]
        await self._limits.reserve(account_id, buckets, recall=_unasked)


def _bucket(name: str, an_hour: int) -> Bucket:
    return Bucket(name=name, ceiling=ceiling(an_hour, HOUR, share=_BURST_SHARE))


async def _unasked(_bucket: Bucket) -> int:
    raise AssertionError("only a recalled bucket is asked about")
