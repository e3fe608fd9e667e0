"""The media picker: an account's posts as Instagram shows them, and what we know of each."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.control.caretaker.access import is_dead
from services.control.caretaker.job import TokenMissing
from services.control.instagram.desk import Admitted, AtDesk, Ours, apart
from services.control.instagram.picking import Picking
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Declined, conflict, not_found
from switchboard.db import accounts, coverage
from switchboard.db.accounts import Account
from switchboard.db.acting import acting_as
from switchboard.db.coverage import Coverage
from switchboard.errors import Throttled
from switchboard.graph import GraphFailure, Media, MediaPage

router = apart("accounts")

_CURSORS = Cursors[str](str)  # Meta's own, of which we know nothing
_RECONNECT: Final = "Instagram no longer lets us in for this account: connect it again."


class PostCoverage(BaseModel):
    """How many of a post's comments of the last seven days are known."""

    readable: int = Field(description="Those of other people that Instagram shows.")
    stored: int = Field(description="Those of them that we have.")
    missed: int = Field(description="How many were ever found by reading alone.")
    counted_at: datetime | None

    @classmethod
    def of(cls, known: Coverage) -> Self:
        """Return it as callers see it."""
        return cls(
            readable=known.readable,
            stored=known.stored,
            missed=known.missed,
            counted_at=known.counted_at,
        )


class Post(BaseModel):
    """A post of an account's. What Instagram does not tell is null."""

    media_id: str
    posted_at: datetime | None
    product_type: str | None = Field(description="FEED, REELS, STORY or AD.")
    media_type: str | None = Field(description="IMAGE, VIDEO or CAROUSEL_ALBUM.")
    caption: str | None
    permalink: str | None
    picture_url: str | None = Field(description="Instagram's own address; good for some days.")
    comments: int | None = Field(description="As Instagram counts them, of all times.")
    coverage: PostCoverage | None = Field(description="Null: its comments were never read.")

    @classmethod
    def of(cls, post: Media, known: Coverage | None) -> Self:
        """Return it as callers see it."""
        return cls(
            media_id=post.media_id,
            posted_at=post.posted_at,
            product_type=post.product_type,
            media_type=post.media_type,
            caption=post.caption,
            permalink=post.permalink,
            picture_url=post.picture_url,
            comments=post.comments,
            coverage=None if known is None else PostCoverage.of(known),
        )


@router.get("/accounts/{account_id}/media")
async def list_media(
    account_id: UUID,
    caller: Admitted,
    ours: Ours,
    desk: AtDesk,
    *,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Post]:
    """
    List an account's posts, the newest first, as Instagram shows them now.

    A page may have fewer than `limit`, and still not be the last.
    """
    after = _CURSORS.read(cursor)
    async with acting_as(ours, caller.claims(), view=True) as tx:
        _require_connected(await accounts.find(tx, account_id))
    found = await _ask(desk.picking, account_id, after=after, limit=limit)
    async with acting_as(ours, caller.claims(), view=True) as tx:
        posts = [one.media_id for one in found.media]
        known = await coverage.of_posts(tx, account_id, posts)
    return Page(
        items=[Post.of(one, known.get(one.media_id)) for one in found.media],
        next_cursor=None if found.after is None else _CURSORS.write(found.after),
    )


def _require_connected(account: Account | None) -> None:
    if account is None:
        raise not_found("account")
    if account.status == "disconnected":
        raise conflict("The account is disconnected: connect it again.")
    if account.status != "connected":
        raise conflict(_RECONNECT)


async def _ask(picking: Picking, account: UUID, *, after: str | None, limit: int) -> MediaPage:
    """
    Ask Instagram for a page.

    Raises:
        Declined: It does not give it; `detail` says what is to be done.
    """
    try:
        return await picking.page(account, after=after, limit=limit)
    except TokenMissing:
        raise conflict(_RECONNECT) from None
    except Throttled as throttled:
        raise Declined(
            "unavailable",
            "Instagram, or our own limit, lets nothing more be asked for this account just now.",
            retry_after_s=throttled.after_s,
        ) from throttled
    except GraphFailure as failure:
        if is_dead(failure):
            raise conflict(_RECONNECT) from failure
        raise conflict(f"Instagram refuses: {failure.why.meaning}.") from failure
