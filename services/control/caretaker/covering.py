"""
The job that once a day reads all comments that could still be answered, publishes what is missing,
and counts: of so many comments that Instagram shows under a post, we know so many.

A round is a reading of each post, all begun at once. What has more comments than there are calls is
gone on with a little later, until the round is over. Posts of which Meta's count has changed are
read to their end, since somebody may have answered an old comment: last, as many as calls allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from services.control.caretaker.access import token_of
from services.control.caretaker.job import Done
from services.control.caretaker.shelf import NOTHING, Reader, Shelf, told
from services.control.caretaker.sifting import Sifting
from services.control.caretaker.watching import ANSWERABLE, Post, changed, to_count, to_the_end
from switchboard.clock import Clock
from switchboard.contracts import MediaId
from switchboard.db import coverage
from switchboard.db.care import Cared
from switchboard.db.readings import Reading
from switchboard.graph import Media
from switchboard.graph.account import MOST_MEDIA

# Of a thousand posts the counts are looked at. Of the latest hundred all is counted.
_PAGES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """The job: a round reads posts of `deep` comments, in all, to their end."""

    shelf: Shelf
    sifting: Sifting
    now: Clock
    deep: int
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
        listed = await self.shelf.listed(account, token, pages=_PAGES)
        grounds = await coverage.grounds(self.shelf.db, account.id)
        posts = to_count(wanted, listed, grounds, latest=MOST_MEDIA)
        deep = to_the_end(posts, grounds, most=self.deep)
        begun: dict[MediaId, Reading] = {}
        for whole in (False, True):  # the long ones last, or the others would wait for them
            some = [one.media_id for one in posts if (one.media_id in deep) is whole]
            floor = began_at - ANSWERABLE
            reading = Reading(floor=floor, began_at=began_at, to_the_end=whole)
            await reader.begin(account, some, reading)
            begun |= dict.fromkeys(some, reading)
        # Of what is left over, the count that was kept stays another one until it is read.
        kept = [one for one in listed if wanted.has(one.media_id)]
        await self._keep_told(account, kept, besides=changed(listed, grounds) - deep)
        return {one.media_id: one for one in posts}, begun

    async def _keep_told(
        self, account: Cared, posts: Sequence[Media], *, besides: frozenset[MediaId]
    ) -> None:
        told = {
            one.media_id: one.comments
            for one in posts
            if one.comments is not None and one.media_id not in besides
        }
        await coverage.keep_told(self.shelf.db, account.id, account.workspace_id, told)
