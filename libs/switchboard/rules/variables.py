"""
Variables in what a campaign says: `{{first_name}}`, or `{{first_name|there}}` with a fallback.

A variable is replaced when the message is sent, by what is known of the person then, else by its
fallback, else by nothing. What is known is used only if it is at most 60 characters in one line;
so the longest a text can become is known before it is published.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, Protocol

KNOWN: Final = frozenset({"first_name", "name", "username", "email", "phone", "keyword"})
# Under a comment, for all to see: nothing that the person told us in private.
PUBLIC: Final = frozenset({"username", "keyword"})

MAX_VALUE_CHARACTERS: Final = 60
_VARIABLE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]{0,31})\s*(?:\|([^{}]*))?\}\}")
_BRACES: Final = re.compile(r"\{\{|\}\}")
_UTF8_MAX_BYTES: Final = 4


class Known(Protocol):
    """What is known of a person that a variable can stand for; `fields` are answers of theirs."""

    @property
    def name(self) -> str | None: ...  # noqa: D102  its class says it
    @property
    def username(self) -> str | None: ...  # noqa: D102
    @property
    def email(self) -> str | None: ...  # noqa: D102
    @property
    def phone(self) -> str | None: ...  # noqa: D102
    @property
    def fields(self) -> Mapping[str, str]: ...  # noqa: D102


class Variable(NamedTuple):
    """A variable's place in a text (`[start, end)`, in characters), its name and its fallback."""

    start: int
    end: int
    name: str
    fallback: str


def variables(text: str) -> tuple[Variable, ...]:
    """Return the variables in `text`, in order."""
    return tuple(
        Variable(*found.span(), found[1], found[2] or "") for found in _VARIABLE.finditer(text)
    )


def values_of(person: Known, decided: Mapping[str, str]) -> Mapping[str, str]:
    """
    Return what the variables stand for.

    What is known of the person now goes before what was known when it was `decided`.
    """
    name = (person.name or "").strip()
    now = {
        "first_name": next(iter(name.split()), None),
        "name": name,
        "username": person.username,
        "email": person.email,
        "phone": person.phone,
    }
    return {
        **person.fields,
        **decided,
        **{variable: value for variable, value in now.items() if value},
    }


def fault(text: str) -> str | None:
    """Return what is wrong with how `text` writes its variables, if anything is."""
    rest = _VARIABLE.sub("", text)
    stray = _BRACES.search(rest)
    if stray is None:
        return None
    return f"{stray[0]!r} opens or closes no variable; write {{{{name}}}} or {{{{name|fallback}}}}"


def unknown(text: str, known: Collection[str]) -> list[str]:
    """Return the names in `text` that are not among `known`."""
    return sorted({variable.name for variable in variables(text)} - set(known))


def longest(text: str) -> tuple[int, int]:
    """Return the most characters, and the most bytes of UTF-8, that `text` can become."""
    characters, size_bytes = len(text), len(text.encode())
    for variable in variables(text):
        written = text[variable.start : variable.end]
        characters += max(MAX_VALUE_CHARACTERS, len(variable.fallback)) - len(written)
        value_bytes = MAX_VALUE_CHARACTERS * _UTF8_MAX_BYTES
        size_bytes += max(value_bytes, len(variable.fallback.encode())) - len(written.encode())
    return characters, size_bytes


def render(text: str, values: Mapping[str, str | None]) -> str:
    """Return `text` with each variable replaced by its value, its fallback, or nothing."""
    return _VARIABLE.sub(lambda found: _value(values.get(found[1])) or found[2] or "", text)


def _value(value: str | None) -> str:
    """Return `value` if it can stand in a sentence: one line, and not too long."""
    plain = (value or "").strip()
    fits = len(plain) <= MAX_VALUE_CHARACTERS and plain.isprintable()
    return plain if fits else ""
