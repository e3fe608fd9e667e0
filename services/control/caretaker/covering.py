"""
The job that once a day reads all comments that could still be answered, publishes what is missing,
and counts: of so many comments that Instagram shows under a post, we know so many.

A round is a reading of each post, all begun at once. What has more comments than there are calls is
gone on with a little later, until the round is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from services.control.caretaker.access import token_of
from services.control.caretaker.job import Done
from services.control.caretaker.shelf import NOTHING, Reader, Shelf, told
from services.control.caretaker.sifting import Sifting
from services.control.caretaker.watching import ANSWERABLE, Post, to_read
from switchboard.clock import Clock
from switchboard.contracts import MediaId
from switchboard.db.care import Cared
from switchboard.db.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """The job."""

    shelf: Shelf
    sifting: Sifting
    now: Clock
    every: timedelta = timedelta(days=1)
    first_within: timedelta = timedelta(days=1)
    goes_on_after: timedelta = timedelta(minutes=10)
    name: str = "coverage"

    async def run(self, account: Cared) -> Done:
        """
        Go on with the round that was begun, or with a new one.

        Raises:
            Failure: It could not be read; posts that were counted before are.
        """
        token, total = token_of(account, self.shelf.vault), NOTHING
        reader = Reader(job=self.name, db=self.shelf.db, sifting=self.sifting, counts=True)
        reading = await reader.unfinished(account)
        posts = {media_id: Post(media_id, None) for media_id in reading}
        if not reading:
            posts, reading = await self._begin(account, reader, token)
        for media_id, begun in reading.items():
            sifted = await reader.read(account, posts[media_id], begun, token=token)
            total += sifted
            if not sifted.whole:
                break
        return Done(told(len(posts), total), None if total.whole else self.goes_on_after)

    async def _begin(
        self, account: Cared, reader: Reader, token: SecretStr
    ) -> tuple[dict[MediaId, Post], Mapping[MediaId, Reading]]:
        """Begin a round; return its posts and their readings."""
        wanted = await self.shelf.watched(account)
        if not wanted:
            return {}, {}
        began_at = self.now()
        listed = await self.shelf.listed(account, token)
        posts = {one.media_id: one for one in to_read(wanted, listed, {}, {})}
        begun = Reading(floor=began_at - ANSWERABLE, began_at=began_at)
        await reader.begin(account, list(posts), begun)
        return posts, dict.fromkeys(posts, begun)
