"""
Meta's answers, read tolerantly: what was done, or what was said instead.

An answer is read by what is in it and never by its HTTP status alone; whatever cannot be read is
`None`, and the caller decides what not knowing means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from switchboard.contracts import AttachmentId, CommentId, MessageId, PersonId

_APP_USAGE: Final = "X-App-Usage"
_ACCOUNT_USAGE: Final = "X-Business-Use-Case-Usage"
_TRACE: Final = "X-FB-Trace-ID"
_SHARES: Final = ("call_count", "total_cputime", "total_time")


@dataclass(frozen=True, slots=True)
class Usage:
    """
    How much of Meta's budgets is spent.

    `percent` is the fullest of all that were named: 100 and Meta refuses. `regain_after_s` is how
    long Meta says it will go on refusing; 0 while it does not. `app_percent` is the fullest of the
    app's own, which every account spends.

    Source: Meta, "Rate limits": figures are percentages, the time to regain access is in minutes.
    """

    percent: float = 0.0
    regain_after_s: float = 0.0
    app_percent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    What came back, whatever it meant. `code` is absent where no error could be read.

    `transient` is what Meta itself thinks of its error, which it seldom says: a hint, no more.
    """

    http_status: int | None = None
    code: int | None = None
    subcode: int | None = None
    transient: bool | None = None
    trace_id: str | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Sent:
    """Meta took a message. `recipient_id` is the person, whom a private reply makes known."""

    message_id: MessageId
    recipient_id: PersonId | None
    said: Said


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Meta has fetched a file, and keeps it for the account under this id."""

    attachment_id: AttachmentId
    said: Said


@dataclass(frozen=True, slots=True)
class Posted:
    """Meta took a public reply."""

    comment_id: CommentId
    said: Said


def read_json(body: bytes) -> Mapping[str, Any]:
    """Return the object in `body`; empty if there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_said(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> Said:
    """Return what an answer says about itself."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    trace_id = error.get("fbtrace_id") or headers.get(_TRACE)
    transient = error.get("is_transient")
    return Said(
        http_status=status,
        code=_int(error.get("code")),
        subcode=_int(error.get("error_subcode")),
        transient=transient if isinstance(transient, bool) else None,
        trace_id=trace_id if isinstance(trace_id, str) else None,
        usage=read_usage(headers),
    )


def read_id(body: Mapping[str, Any], name: str) -> str | None:
    """Return the id called `name`, as text; Meta also writes ids as numbers."""
    match body.get(name):
        case bool():
            return None
        case str() | int() as found if found != "":
            return str(found)
        case _:
            return None


def read_next(body: Mapping[str, Any]) -> str | None:
    """
    Return where a list's next page begins; `None` if this is the last one, or Meta does not say.

    Source: Meta, "Paginated results": the last page is the one without `next`.
    """
    paging = body.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after.strip() else None


def read_usage(headers: Mapping[str, str]) -> Usage:
    """Return what both usage headers say, the worst of everything they name."""
    apps = read_json(headers.get(_APP_USAGE, "").encode())
    found = [apps, *_account_usage(headers)]
    minutes = [_figure(usage.get("estimated_time_to_regain_access")) for usage in found]
    return Usage(max(map(_fullest, found)), max(minutes) * 60, _fullest(apps))


def _account_usage(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for usages in read_json(headers.get(_ACCOUNT_USAGE, "").encode()).values():
        if isinstance(usages, list):
            yield from (usage for usage in usages if isinstance(usage, dict))


def _fullest(usage: Mapping[str, Any]) -> float:
    return max(_figure(usage.get(name)) for name in _SHARES)


def _figure(found: object) -> float:
    """Return a figure that is there and makes sense, else 0."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0.0
    return float(found) if 0 <= found < float("inf") else 0.0


def _int(found: object) -> int | None:
    """Return a whole number, also one that was written as text."""
    match found:
        case bool():
            return None
        case int():
            return found
        case str():
            try:
                return int(found)
            except ValueError:
                return None
        case _:
            return None
