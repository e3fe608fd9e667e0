"""The job that reads what is new, often, and publishes what no webhook told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.control.caretaker.access import token_of
from services.control.caretaker.job import Done
from services.control.caretaker.shelf import NOTHING, Reader, Shelf, told
from services.control.caretaker.sifting import Sifting
from services.control.caretaker.watching import Rhythm, floor_of, latest, to_read
from switchboard.clock import Clock
from switchboard.db import care, coverage
from switchboard.db.care import Cared
from switchboard.db.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilling:
    """The job."""

    shelf: Shelf
    sifting: Sifting
    rhythm: Rhythm
    now: Clock
    name: str = "backfill"

    @property
    def every(self) -> timedelta:
        """As often as an account is read that nothing is doubtful about."""
        return self.rhythm.usual

    @property
    def first_within(self) -> timedelta:
        """Soon: of a new account nothing is known."""
        return self.rhythm.soon

    async def run(self, account: Cared) -> Done:
        """
        Publish what webhooks have missed since the last time.

        Raises:
            Failure: It could not be read; what had been found before is published.
        """
        posts = await self.shelf.watched(account)
        if not posts:
            return Done(told(0, NOTHING))
        token, began_at, total = token_of(account, self.shelf.vault), self.now(), NOTHING
        reader = Reader(job=self.name, db=self.shelf.db, sifting=self.sifting)
        grounds = await coverage.grounds(self.shelf.db, account.id)
        unfinished = await reader.unfinished(account)
        listed = await self.shelf.listed(account, token)
        reading = to_read(posts, listed, grounds, unfinished)
        for post in reading:
            floor = floor_of(grounds.get(post.media_id), began_at)
            begun = unfinished.get(post.media_id) or Reading(floor=floor, began_at=began_at)
            sifted = await reader.read(account, post, begun, token=token)
            total += sifted
            if not sifted.whole:
                break
        again = self.rhythm.next(
            missed=total.missed,
            whole=total.whole,
            last=latest(grounds),
            heard=await care.heard(self.shelf.db, account.id),
            now=began_at,
        )
        return Done(told(len(reading), total), again)
