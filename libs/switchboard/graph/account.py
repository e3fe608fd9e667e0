"""
What Meta tells of an account that its owner has connected: who it is, what is sent to us, its posts
and what stands under them. Read tolerantly; pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from switchboard.contracts import AccountId, CommentId, MediaId, PersonId
from switchboard.graph.answers import Said, read_id, read_next
from switchboard.graph.reading import read_moment

ME_FIELDS: Final = "id,user_id,username,account_type"
MEDIA_FIELDS: Final = "id,timestamp,media_product_type,permalink,comments_count"
# With what people know a post by.
SHOWN_FIELDS: Final = f"{MEDIA_FIELDS},caption,media_type,media_url,thumbnail_url"
_COMMENT_FIELDS: Final = "id,text,timestamp,username,from,parent_id"
ANSWER_FIELDS: Final = f"{_COMMENT_FIELDS},media"
COMMENT_FIELDS: Final = f"{ANSWER_FIELDS},replies.limit(50){{{_COMMENT_FIELDS}}}"
_FILM: Final = "VIDEO"
MOST_MEDIA: Final = 100  # on a page; Meta, "IG User Media"
MOST_COMMENTS: Final = 50  # on a page; Meta, "IG Media Comments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """
    Whose token it is.

    `account_id` is what webhooks carry as `entry[].id`; `app_scoped_id` is what Meta calls the
    account towards our app alone, when it is removed or wants its data deleted.
    """

    account_id: AccountId
    app_scoped_id: str | None
    username: str
    account_type: str | None
    said: Said


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which webhook fields Meta sends us of an account; empty: it sends nothing."""

    fields: frozenset[str]
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """
    A post. `comments` is how many Meta counts, those on its ads aside.

    `picture_url` is Meta's own address of a still picture, and good for some days. It, the caption
    and the type are known only if they were asked for (`SHOWN_FIELDS`).
    """

    media_id: MediaId
    posted_at: datetime | None
    product_type: str | None
    permalink: str | None
    comments: int | None
    caption: str | None = None
    media_type: str | None = None
    picture_url: str | None = None


@dataclass(frozen=True, slots=True)
class MediaPage:
    """A page of an account's posts, newest first; the next one begins at `after`, if there is."""

    media: tuple[Media, ...]
    after: str | None
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentSeen:
    """
    A comment as Meta shows it when asked.

    `author_id` may be missing: then nobody can be answered. It may be the account's own.
    """

    comment_id: CommentId
    written_at: datetime
    author_id: PersonId | None
    author_username: str | None
    text: str | None
    parent_id: CommentId | None
    media_product_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreAnswers:
    """
    What answers a comment and was not shown with it, from `after` on; `None`: all that does.

    `shown_to`: what was shown goes back so far; `None`: it cannot be told.
    """

    comment_id: CommentId
    after: str | None = None
    shown_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommentPage:
    """
    A page of what stands under a post, newest first, each comment followed by what answers it; or
    a page of what answers one.

    `oldest_at`: the page goes back so far; `None`: that cannot be told. Of a post it is when the
    last comment was written that answers nobody. Meta does not say how answers are sorted: they are
    believed to come newest first only where that can be seen. `more`: what did not fit under the
    page's comments.
    """

    comments: tuple[CommentSeen, ...]
    oldest_at: datetime | None
    after: str | None
    said: Said
    more: tuple[MoreAnswers, ...] = ()


def read_me(body: Mapping[str, Any], said: Said) -> Me | None:
    """Return whose token it is; Meta sometimes wraps it in a list. `None` if it does not say."""
    found = unwrapped(body)
    account_id, username = read_id(found, "user_id"), found.get("username")
    if account_id is None or not isinstance(username, str) or not username:
        return None
    return Me(
        account_id=AccountId(account_id),
        app_scoped_id=read_id(found, "id"),
        username=username,
        account_type=_text(found.get("account_type")),
        said=said,
    )


def read_subscription(body: Mapping[str, Any], said: Said) -> Subscription | None:
    """Return which fields any app that we may see is sent; an account shows us ours alone."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    listed = (one.get("subscribed_fields") for one in data if isinstance(one, dict))
    fields = (name for names in listed if isinstance(names, list) for name in names)
    return Subscription(frozenset(name for name in map(_field, fields) if name), said)


def read_media(body: Mapping[str, Any], said: Said) -> MediaPage | None:
    """Return the posts in `body`; `None` if there is no list."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    media = tuple(_media(one) for one in data if isinstance(one, dict) and read_id(one, "id"))
    return MediaPage(media, read_next(body), said)


