"""
Telling whether something the account said is what one of our deliveries would have said.

Meta gives no name of ours back with a message, so what we said is recognised by what it says. Two
things stand in the way of comparing texts. A variable stood for what was known then, and something
else may be known now: the words around it remain. And of what is no plain text, Meta may tell no
more than that something was attached.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import ValidationError

from switchboard.rules.campaigns.content import Media
from switchboard.rules.decision import DeliveryKind
from switchboard.rules.saying import Saying
from switchboard.rules.variables import PUBLIC, Known, render, values_of, variables

# same: word for word what we would say.   fits: as far as it is told, it may well be that.
# untold: not enough is told to say.       other: it is something else.
Likeness: TypeAlias = Literal["same", "fits", "untold", "other"]

Attached: TypeAlias = Literal["template", "image", "video", "audio", "file", "post", "unknown"]

# Words around variables that are fewer than these could stand in any message.
_TELLING_CHARACTERS: Final = 10
# Under a comment Instagram's own apps begin an answer with the name of who is answered.
_ADDRESS: Final = re.compile(r"^@[\w.]+ ")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a message: its text, if any, and what is attached, as far as it is told."""

    text: str | None = None
    attached: frozenset[Attached] = frozenset()


@dataclass(frozen=True, slots=True)
class Wording:
    """
    What a delivery says, as it can be recognised.

    `texts` are all it may have become, in plain writing; `around`, of a text with variables, the
    words between those, in order, with empty ones where it begins or ends with a variable.
    `attached` is what it is beside or instead of a text. With neither, nothing can be recognised.
    """

    texts: frozenset[str] = frozenset()
    around: tuple[str, ...] = ()
    attached: Attached | None = None
    public: bool = False


def wording(kind: DeliveryKind, content: Mapping[str, Any], person: Known) -> Wording:
    """Return how `content` can be recognised, given what is known of its person now."""
    try:
        saying = Saying.model_validate(content)
    except ValidationError:
        return Wording()
    public = kind == "public_reply"
    if saying.text is None:
        return Wording(attached=_of_media(saying), public=public)
    attached: Attached | None = "template" if saying.buttons else None
    texts = frozenset(_renderings(saying.text, saying.values, person, public=public))
    return Wording(texts, _around(saying.text), attached, public)


def likeness(said: Wording, told: Told) -> Likeness:
    """Return how much what is `told` is like what would have been `said`."""
    text = _plain(told.text or "")
    if not said.texts and said.attached is None:
        return "untold"
    if not text:
        return _by_attachment(said.attached, told)
    if not said.texts:
        return "other"
    return max((_by_text(said, one) for one in _as_written(said, text)), key=_STRENGTH.index)


def attachment(written: str) -> Attached:
    """Return the kind of attachment that Meta calls `written`."""
    return _WRITTEN.get(written.lower(), "unknown")


def _by_text(said: Wording, text: str) -> Likeness:
    if text in said.texts:
        return "same"
    if len(said.around) < 2 or not _stands_around(said.around, text):  # noqa: PLR2004
        return "other"
    telling = sum(map(len, said.around)) >= _TELLING_CHARACTERS
    return "fits" if telling else "untold"


def _by_attachment(said: Attached | None, told: Told) -> Likeness:
    """Return how like they are when no text is told."""
    if said is not None and said in told.attached:
        return "fits"
    return "untold" if not told.attached - {"unknown"} else "other"


def _renderings(
    text: str, decided: Mapping[str, str], person: Known, *, public: bool
) -> Iterator[str]:
    """Yield what `text` may have become: by what is known now, without a name, or by less."""
    now = values_of(person, decided)
    unnamed = {**person.fields, **decided}
    for values in (now, unnamed, decided, {}):
        shown = {name: values.get(name) for name in PUBLIC} if public else values
        yield _plain(render(text, shown))


def _around(text: str) -> tuple[str, ...]:
    """Return the words around the variables of `text`; nothing if it has none."""
    found = variables(text)
    if not found:
        return ()
    begins = [0, *(variable.end for variable in found)]
    ends = [*(variable.start for variable in found), len(text)]
    pieces = zip(begins, ends, strict=True)
    return tuple(_plain(text[begin:end]) for begin, end in pieces)


def _stands_around(around: tuple[str, ...], text: str) -> bool:
    """Whether `text` is these words with anything, or nothing, between them."""
    first, *between, last = around
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for words in between:
        found = text.find(words, place, end)
        if found < 0:
            return False
        place = found + len(words)
    return True


def _as_written(said: Wording, text: str) -> Iterable[str]:
    """Return `text`, and under a comment also without whom it is addressed to."""
    return (text, _ADDRESS.sub("", text)) if said.public else (text,)


def _of_media(saying: Saying) -> Attached | None:
    match saying.media:
        case None:
            return None
        case Media(kind=kind):
            return kind
        case _:
            return "post"


def _plain(text: str) -> str:
    """Return `text` in composed letters, with single spaces: what Meta may do to it is undone."""
    return " ".join(unicodedata.normalize("NFC", text).split())


_STRENGTH: Final[tuple[Likeness, ...]] = ("other", "untold", "fits", "same")

# As Meta's webhooks, its Send API and its Conversations API call them.
_WRITTEN: Final[Mapping[str, Attached]] = {
    "template": "template",
    "generic_template": "template",
    "image": "image",
    "image_data": "image",
    "video": "video",
    "video_data": "video",
    "audio": "audio",
    "audio_data": "audio",
    "file": "file",
    "file_url": "file",
    "share": "post",
    "ig_post": "post",
    "media_share": "post",
}
