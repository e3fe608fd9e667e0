"""What is said in a text."""

from __future__ import annotations

import pytest

from switchboard.intents.reading import MAX_READ_CHARACTERS, spoken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("How MUCH is it?", "how much is it?"),
        ("@ana look, how much? https://shop.example/x", "look, how much?"),
        ("ｈｏｗ\u200b much", "how much"),
        ("いくらですか", "いくらですか"),
        ("🔥🔥🔥", ""),
        ("@ana @bo", ""),
        ("?!", ""),
        ("", ""),
        ("42", "42"),
    ],
)
def test_what_is_said(text: str, said: str) -> None:
    """Words and figures, compared as everywhere; no mention, link or mere decoration."""
    assert said == spoken(text)


def test_a_flood_is_cut() -> None:
    """A text of any length costs no more than a few sentences."""
    assert len(spoken("word " * 1_000_000)) <= MAX_READ_CHARACTERS
