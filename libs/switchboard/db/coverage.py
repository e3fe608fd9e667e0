"""How many of a post's comments we know of, and from where on they need not be read again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.contracts import MediaId, WorkspaceId
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    What is known of a post: Meta's count when it was last read, and up to when all of it is.

    `counted_told` is Meta's count when it was last begun to be counted.
    """

    told: int | None
    grounded_at: datetime | None
    counted_told: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """
    A post's comments: `told` is Meta's count of all, `readable` those of other people in the last
    seven days that it shows, `stored` how many of these are in the ledger, `missed` how many were
    ever found by reading alone.
    """

    media_id: MediaId
    told: int | None
    readable: int
    stored: int
    missed: int
    counted_at: datetime | None


async def grounds(db: Queryable, account: UUID) -> Mapping[MediaId, Ground]:
    """Return what is known of each of the account's posts that was ever read."""
    rows = await db.fetch(_GROUNDS, account)
    return {
        MediaId(row["media_id"]): Ground(
            told=row["told"], grounded_at=row["grounded_at"], counted_told=row["counted_told"]
        )
        for row in rows
    }


async def keep_ground(
    db: Queryable,
    account: UUID,
    workspace: WorkspaceId,
    media: MediaId,
    *,
    told: int | None,
    missed: int,
    grounded_at: datetime | None,
) -> None:
    """
    Keep that a post was read, and that `missed` comments were found.

    `grounded_at` is given if it was read down to known ground, and never goes back.
    """
    await db.execute(_KEEP, account, workspace, media, told, missed, grounded_at)


async def keep_count(
    db: Queryable,
    account: UUID,
    workspace: WorkspaceId,
    media: MediaId,
    *,
    readable: int,
    stored: int,
) -> None:
    """Keep that so many comments can be read, and how many of them are in the ledger."""
    await db.execute(_COUNT, account, workspace, media, readable, stored)


async def keep_told(
    db: Queryable, account: UUID, workspace: WorkspaceId, told: Mapping[MediaId, int]
) -> None:
    """Keep how many comments Meta counts of each post, now that they begin to be counted."""
    await db.execute(_TOLD, account, workspace, list(told), list(told.values()))


async def of_account(db: Queryable, account: UUID) -> Sequence[Coverage]:
    """Return the coverage of the account's posts, the last counted first."""
    rows = await db.fetch(_COVERAGE, account)
    return [Coverage(**{name: row[name] for name in Coverage.__slots__}) for row in rows]


async def of_posts(
    db: Queryable, account: UUID, posts: Collection[MediaId]
) -> Mapping[MediaId, Coverage]:
    """Return what is known of some of the account's posts, by post."""
    rows = await db.fetch(_OF_POSTS, account, list(posts))
    found = (Coverage(**{name: row[name] for name in Coverage.__slots__}) for row in rows)
    return {one.media_id: one for one in found}


_GROUNDS = """
select media_id, told, grounded_at, counted_told from public.post_coverage where account_id = $1
"""

_TOLD = """
insert into public.post_coverage (account_id, workspace_id, media_id, counted_told)
select $1, $2, post.media_id, post.told
  from unnest($3::text[], $4::int[]) as post (media_id, told)
on conflict (account_id, media_id) do update set counted_told = excluded.counted_told
"""

_KEEP = """
insert into public.post_coverage as known (
  account_id, workspace_id, media_id, told, missed, grounded_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (account_id, media_id) do update
   set told = coalesce(excluded.told, known.told),
       missed = known.missed + excluded.missed,
       grounded_at = greatest(known.grounded_at, excluded.grounded_at)
"""

_COUNT = """
insert into public.post_coverage as known (
  account_id, workspace_id, media_id, readable, stored, counted_at)
values ($1, $2, $3, $4, $5, now())
on conflict (account_id, media_id) do update
   set readable = excluded.readable, stored = excluded.stored, counted_at = now()
"""

_COVERAGE = """
select media_id, told, readable, stored, missed, counted_at
  from public.post_coverage
 where account_id = $1
 order by counted_at desc nulls last, media_id
"""

_OF_POSTS = """
select media_id, told, readable, stored, missed, counted_at
  from public.post_coverage
 where account_id = $1 and media_id = any ($2::text[])
"""