def read_comments(body: Mapping[str, Any], said: Said) -> CommentPage | None:
    """Return the comments in `body`, leaving out what has no id or no moment."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    comments = tuple(_comments(data))
    top = [one.written_at for one in _comments(data, with_replies=False)]
    oldest_at = min(top, default=None)
    return CommentPage(comments, oldest_at, read_next(body), said, tuple(_more(data)))


def read_answers(body: Mapping[str, Any], said: Said, under: CommentId) -> CommentPage | None:
    """Return the comments in `body`, which are answers; as `read_comments`."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    found = tuple(_under(under, None, one) for one in _comments(data, with_replies=False))
    return CommentPage(found, _goes_back_to(found), read_next(body), said)


def unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object in `body`, which Meta's pages show in a list and its servers seldom do."""
    data = body.get("data")
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return data[0]
    return body


def _media(one: Mapping[str, Any]) -> Media:
    count = one.get("comments_count")
    return Media(
        media_id=MediaId(read_id(one, "id") or ""),
        posted_at=read_moment(one.get("timestamp")),
        product_type=_text(one.get("media_product_type")),
        permalink=_text(one.get("permalink")),
        comments=count if isinstance(count, int) and not isinstance(count, bool) else None,
        caption=_text(one.get("caption")),
        media_type=_text(one.get("media_type")),
        picture_url=_picture(one),
    )


def _picture(one: Mapping[str, Any]) -> str | None:
    """Return a still picture: a film's `media_url` is the film. Meta, "IG Media"."""
    still = _text(one.get("thumbnail_url"))
    return still if one.get("media_type") == _FILM else still or _text(one.get("media_url"))


def _comments(data: list[Any], *, with_replies: bool = True) -> Iterator[CommentSeen]:
    for one in data:
        comment = _comment(one) if isinstance(one, dict) else None
        if comment is None:
            continue
        yield comment
        if with_replies:
            product_type = comment.media_product_type
            for reply in _answers(one):
                yield _under(comment.comment_id, product_type, reply)


def _answers(comment: Mapping[str, Any]) -> Iterator[CommentSeen]:
    replies = _object(comment.get("replies")).get("data")
    yield from _comments(replies, with_replies=False) if isinstance(replies, list) else ()


def _more(data: list[Any]) -> Iterator[MoreAnswers]:
    for one in filter(_comment, (one for one in data if isinstance(one, dict))):
        listed = _object(one.get("replies"))
        if _object(listed.get("paging")).get("next"):
            yield MoreAnswers(
                comment_id=CommentId(read_id(one, "id") or ""),
                after=read_next(listed),
                shown_to=_goes_back_to(tuple(_answers(one))),
            )


def _goes_back_to(answers: Sequence[CommentSeen]) -> datetime | None:
    moments = [one.written_at for one in answers]
    newest_first = moments == sorted(moments, reverse=True) and moments[:1] != moments[-1:]
    return moments[-1] if newest_first else None


def _comment(one: Mapping[str, Any]) -> CommentSeen | None:
    comment_id, written_at = read_id(one, "id"), read_moment(one.get("timestamp"))
    if comment_id is None or written_at is None:
        return None
    author, media = _object(one.get("from")), _object(one.get("media"))
    author_id, parent_id = read_id(author, "id"), read_id(one, "parent_id")
    return CommentSeen(
        comment_id=CommentId(comment_id),
        written_at=written_at,
        author_id=None if author_id is None else PersonId(author_id),
        author_username=_text(author.get("username")) or _text(one.get("username")),
        text=_text(one.get("text")),
        parent_id=None if parent_id is None else CommentId(parent_id),
        media_product_type=_text(media.get("media_product_type")),
    )


def _under(comment_id: CommentId, product_type: str | None, reply: CommentSeen) -> CommentSeen:
    """Return `reply` as what it is: under a comment, though Meta did not repeat that."""
    return replace(
        reply,
        parent_id=reply.parent_id or comment_id,
        media_product_type=product_type or reply.media_product_type,
    )


def _field(found: object) -> str | None:
    """Return a field's name; Meta's older answers have it in an object."""
    return _text(found.get("name")) if isinstance(found, dict) else _text(found)


def _object(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found.strip() else None
