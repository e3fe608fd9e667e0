"""Readings of a post's comments that have not come to their end, so that the next run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.contracts import CommentId, MediaId
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Answers under a comment that are still to be read, from `after` on; `None`: all of them."""

    comment_id: CommentId
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    A reading that began at `began_at`, goes on at the page `after` (`None`: the newest), and ends
    at `floor`.

    First the `threads` are read that its pages had no room for; when no pages are left
    (`all_pages`), they are all that is. `to_the_end`: pages that are older than `floor` are read as
    well, for what has been answered on them since. Until now it has seen so many comments that are
    `readable`, and of these so many `stored`. Its last page was read at `read_at`.
    """

    floor: datetime
    began_at: datetime
    after: str | None = None
    threads: tuple[Thread, ...] = ()
    all_pages: bool = False
    to_the_end: bool = False
    readable: int = 0
    stored: int = 0
    read_at: datetime | None = None

    @property
    def is_begun(self) -> bool:
        """Whether anything of the post has been read."""
        return self.after is not None or self.all_pages

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be read."""
        return self.all_pages and not self.threads


async def unfinished(db: Queryable, account: UUID, job: str) -> Mapping[MediaId, Reading]:
    """Return a job's readings of an account's posts, the one that has waited longest first."""
    rows = await db.fetch(_UNFINISHED, account, job)
    return {
        MediaId(row["media_id"]): Reading(
            floor=row["floor_at"],
            began_at=row["began_at"],
            after=row["after"],
            threads=tuple(_thread(one) for one in row["threads"]),
            all_pages=row["all_pages"],
            to_the_end=row["to_the_end"],
            readable=row["readable"],
            stored=row["stored"],
            read_at=row["read_at"],
        )
        for row in rows
    }


async def keep(
    db: Queryable, account: UUID, job: str, posts: Sequence[MediaId], reading: Reading
) -> None:
    """Keep that each of `posts` has been read as far as `reading` says."""
    await db.execute(
        _KEEP,
        account,
        job,
        list(posts),
        reading.after,
        reading.floor,
        reading.began_at,
        reading.readable,
        reading.stored,
        [{"comment_id": one.comment_id, "after": one.after} for one in reading.threads],
        reading.all_pages,
        reading.to_the_end,
    )


async def end(db: Queryable, account: UUID, job: str, post: MediaId) -> None:
    """Forget a reading; the next one begins at the newest comment."""
    await db.execute(_END, account, job, post)


def _thread(kept: Mapping[str, Any]) -> Thread:
    return Thread(comment_id=CommentId(kept["comment_id"]), after=kept["after"])


_UNFINISHED = """
select media_id, after, threads, all_pages, to_the_end, floor_at, began_at, readable, stored,
       read_at
  from private.comment_readings
 where account_id = $1 and job = $2
 order by read_at, media_id
"""

_KEEP = """
insert into private.comment_readings (
  account_id, job, media_id, after, floor_at, began_at, readable, stored, threads, all_pages,
  to_the_end, read_at)
select $1, $2, media_id, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, clock_timestamp()
  from unnest($3::text[]) with ordinality as post (media_id, place)
 order by place
on conflict (account_id, job, media_id) do update
   set after = excluded.after, floor_at = excluded.floor_at, began_at = excluded.began_at,
       readable = excluded.readable, stored = excluded.stored, threads = excluded.threads,
       all_pages = excluded.all_pages, to_the_end = excluded.to_the_end,
       read_at = excluded.read_at
"""

_END = """
delete from private.comment_readings where account_id = $1 and job = $2 and media_id = $3
"""
