"""What was sent along with a message."""

from __future__ import annotations

from typing import Any, Final

from services.ingress.reading import Json, id_in, inner, trimming
from switchboard.contracts import Attachment, MediaId


def attachments(told: Json) -> tuple[Attachment, ...]:
    """
    Return what came with the message; a type we do not know is kept by its name.

    A shared post may be told twice, as `share` and as `ig_post` with one media id; it counts once.
    Source: Meta, changelog of November 2025: both are sent until `share` is removed.
    """
    listed = told.get("attachments") or []
    found = [_attachment(one) for one in (listed if isinstance(listed, list) else [listed])]
    posts = {one.media_id for one in found if one.type == "ig_post" and one.media_id}
    return tuple(one for one in found if not (one.type == "share" and one.media_id in posts))


def _attachment(told: Any) -> Attachment:
    if not isinstance(told, dict):
        return Attachment(type="unknown")
    payload = inner(told, "payload")
    media_id = id_in(payload, *_MEDIA_IDS)
    return Attachment(
        type=trimming(told, "type") or "unknown",
        url=trimming(payload, "url") or trimming(told, "url"),
        media_id=MediaId(media_id) if media_id else None,
        title=trimming(payload, "title") or trimming(told, "title"),
    )


# What Meta calls the media of a shared post, reel and story.
_MEDIA_IDS: Final = ("ig_post_media_id", "reel_video_id", "story_media_id")
