"""What of a text is said in words: the part that intents can be recognised in."""

from __future__ import annotations

from typing import Final

from switchboard.rules.text import normalise

# What somebody wants is said early; a message of 1000 characters must not cost five times as much.
MAX_READ_CHARACTERS: Final = 300


def spoken(text: str) -> str:
    """
    Return the beginning of `text`, normalised, without mentions and links.

    Empty if there is no letter and no digit in it: of "🔥🔥" and "@ana" nothing can be told.
    """
    normalised = normalise(text[: 4 * MAX_READ_CHARACTERS])
    words = (word for word in normalised.split() if not _is_address(word))
    said = " ".join(words)[:MAX_READ_CHARACTERS].strip()
    return said if any(character.isalnum() for character in said) else ""


def _is_address(word: str) -> bool:
    return word.startswith("@") or "://" in word
