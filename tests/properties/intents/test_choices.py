"""Whatever people write and whatever a model says, only an allowed name comes out."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts import IntentOption
from switchboard.intents.choosing import NONE, NoAnswer
from switchboard.intents.prompt import (
    MAX_EXAMPLE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    prompt_for,
)
from switchboard.models import answer_schema, read_choice

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.lists(
    st.text(min_size=1, max_size=64).filter(lambda name: name != NONE), min_size=1
).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(st.just("intent") | WORDS, inner),
)


@given(WORDS, WORDS)
def test_peoples_words_stay_one_quoted_value(text: str, example: str) -> None:
    """Nobody's text reaches the instructions, or breaks out of its quotation."""
    option = IntentOption(name="price", examples=(example,))
    prompt = prompt_for(text, [option])

    assert text[:MAX_TEXT_CHARACTERS] == json.loads(prompt.message)
    assert [example[:MAX_EXAMPLE_CHARACTERS]] == json.loads(
        prompt.instructions.split("Intents:\n", 1)[1]
    )["examples"]


@given(st.none() | WORDS | JSON.map(json.dumps), NAMES)
def test_only_an_allowed_name_comes_out(content: str | None, names: tuple[str, ...]) -> None:
    """Anything else is nonsense, and never any other error."""
    assert outcome(content, names) in {*names, None, "(nonsense)"}


def outcome(content: str | None, names: tuple[str, ...]) -> str | None:
    """Return what is read in `content`, or the reason, in brackets, why nothing is."""
    try:
        return read_choice(content, names)
    except NoAnswer as failure:
        return f"({failure.because})"


@given(NAMES, st.data())
def test_every_allowed_name_comes_out(names: tuple[str, ...], data: st.DataObject) -> None:
    """In any language, with any character in it; and the schema allows just those."""
    name = data.draw(st.sampled_from(names))

    assert name == read_choice(json.dumps({"intent": name}), names)
    assert read_choice(json.dumps({"intent": NONE}), names) is None
    assert [*names, NONE] == answer_schema(names)["properties"]["intent"]["enum"]
