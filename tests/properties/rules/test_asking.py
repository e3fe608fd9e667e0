"""What holds of answers in any text."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.asking import read_answer
from switchboard.rules.campaigns import Ask

ASKS = {
    what: Ask.model_validate(
        {"what": what, "variants": [{"text": "?"}], "retry": ["?"], "max_characters": 20}
        | ({"field": "colour"} if what == "text" else {})
    )
    for what in ("email", "phone", "text")
}
TEXT = st.text(max_size=60) | st.text(
    alphabet="aZé@..-+0049 12３٤.,'<(ー価한\u200b\n\0\ud800", max_size=40
)
AROUND = st.text(alphabet=' \n(),;:<>"“”…¡👍是で는ค', max_size=10)


@given(TEXT, st.sampled_from(sorted(ASKS)))
def test_an_answer_is_its_own_answer(text: str, what: str) -> None:
    """What has been read as an answer is read as the same again."""
    answer = read_answer(ASKS[what], text)
    if answer is not None:
        assert answer == read_answer(ASKS[what], answer)


@given(TEXT)
def test_a_kept_text_can_be_stored_and_shown(text: str) -> None:
    """It has 1 to as many characters as were asked for, and no control characters."""
    answer = read_answer(ASKS["text"], text)
    if answer is not None:
        assert 1 <= len(answer) <= 20
        assert not {"Cc", "Cs"} & {unicodedata.category(c) for c in answer}
        assert answer == answer.strip()


@given(AROUND, AROUND)
def test_an_address_is_found_in_anything(before: str, behind: str) -> None:
    """Whatever punctuation, emoji or unspaced script is around it."""
    assert "ana@example.com" == read_answer(ASKS["email"], f"{before}ana@example.com{behind}")


@given(st.integers(610_000_000, 689_999_999), st.sampled_from(["+34", "0034", "＋３４", "00 34 "]))
def test_a_number_is_found_however_its_country_is_written(number: int, country: str) -> None:
    """A Spanish mobile's number, with plus or zeros, in plain or full-width digits."""
    said = f"mi número es {country}{number}, gracias"

    assert f"+34{number}" == read_answer(ASKS["phone"], said)
