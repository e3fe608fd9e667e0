"""Comments, live comments and mentions: values of `changes[]`."""

from __future__ import annotations

from typing import Any

from services.ingress.normalise.origin import Origin
from services.ingress.reading import (
    Json,
    NotThisShape,
    id_in,
    inner,
    object_in,
    required_id,
    text_in,
    trimming,
)
from switchboard.contracts import (
    CommentId,
    CommentWritten,
    LiveCommentWritten,
    MediaId,
    Mentioned,
    PersonId,
)


def comment(value: Json, origin: Origin) -> CommentWritten:
    """Return the comment under a post, reel, story or ad."""
    return CommentWritten(**_comment(value, origin))


def live_comment(value: Json, origin: Origin) -> LiveCommentWritten:
    """Return the comment during a broadcast."""
    return LiveCommentWritten(**_comment(value, origin))


def mention(value: Json, origin: Origin) -> Mentioned:
    """Return the mention in a caption, or in a comment if it names one."""
    media_id = id_in(value, "media_id") or id_in(inner(value, "media"), "id")
    if media_id is None:
        raise NotThisShape("media_id")
    comment_id = id_in(value, "comment_id")
    return Mentioned(
        **origin.shared(value),
        media_id=MediaId(media_id),
        comment_id=CommentId(comment_id) if comment_id else None,
    )


def _comment(value: Json, origin: Origin) -> dict[str, Any]:
    """
    Return the fields of a comment.

    It is the account's own if its author is the account, or if Meta adds the author's
    self-scoped id. Meta's Facebook-login sample writes `comment_id` for `id`.
    """
    author, media = object_in(value, "from"), inner(value, "media")
    author_id = required_id(author, "id")
    return {
        **origin.shared(value),
        "comment_id": CommentId(required_id(value, "id", "comment_id")),
        "author_id": PersonId(author_id),
        "author_username": trimming(author, "username"),
        "own": author_id == origin.account_id or id_in(author, "self_ig_scoped_id") is not None,
        "text": text_in(value, "text"),
        "media_id": id_in(media, "id") or id_in(value, "media_id"),
        "media_product_type": trimming(media, "media_product_type"),
        "original_media_id": id_in(media, "original_media_id"),
        "ad_id": id_in(media, "ad_id"),
        "ad_title": trimming(media, "ad_title"),
        "parent_id": id_in(value, "parent_id"),
    }
