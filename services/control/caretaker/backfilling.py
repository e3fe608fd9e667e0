"""
The two jobs that read comments: `backfill`, often and only what is new, and `coverage`, once a day
and all of it.

Both read posts that live campaigns wait for comments under, and publish what no webhook told of.
`coverage` also counts, so it can be said of a post: of so many comments that Instagram shows, we
know so many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import SecretStr

from services.control.caretaker.access import token_of
from services.control.caretaker.job import Done
from services.control.caretaker.sifting import Budget, Sifted, Sifting
from services.control.caretaker.watching import (
    ANSWERABLE,
    Post,
    Rhythm,
    Watched,
    floor_of,
    latest,
    to_read,
    watched,
)
from switchboard.clock import Clock
from switchboard.contracts import AccountId
from switchboard.db import care, coverage
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.graph import Media, MediaPage, NotSent
from switchboard.graph.account import MOST_MEDIA

_NOTHING: Final = Sifted()


class Posts(Protocol):
    """Meta, asked for an account's posts."""

    async def read_media(
        self, account_id: AccountId, *, after: str | None = None, page: int, token: str
    ) -> MediaPage:
        """Ask for so many of the account's posts, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The posts of an account, and what is known of each."""

    db: Queryable
    meta: Posts
    budget: Budget
    vault: Vault

    async def watched(self, account: Cared) -> Watched:
        """Return the posts that live campaigns wait for comments under."""
        return watched(await care.targets(self.db, account.id))

    async def listed(self, account: Cared, token: SecretStr) -> Sequence[Media]:
        """
        Return the account's latest posts as Meta lists them.

        Raises:
            Throttled: The budget is spent.
            GraphFailure, Unavailable: Meta refuses, or does not answer.
        """
        await self.budget.take(account.instagram_id)
        secret = token.get_secret_value()
        page = await self.meta.read_media(account.instagram_id, page=MOST_MEDIA, token=secret)
        return page.media

    async def keep(
        self, account: Cared, post: Post, sifted: Sifted, *, known_until: datetime
    ) -> None:
        """
        Keep how far the post is known; where it was not read to the end, no further than before.

        Meta's count is kept only if nothing of it is left in doubt, or the post would not be read
        again until another comment comes.
        """
        await coverage.keep_ground(
            self.db,
            account.id,
            account.workspace_id,
            post.media_id,
            told=post.told if sifted.whole and not sifted.new else None,
            missed=sifted.missed,
            grounded_at=known_until if sifted.whole else None,
        )

    async def count(self, account: Cared, post: Post, sifted: Sifted) -> None:
        """Keep what was counted, if all of it was."""
        if sifted.whole:
            await coverage.keep_count(
                self.db,
                account.id,
                account.workspace_id,
                post.media_id,
                readable=sifted.readable,
                stored=sifted.stored,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilling:
    """The job that reads what is new."""

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
            return Done(_told(0, _NOTHING))
        token = token_of(account, self.shelf.vault)
        grounds = await coverage.grounds(self.shelf.db, account.id)
        total, began_at = _NOTHING, self.now()
        known_until = began_at - self.sifting.on_its_way
        reading = to_read(posts, await self.shelf.listed(account, token), grounds)
        for post in reading:
            floor = floor_of(grounds.get(post.media_id), began_at)
            try:
                sifted = await self.sifting.sift(account, post.media_id, floor=floor, token=token)
            except NotSent:  # the post is gone, or is not this account's
                continue
            await self.shelf.keep(account, post, sifted, known_until=known_until)
            total += sifted
            if not sifted.whole:
                break
        heard = await care.heard(self.shelf.db, account.id)
        again = self.rhythm.next(
            missed=total.missed, last=latest(grounds), heard=heard, now=began_at
        )
        return Done(_told(len(reading), total), again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """The job that reads and counts all that could still be answered."""

    shelf: Shelf
    sifting: Sifting
    now: Clock
    every: timedelta = timedelta(days=1)
    first_within: timedelta = timedelta(days=1)
    name: str = "coverage"

    async def run(self, account: Cared) -> Done:
        """
        Count what is known of each post, and publish what is not.

        Raises:
            Failure: It could not be read; posts that were counted before are.
        """
        posts = await self.shelf.watched(account)
        if not posts:
            return Done(_told(0, _NOTHING))
        token = token_of(account, self.shelf.vault)
        total, began_at = _NOTHING, self.now()
        known_until = began_at - self.sifting.on_its_way
        reading = to_read(posts, await self.shelf.listed(account, token), {})
        for post in reading:
            try:
                sifted = await self.sifting.sift(
                    account, post.media_id, floor=began_at - ANSWERABLE, token=token
                )
            except NotSent:
                continue
            await self.shelf.keep(account, post, sifted, known_until=known_until)
            await self.shelf.count(account, post, sifted)
            total += sifted
            if not sifted.whole:
                break
        return Done(_told(len(reading), total))


def _told(posts: int, sifted: Sifted) -> dict[str, Any]:
    return {
        "posts": posts,
        "readable": sifted.readable,
        "stored": sifted.stored,
        "missed": sifted.missed,
        "new": sifted.new,
        "whole": sifted.whole,
    }
