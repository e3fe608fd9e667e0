"""Writing all that is known of one person: for programs, and to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from switchboard.exporting.files import Files

PERSON_FILE: Final = "person.json"
READABLE_FILE: Final = "person.txt"
# What an event is called, by the beginning of its kind.
_CALLED: Final[Mapping[str, str]] = {
    "comment": "commented",
    "live_comment": "commented on a live broadcast",
    "message": "wrote",
    "story_reply": "answered a story",
    "story_mention": "mentioned the account in a story",
    "postback": "tapped a button",
    "quick_reply": "tapped a quick reply",
    "referral": "came by a link",
    "reaction": "reacted",
    "seen": "read the messages",
    "edited": "edited a message",
    "deleted": "deleted a message",
    "echo": "was written to from the account",
    "link_clicked": "opened a link",
}
_HELD: Final[Mapping[str, str]] = {
    "username": "user name",
    "name": "name",
    "email": "e-mail address",
    "phone": "telephone number",
    "first_seen_at": "first seen",
    "last_inbound_at": "last wrote",
    "opted_out_at": "opted out of automatic messages",
    "follows": "follows the account",
    "tags": "tags",
    "fields": "answers that were asked for",
}


def take_person(found: Mapping[str, Any], files: Files) -> int:
    """Write what was found of a person; return how many rows that is."""
    with files.write(PERSON_FILE) as file:
        written = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False)
        file.write(written.encode() + b"\n")
    with files.write(READABLE_FILE) as file:
        file.write("".join(f"{line}\n" for line in _readable(found)).encode())
    lists = ("events", "deliveries", "clicks", "labels")
    return sum(len(found[name]) for name in lists) + (found["contact"] is not None)


def _readable(found: Mapping[str, Any]) -> Iterator[str]:
    contact: Mapping[str, Any] = found["contact"] or {}
    yield f"What the Instagram account {found['account']} has of the person {found['person_id']}."
    yield f"{PERSON_FILE} has all of it, as it is stored; times are in UTC."
    yield ""
    for name, called in _HELD.items():
        if contact.get(name) not in (None, "", [], {}):
            yield f"{called}: {_plain(contact[name])}"
    yield ""
    yield "What happened:"
    for at, what in sorted([*_happened(found["events"]), *_sent(found["deliveries"])]):
        yield f"{at[:19].replace('T', ' ')}  {what}"
    clicked = [
        f"{one['clicked_at'][:19].replace('T', ' ')}  {one['url']}" for one in found["clicks"]
    ]
    labelled = [f"{one['text']}: {one['intent'] or 'nothing known'}" for one in found["labels"]]
    yield from _part("Links of the account's that they opened:", clicked)
    yield from _part("What somebody said they wanted with what they wrote:", labelled)


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from lines


def _happened(events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in events:
        kind = str(one["kind"]).rsplit(".", 1)[0]
        said = one["event"].get("text") or one["event"].get("title") or one["event"].get("emoji")
        called = _CALLED.get(kind, kind.replace("_", " "))
        yield one["occurred_at"], f"{called}: {_plain(said)}" if said else called


def _sent(deliveries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in deliveries:
        if one["state"] == "sent":
            said = one["content"].get("text")
            called = f"was sent a {str(one['kind']).replace('_', ' ')}"
            yield one["sent_at"], f"{called}: {_plain(said)}" if said else called


def _plain(value: object) -> str:
    """Return it on one line."""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(written.split())
