"""
Answers to what a campaign asked for: found in what people write around them, and tidied.

    "my mail is Ana@Example.com, thanks"     Ana@example.com
    "call me: 0049 (0)30 1234567"            +49301234567
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

from switchboard.rules.campaigns import Ask
from switchboard.rules.text import is_spaceless, normalise


def read_answer(step: Ask, text: str) -> str | None:
    """
    Return the answer in `text`, tidied, or `None` if there is none that will do.

    An e-mail address is right in its syntax (nothing is looked up), its domain in lower case. A
    phone number is one that its country could have given out, in E.164 (+ and digits); written
    with + or 00, because nothing says which country a number without belongs to. A text has 1 to
    `max_characters` characters on one line. The first answer counts.
    """
    match step.what:
        case "email":
            return next(_addresses(_plain(text)), None)
        case "phone":
            return next(_numbers(_plain(text)), None)
        case "text":
            return _text(text, step.max_characters)


# What is read of an answer at most: Instagram's limit for a message.
_READ_CHARACTERS: Final = 1000
# Generous on both sides: what must not be there is cut off after, by the rules of its script.
_AROUND_AT: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+")
_QUOTES: Final = "'`*!/=.#|~"  # around an address rather than of it
# Korean puts its particles, and katakana its neighbours, right behind an address.
_UNSPACED: Final = re.compile("[\u30a0-\u30ff\u3130-\u318f\uac00-\ud7a3]")
_TWO_ZEROS: Final = re.compile(r"(?<![\d+])00(?=[ ./-]?[1-9])")


def _plain(text: str) -> str:
    """Return the beginning of `text` with plain letters and digits, and nothing invisible."""
    shown = (c for c in text[:_READ_CHARACTERS] if unicodedata.category(c) != "Cf")
    composed = unicodedata.normalize("NFKC", "".join(shown))
    digits = ((c, unicodedata.decimal(c, None)) for c in composed)
    return "".join(c if digit is None else str(digit) for c, digit in digits)


def _addresses(text: str) -> Iterator[str]:
    for found in _AROUND_AT.finditer(text):
        name, _, domain = found[0].partition("@")
        name = _spaced(name[::-1])[::-1].lstrip(_QUOTES)
        try:
            # An address with other letters in its name is none that all servers deliver to.
            address = f"{name}@{_spaced(domain).rstrip('._-')}"
            yield validate_email(
                address, allow_smtputf8=False, check_deliverability=False
            ).normalized
        except EmailNotValidError:
            continue


def _spaced(text: str) -> str:
    """Return `text` up to the first letter of a script that puts no space behind an address."""
    end = next((i for i, c in enumerate(text) if is_spaceless(c) or _UNSPACED.match(c)), len(text))
    return text[:end]


def _numbers(text: str) -> Iterator[str]:
    international = _TWO_ZEROS.sub("+", text)
    for found in PhoneNumberMatcher(international, None, leniency=Leniency.VALID):
        yield phonenumbers.format_number(found.number, PhoneNumberFormat.E164)


def _text(text: str, max_characters: int) -> str | None:
    """Return `text` on one line, without what neither shows nor can be stored."""
    stored = (c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    kept = " ".join(unicodedata.normalize("NFC", "".join(stored)).split())
    shows = normalise(kept) != ""
    return kept if shows and len(kept) <= max_characters else None
