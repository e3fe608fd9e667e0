"""Removing what nobody asks for any more, of all tenants. As `switchboard_caretaker`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """
    How many were removed of each, and how many deletions name nobody now.

    `forgotten`: erasings from before which nothing can come any more. `comment_readings`: those
    that nobody has gone on with for a week, of accounts that were left for instance.
    """

    login_states: int = 0
    idempotency_keys: int = 0
    deletion_requests: int = 0
    forgotten: int = 0
    comment_readings: int = 0

    def __add__(self, other: Tidied) -> Tidied:
        """Return both together."""
        mine, theirs = asdict(self), asdict(other)
        return Tidied(**{name: mine[name] + theirs[name] for name in mine})

    def fills(self, most: int) -> bool:
        """Return whether more may be left of something of which `most` were removed."""
        return any(count >= most for count in asdict(self).values())


async def tidy(db: Queryable, *, most: int) -> Tidied:
    """Remove at most so many of each."""
    row = await db.fetchrow(_TIDY, most)
    assert row is not None  # an aggregate has one row
    return Tidied(**{name: row[name] for name in Tidied.__slots__})


_TIDY = """
with left_reading as (
  select account_id, job, media_id
    from private.comment_readings
   where read_at < now() - interval '7 days'
   limit $1::int
), gone_reading as (
  delete from private.comment_readings reading
   using left_reading old
   where (reading.account_id, reading.job, reading.media_id)
         = (old.account_id, old.job, old.media_id)
  returning 1
)
select tidied.*, private.tidy_forgotten($1) as forgotten,
       (select count(*) from gone_reading) as comment_readings
  from private.tidy($1) tidied
"""
