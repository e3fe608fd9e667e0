"""What holds of opting out and in, whatever people write."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.consent import OPT_IN, OPT_OUT, opts_in, opts_out
from switchboard.rules.text import normalise

WORDS = st.sampled_from(
    sorted({w for table in (OPT_OUT, OPT_IN) for words in table.values() for w in words})
)
TEXT = st.text(max_size=30) | WORDS | st.lists(WORDS, max_size=3).map(" ".join)


@given(TEXT)
def test_nobody_opts_out_and_in_at_once(text: str) -> None:
    """No text is both."""
    said = normalise(text)

    assert not (opts_out(said) and opts_in(said))


@given(WORDS, st.text(alphabet=".!…。！ ", max_size=5), st.text(alphabet=" \n\u200b", max_size=4))
def test_how_a_word_is_ended_does_not_matter(word: str, end: str, around: str) -> None:
    """Full stops, exclamation marks, blanks and what is invisible change nothing."""
    plain, written = normalise(word), normalise(f"{around}{word}{end}{around}")

    assert (opts_out(plain), opts_in(plain)) == (opts_out(written), opts_in(written))
    assert opts_out(plain) or opts_in(plain)


@given(st.lists(WORDS, min_size=1, max_size=2), st.from_regex(r"[qxz]{5,9}", fullmatch=True))
def test_a_word_in_a_sentence_counts_for_nothing(words: list[str], other: str) -> None:
    """Together with any word that means nothing, the words mean nothing."""
    for written in ([*words, other], [other, *words]):
        said = normalise(" ".join(written))

        assert not opts_out(said)
        assert not opts_in(said)
