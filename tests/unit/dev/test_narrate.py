"""What a person reads: a line for each step, in colour only where there is a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from dev.narrate import Narrator, Outcome


@pytest.fixture
def page() -> io.StringIO:
    """What was printed."""
    return io.StringIO()


@pytest.fixture
def narrator(page: io.StringIO) -> Narrator:
    """Return a narrator that is not on a terminal."""
    return Narrator(Console(file=page, highlight=False, width=60))


def test_a_step_is_ticked_with_what_it_found(narrator: Narrator, page: io.StringIO) -> None:
    """The line holds the step, its seconds and its detail, and nothing but text."""
    with narrator.doing("Redis") as line:
        line.detail = "127.0.0.1:1"

    (told,) = page.getvalue().splitlines()
    assert ["✓", "Redis", "s", "127.0.0.1:1"] == [
        word for word in told.split() if not word[0].isdigit() or word == "127.0.0.1:1"
    ]
    assert "\x1b" not in told


def test_a_step_that_fails_is_crossed_and_fails(narrator: Narrator, page: io.StringIO) -> None:
    """The failure goes on its way, and the line says where it happened."""
    with pytest.raises(RuntimeError, match="away"), narrator.doing("Redis"):
        raise RuntimeError("away")

    assert "✗ Redis" == page.getvalue().strip()


def test_an_outcome_has_its_latency(narrator: Narrator, page: io.StringIO) -> None:
    """A step of the story is ticked with the milliseconds the simulator saw."""
    narrator.tell(Outcome("a comment", happened=True, latency_ms=41.6, detail="Hello"))

    assert ["✓", "a", "comment", "42", "ms", "Hello"] == page.getvalue().split()


def test_text_is_printed_as_it_is(narrator: Narrator, page: io.StringIO) -> None:
    """Brackets are text, and no line is broken: a log or a path would be unreadable."""
    text = "[bold] " + "x" * 200
    narrator.say(text)

    assert f"{text}\n" == page.getvalue()


def test_the_summary_says_what_did_not_happen(narrator: Narrator, page: io.StringIO) -> None:
    """The table has a row for each step, the reason under one that failed, and the counts."""
    narrator.summarise(
        [
            Outcome("a comment", happened=True, latency_ms=41.6),
            Outcome("a message", happened=False, detail="no answer"),
        ]
    )

    told = page.getvalue()
    assert "1 happened, 1 did not" in told
    assert told.index("a comment") < told.index("a message") < told.index("no answer")


def test_a_poor_terminal_gets_words() -> None:
    """Where the marks cannot be written, words stand for them."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as page:
        Narrator(Console(file=page, highlight=False)).tell(Outcome("a comment", happened=False))

        assert b"NO a comment" == raw.getvalue().strip()
