"""
How many calls an account's caretaking may make.

Meta allows an account 4800 calls a day for each time its content was seen in it, and says of no
minimum: a quiet account may have almost nothing, and what its people wait for needs it more. So all
caretaking of an account has one bucket of its own, and stops while Meta has the account cool down.

Source: Meta, "Rate limits".
"""

from __future__ import annotations

from typing import Final

from switchboard.contracts import AccountId
from switchboard.rules.ceilings import HOUR, ceiling
from switchboard.state import Bucket, Limits

_BURST_SHARE: Final = 4  # a quarter of an hour's calls may go at once
# Each examination asks five times, so these are 60 of an hour's calls, and no more is theirs.
_EXAMINED_AN_HOUR: Final = 12


class CallBudget:
    """So many calls `an_hour` for each account, agreed between all who look after it."""

    def __init__(self, limits: Limits, *, an_hour: int) -> None:
        self._limits = limits
        self._bucket = Bucket(name="caretaking", ceiling=ceiling(an_hour, HOUR, share=_BURST_SHARE))
        self._examined = Bucket(
            name="examining", ceiling=ceiling(_EXAMINED_AN_HOUR, HOUR, share=_BURST_SHARE)
        )

    async def examine(self, account_id: AccountId) -> None:
        """
        Count one examination of an account; the calls it makes are counted besides.

        Raises:
            Throttled, Unavailable: As `take`.
        """
        await self._limits.reserve(account_id, [self._examined], recall=_unasked)

    async def take(self, account_id: AccountId) -> None:
        """
        Count one call.

        Raises:
            Throttled: There is none left for now, or the account cools down.
            Unavailable: Redis is away; no call may be made.
        """
        await self._limits.reserve(account_id, [self._bucket], recall=_unasked)


async def _unasked(_bucket: Bucket) -> int:
    raise AssertionError("only a recalled bucket is asked about")
