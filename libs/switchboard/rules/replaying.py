"""
Deciding a stored event again, by what its decision says it was decided by.

The same event, contact, answer, rules and moment give the same decision. What was stored is
`jsonb`, which keeps neither the order of keys nor white space; so two decisions are the same bytes
when their canonical JSON is: keys sorted, no white space, moments in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from switchboard.contracts import (
    INBOUND_EVENT,
    Answer,
    AnyAnswer,
    CampaignId,
    InboundEvent,
    IntentOption,
    MediaId,
)
from switchboard.contracts.questions import FollowerRead, PostsRead
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import CONTACT, Contact, Origin
from switchboard.rules.decide import decide
from switchboard.rules.decision import Decision
from switchboard.rules.rulebook import AccountSettings, RuleBook, compile_rules

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same: where in the decision, as stored, and as decided again."""

    path: str
    stored: Any
    again: Any


@dataclass(frozen=True, slots=True)
class Stored:
    """What a stored decision was decided by, read; `now` is when it was."""

    event: InboundEvent
    contact: Contact
    answer: AnyAnswer | Origin | None
    now: datetime


def read(event: Json, decision: Json) -> Stored:
    """
    Return what `decision` about `event` was decided by.

    Raises:
        ValueError: It cannot be read; `can_be_decided_again` says of which that is no wonder.
    """
    happened = INBOUND_EVENT.validate_python(event)
    now = _MOMENT.validate_python(decision["decided_at"])
    return Stored(
        event=happened,
        contact=CONTACT.validate_python(decision.get("contact") or {}),
        answer=answer_of(happened, decision, now),
        now=now,
    )


def can_be_decided_again(decision: Json) -> bool:
    """
    Tell whether rules decided it, and whether it says by what.

    Events of accounts that nobody has connected are recorded without; and a release before
    contacts were kept did not store the contact.
    """
    return decision.get("rules_version") is not None and "contact" in decision


def again(event: Json, decision: Json, book: RuleBook) -> Decision:
    """
    Return what `event` gets when it is decided again by `book`.

    `event` and `decision` are the stored JSON; `book` is the rule book that the decision names, or
    another one to see what would have been.

    Raises:
        ValueError: The stored JSON cannot be read.
    """
    stored = read(event, decision)
    return decide(stored.event, book, stored.contact, stored.now, stored.answer)


@dataclass(frozen=True, slots=True)
class Book:
    """An account's rules as they were: what was live then, and all of it ready for deciding."""

    campaigns: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]
    rules: RuleBook


def versions_in(book: Json) -> list[tuple[CampaignId, int]]:
    """Return the published versions that a stored rule book names."""
    return [(CampaignId(UUID(one["id"])), one["version"]) for one in book["campaigns"]]


def read_book(
    version: int, book: Json, published: Mapping[tuple[CampaignId, int], Campaign]
) -> Book:
    """
    Return the stored `book` of rules `version`, with the definitions in `published`.

    Raises:
        LookupError: A campaign's version is not in `published`.
        ValueError: It cannot be read.
    """
    campaigns = tuple(
        _as_it_was(one, published[named])
        for one, named in zip(book["campaigns"], versions_in(book), strict=True)
    )
    intents = tuple(IntentOption.model_validate(one) for one in book["intents"])
    settings = _SETTINGS.validate_python(book["settings"])
    posts = _POSTS.validate_python(book.get("posts") or {})
    return Book(campaigns, intents, compile_rules(version, campaigns, intents, settings, posts))


def _as_it_was(stored: Json, published: Campaign) -> Campaign:
    """Return the version with the place it had then; the definition never changes."""
    return Campaign.model_validate({**stored, "definition": published.definition})


def answer_of(
    event: InboundEvent, decision: Json, answered_at: datetime
) -> AnyAnswer | Origin | None:
    """Return the answer that `decision` was decided by, if something had been asked."""
    answer: Json = decision.get("answer") or {}
    match answer.get("kind", "intent" if answer else None):
        case "intent":
            return classified(event, answer, answered_at)
        case "follower":
            fields = {name: value for name, value in answer.items() if name != "kind"}
            earlier = classified(event, decision.get("earlier"), answered_at)
            return FollowerRead(event=event, earlier=earlier, **fields)
        case "posts":
            posts = [{"media_id": post, "posted_at": at} for post, at in answer["posts"]]
            return PostsRead.model_validate(
                {"event": event, "posts": posts, "answered_at": answered_at}
                | {"because": answer["because"]}
            )
        case "origin":
            return _ORIGIN.validate_python(answer["origin"])
        case _:
            return None


def classified(event: InboundEvent, answer: Json | None, answered_at: datetime) -> Answer | None:
    """Return the classifier's answer as it was; when it came is not kept and does not matter."""
    if answer is None:
        return None
    kept = {name: value for name, value in answer.items() if name != "kind"}
    return Answer(event=event, answered_at=answered_at, **kept)


def differences(stored: Json, decided: Decision) -> list[Difference]:
    """Return where `decided` is not what was stored, in the order of the names; none: identical."""
    return list(_differing("", _plain(stored), _plain(json.loads(decided.explanation()))))


def canonical(decision: Json) -> str:
    """Return the one way to write a decision that is compared: see above."""
    return json.dumps(_plain(decision), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_SETTINGS: Final[TypeAdapter[AccountSettings]] = TypeAdapter(AccountSettings)
_POSTS: Final[TypeAdapter[dict[MediaId, datetime]]] = TypeAdapter(dict[MediaId, datetime])
_ORIGIN: Final[TypeAdapter[Origin]] = TypeAdapter(Origin)
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(datetime)
_OF_MOMENTS: Final = ("_at", "_until")
_MOMENTS: Final = frozenset({"at", "since"})
_ABSENT: Final = object()


def _plain(value: Any, name: str = "") -> Any:
    """Return `value` with every moment in it written in one way."""
    match value:
        case dict():
            return {key: _plain(one, key) for key, one in value.items()}
        case list() if name == "posts":
            return [[post, _in_utc(at)] for post, at in value]
        case list():
            return [_plain(one, name) for one in value]
        case str() if name in _MOMENTS or name.endswith(_OF_MOMENTS):
            return _in_utc(value)
        case _:
            return value


def _in_utc(moment: str) -> str:
    return _MOMENT.validate_python(moment).astimezone(UTC).isoformat()


def _differing(path: str, stored: Any, again: Any) -> Iterator[Difference]:
    if isinstance(stored, dict) and isinstance(again, dict):
        for name in sorted({*stored, *again}):
            one, other = stored.get(name, _ABSENT), again.get(name, _ABSENT)
            yield from _differing(f"{path}.{name}" if path else name, one, other)
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for number, (one, other) in enumerate(zip(stored, again, strict=True)):
            yield from _differing(f"{path}.{number}", one, other)
    elif stored != again or type(stored) is not type(again):
        yield Difference(path, _seen(stored), _seen(again))


def _seen(value: Any) -> Any:
    return None if value is _ABSENT else value
