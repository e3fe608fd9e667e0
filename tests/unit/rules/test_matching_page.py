"""docs/matching.md tells owners what matches; every row of its tables must be true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switchboard.rules.campaigns import Keywords
from switchboard.rules.matching import Matcher, Miss
from switchboard.rules.text import normalise

PAGE = Path(__file__).parents[3] / "docs" / "matching.md"


def rows(heading: str) -> Iterator[list[Any]]:
    """Yield the JSON values of each row of the table whose first column is `heading`."""
    table = PAGE.read_text().split(f"| {heading} |")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [json.loads(cell) for cell in re.findall(r"`([^`]*)`", line)]


@pytest.mark.parametrize(("written", "compared"), list(rows("written")))
def test_what_is_compared_is_as_the_page_says(written: str, compared: str) -> None:
    """Each example reads as the page says, and so does what it reads as."""
    assert compared == normalise(written)
    assert compared == normalise(compared)


@pytest.mark.parametrize(("keywords", "text", "found"), list(rows("keywords")))
def test_what_matches_is_as_the_page_says(
    keywords: dict[str, Any], text: str, found: str | None
) -> None:
    """Each example matches the part of the text the page says, or nothing."""
    text = normalise(text)
    proof = Matcher(Keywords.model_validate(keywords)).find(text)

    assert found == (None if isinstance(proof, Miss) else text[proof.start : proof.end])


def test_the_tables_are_there() -> None:
    """The page has not lost its tables, or the tests above their subject."""
    assert [24, 37] == [len(list(rows("written"))), len(list(rows("keywords")))]
