"""
What was written, as Meta shows it when asked: conversations, and what stands under a comment. Pure.

Read tolerantly: what Meta left out is `None`, and what cannot be read is not there. Meta shows the
20 newest messages of a conversation; of older ones it tells no more than that they exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from switchboard.contracts import PersonId
from switchboard.graph.answers import Said, read_id, read_next
from switchboard.graph.failures import GraphFailure
from switchboard.graph.reading import read_moment
from switchboard.rules.wording import Attached, Told, attachment

MOST_MESSAGES: Final = 20
REPLY_FIELDS: Final = "id,text,timestamp,from,username"
_MESSAGE_FIELDS: Final = "id,created_time,from,to,message,attachments"
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message or a comment: who wrote it, by id and name, when, and what is told of it."""

    id: str
    at: datetime | None
    author_id: str | None
    author_name: str | None
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """
    A conversation: those who are in it, and its newest messages.

    `whole`: there are no others. `updated_at` is when something was last said in it.
    """

    people: tuple[PersonId, ...]
    updated_at: datetime | None
    messages: tuple[Written, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Threads:
    """A page of conversations, the latest first: the `last` one, or the next begins at `after`."""

    threads: tuple[Thread, ...]
    last: bool
    after: str | None
    said: Said


@dataclass(frozen=True, slots=True)
class Replies:
    """A page of what stands under a comment: the `last` one, or the next begins at `after`."""

    replies: tuple[Written, ...]
    last: bool
    after: str | None
    said: Said


def thread_fields(messages: int) -> str:
    """Return what is asked of each conversation, with so many of its newest messages."""
    return f"updated_time,participants,messages.limit({messages}){{{_MESSAGE_FIELDS}}}"


def read_threads(body: Mapping[str, Any], said: Said, *, messages: int) -> Threads | None:
    """Return the conversations in `body`, of whose messages so many were asked for."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    threads = tuple(_thread(one, messages) for one in data if isinstance(one, dict))
    return Threads(threads, *_next(body), said)


def read_replies(body: Mapping[str, Any], said: Said) -> Replies | None:
    """Return the comments in `body`."""
    data = body.get("data")
    if not isinstance(data, list):
        return None
    replies = tuple(_written(data, text="text", at="timestamp"))
    return Replies(replies, *_next(body), said)


def wants_less(failure: GraphFailure) -> bool:
    """
    Whether a read was refused for its size: it is to be asked for in smaller pages.

    Meta says "reduce the amount of data" in words, which it translates; by its numbers it is code 1
    with HTTP 500, and nothing else that a read is answered with is.
    """
    return failure.said.http_status == _SERVER_ERROR and failure.said.code == 1


def _thread(found: Mapping[str, Any], messages: int) -> Thread:
    listed = found.get("messages")
    listed = listed if isinstance(listed, dict) else {}
    data = listed.get("data")
    data = data if isinstance(data, list) else []
    return Thread(
        people=tuple(_people(found.get("participants"))),
        updated_at=read_moment(found.get("updated_time")),
        messages=tuple(_written(data, text="message", at="created_time")),
        whole=len(data) < messages and _next(listed)[0],
    )


def _people(found: object) -> Iterator[PersonId]:
    data = found.get("data") if isinstance(found, dict) else None
    for one in data if isinstance(data, list) else []:
        person_id = read_id(one, "id") if isinstance(one, dict) else None
        if person_id is not None:
            yield PersonId(person_id)


def _written(data: list[Any], *, text: str, at: str) -> Iterator[Written]:
    for one in data:
        written_id = read_id(one, "id") if isinstance(one, dict) else None
        if written_id is None:
            continue
        author = one.get("from")
        author = author if isinstance(author, dict) else {}
        yield Written(
            id=written_id,
            at=read_moment(one.get(at)),
            author_id=read_id(author, "id"),
            author_name=_text(author.get("username")) or _text(one.get("username")),
            told=_told(one, text),
        )


def _told(found: Mapping[str, Any], text: str) -> Told:
    listed = found.get("attachments")
    data = listed.get("data") if isinstance(listed, dict) else None
    attached = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    words = [_text(found.get(text)), *(_words(one) for one in attached)]
    kinds = frozenset(kind for one in attached for kind in _kinds(one))
    return Told(next((one for one in words if one is not None), None), kinds)


def _kinds(attached: Mapping[str, Any]) -> Iterator[Attached]:
    """Yield what an attachment is: as it is called, as what of it is there, or as its file is."""
    mime_type = str(attached.get("mime_type") or "").partition("/")[0]
    names = [str(attached.get("type") or ""), mime_type, *attached]
    known = {attachment(name) for name in names} - {"unknown"}
    yield from known or {"unknown"}


def _words(attached: Mapping[str, Any]) -> str | None:
    """Return the text of a template, where it is told."""
    for inside in (attached.get("payload"), attached.get("generic_template")):
        if isinstance(inside, dict):
            return _text(inside.get("text")) or _text(inside.get("title"))
    return None


def _next(body: Mapping[str, Any]) -> tuple[bool, str | None]:
    """
    Return whether this is the last page, and where the next one begins.

    Meta may say that there is another and not where: that page is not the last.
    """
    paging = body.get("paging")
    is_last = not isinstance(paging, dict) or not paging.get("next")
    return is_last, read_next(body)


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found.strip() else None
