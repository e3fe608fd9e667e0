"""The posts of an account, what is known of each, and reading one of them further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import SecretStr

from services.control.caretaker.sifting import Budget, Sifted, Sifting
from services.control.caretaker.watching import Post, Watched, watched
from switchboard.contracts import AccountId, MediaId
from switchboard.db import care, coverage, readings
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.db.readings import Reading
from switchboard.errors import Throttled
from switchboard.graph import Media, MediaPage, NotSent
from switchboard.graph.account import MOST_MEDIA

NOTHING: Final = Sifted()


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

    async def listed(self, account: Cared, token: SecretStr, *, pages: int = 1) -> Sequence[Media]:
        """
        Return the account's latest posts as Meta lists them: so many pages, if there are calls.

        Raises:
            Throttled: The budget is spent, and there is not even one.
            GraphFailure, Unavailable: Meta refuses, or does not answer.
        """
        found: list[Media] = []
        after: str | None = None
        for _ in range(pages):
            try:
                await self.budget.take(account.instagram_id)
            except Throttled:
                if not found:
                    raise
                break
            page = await self.meta.read_media(
                account.instagram_id,
                after=after,
                page=MOST_MEDIA,
                token=token.get_secret_value(),
            )
            found += page.media
            after = page.after
            if after is None:
                break
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """
    Goes on with the readings of the job `job`, and keeps where each stands.

    A run that is killed, or out of calls, is gone on with by the next one. `counts`: of what it
    reads, all is read, so that it may be said how much of it is known.
    """

    job: str
    db: Queryable
    sifting: Sifting
    counts: bool = False

    async def unfinished(self, account: Cared) -> Mapping[MediaId, Reading]:
        """Return the readings that have not come to their end, the longest waiting first."""
        return await readings.unfinished(self.db, account.id, self.job)

    async def begin(self, account: Cared, posts: Sequence[MediaId], reading: Reading) -> None:
        """Have posts read, by this run or a later one."""
        await readings.keep(self.db, account.id, self.job, posts, reading)

    async def read(
        self, account: Cared, post: Post, reading: Reading, *, token: SecretStr
    ) -> Sifted:
        """
        Read a post on, as far as this run can, and return what was found.

        Of a post that is gone, or not this account's, that is nothing, and its end.

        Raises:
            Failure: It could not be read; what had been found before is published.
        """

        async def keep(now: Reading) -> None:
            await readings.keep(self.db, account.id, self.job, [post.media_id], now)

        try:
            sifted = await self.sifting.sift(
                account, post.media_id, reading, keep=keep, token=token
            )
        except NotSent:
            # Or Meta no longer knows the place where it was to go on: then it begins anew.
            await readings.end(self.db, account.id, self.job, post.media_id)
            return NOTHING
        await self._keep_ground(account, post, reading, sifted)
        if sifted.whole:
            if self.counts:
                await self._keep_count(account, post, reading, sifted)
            await readings.end(self.db, account.id, self.job, post.media_id)
        return sifted

    async def _keep_ground(
        self, account: Cared, post: Post, reading: Reading, sifted: Sifted
    ) -> None:
        """
        Keep how far the post is known; where it was not read to the end, no further than before.

        Meta's count is kept only if nothing of it is left in doubt, or the post would not be read
        again until another comment comes: what was written since an earlier run began is.
        """
        is_all_seen = sifted.whole and not sifted.new and not reading.is_begun
        known_until = reading.began_at - self.sifting.on_its_way
        await coverage.keep_ground(
            self.db,
            account.id,
            account.workspace_id,
            post.media_id,
            told=post.told if is_all_seen else None,
            missed=sifted.missed,
            grounded_at=known_until if sifted.whole else None,
        )

    async def _keep_count(
        self, account: Cared, post: Post, reading: Reading, sifted: Sifted
    ) -> None:
        await coverage.keep_count(
            self.db,
            account.id,
            account.workspace_id,
            post.media_id,
            readable=reading.readable + sifted.readable,
            stored=reading.stored + sifted.stored,
        )


def told(posts: int, sifted: Sifted) -> dict[str, Any]:
    """Return a run's figures, as they are kept with its job."""
    return {
        "posts": posts,
        "readable": sifted.readable,
        "stored": sifted.stored,
        "missed": sifted.missed,
        "new": sifted.new,
        "whole": sifted.whole,
    }
