"""Removing what nobody asks for any more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from services.control.caretaker.job import Done
from switchboard.db import tidying
from switchboard.db.pool import Queryable
from switchboard.db.tidying import Tidied

_SOON: Final = timedelta(minutes=1)  # when a run has not come to the end
_MOST_BATCHES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """The job: `most` of each at a time. A run has an end, however much there is."""

    db: Queryable
    most: int = 1_000
    every: timedelta = timedelta(hours=1)
    name: str = "housekeeping"

    async def keep_up(self) -> Done:
        """
        Remove what is over; soon again, if that was not all.

        Raises:
            Failure: It could not be removed; what was before is.
        """
        together = Tidied()
        for _ in range(_MOST_BATCHES):
            found = await tidying.tidy(self.db, most=self.most)
            together += found
            if not found.fills(self.most):
                return Done(asdict(together))
        return Done(asdict(together), _SOON)
