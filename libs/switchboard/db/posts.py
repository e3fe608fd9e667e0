"""When posts were published: what a campaign for the next post goes by."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from switchboard.contracts import PublishedPost, WorkspaceId
from switchboard.db.pool import Queryable


async def keep(
    db: Queryable, account: UUID, workspace: WorkspaceId, posts: Sequence[PublishedPost]
) -> None:
    """
    Keep when `account`'s `posts` were published; what is known already stays as it is.

    Raises:
        Unavailable: The database is away; nothing was kept.
    """
    if posts:
        ids = [post.media_id for post in posts]
        await db.execute(_KEEP, account, workspace, ids, [post.posted_at for post in posts])


_KEEP = """
insert into public.posts (account_id, workspace_id, media_id, posted_at)
select $1, $2, media_id, posted_at
  from unnest($3::text[], $4::timestamptz[]) as post (media_id, posted_at)
 order by media_id
on conflict do nothing
"""
