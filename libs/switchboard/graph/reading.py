"""What Meta tells when asked: of a person, and of an account's posts. Read tolerantly; pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from switchboard.contracts import MediaId, PublishedPost
from switchboard.graph.answers import Said, read_id

PROFILE_FIELDS: Final = "name,username,is_user_follow_business"
POST_FIELDS: Final = "id,timestamp"
MOST_POSTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    A person, as they show themselves. What Meta left out is `None`; `follows` then is unknown.

    Source: Meta, "User profile": a name may be null.
    """

    name: str | None
    username: str | None
    follows: bool | None
    said: Said


@dataclass(frozen=True, slots=True)
class Posts:
    """An account's latest posts, newest first."""

    posts: tuple[PublishedPost, ...]
    said: Said


def read_profile(body: Mapping[str, Any], said: Said) -> Profile:
    """Return the profile in `body`, which Meta sometimes wraps in a list."""
    wrapped = body.get("data")
    found = body
    if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict):
        found = wrapped[0]
    follows = found.get("is_user_follow_business")
    return Profile(
        name=_text(found.get("name")),
        username=_text(found.get("username")),
        follows=follows if isinstance(follows, bool) else None,
        said=said,
    )


def read_posts(body: Mapping[str, Any], said: Said) -> Posts | None:
    """Return the posts in `body`, leaving out what cannot be read; `None` if there is no list."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    posts = sorted(_posts(data), key=lambda post: post.posted_at, reverse=True)
    return Posts(tuple(posts), said)


def _posts(data: list[Any]) -> Iterator[PublishedPost]:
    for one in data:
        if not isinstance(one, dict):
            continue
        media_id, posted_at = read_id(one, "id"), read_moment(one.get("timestamp"))
        if media_id is not None and posted_at is not None:
            yield PublishedPost(media_id=MediaId(media_id), posted_at=posted_at)


def read_moment(written: object) -> datetime | None:
    """Read `2026-01-02T03:04:05+0000`, as Meta writes times in answers."""
    if not isinstance(written, str):
        return None
    with contextlib.suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(written)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    return None


def _text(found: object) -> str | None:
    """Return a text that says something, without what surrounds it."""
    return found.strip() or None if isinstance(found, str) else None
