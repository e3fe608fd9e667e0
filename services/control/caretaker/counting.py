"""Old days of the funnel are counted, so that their numbers are kept when the days are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.control.caretaker.job import Done
from switchboard.db import funnel
from switchboard.db.pool import Queryable

NAME: Final = "numbers"
_SOON: Final = timedelta(minutes=1)  # when a run has not come to the end
_MOST_ACCOUNTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """
    The job. A run has an end, however much there is.

    At once at most `most_days` of an account are counted, with `most_events` between them and the
    last one's: 50,000 took 2 seconds, and a statement has 15.
    """

    db: Queryable
    most_days: int = 31
    most_events: int = 50_000
    every: timedelta = timedelta(hours=1)
    name: str = NAME

    async def keep_up(self) -> Done:
        """
        Count what is to be counted; soon again, if that was not all.

        Raises:
            Failure: It could not be counted; what was before is kept.
        """
        accounts = await funnel.due(self.db, most=_MOST_ACCOUNTS)
        days = remaining = 0
        for account in accounts:
            kept = await funnel.keep(
                self.db, account, most_days=self.most_days, most_events=self.most_events
            )
            days += kept.counted
            remaining += kept.remaining
        figures = {"accounts": len(accounts), "days": days, "remaining": remaining}
        all_of_it = remaining == 0 and len(accounts) < _MOST_ACCOUNTS
        return Done(figures) if all_of_it else Done(figures, _SOON)
