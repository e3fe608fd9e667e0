"""The matcher agrees with a slow and obvious one, on rules and texts in many scripts."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from switchboard.rules.campaigns import Keywords
from switchboard.rules.decide import Contact, decide
from switchboard.rules.matching import KeywordIndex, Matcher, Miss, Proof
from switchboard.rules.overlaps import overlaps
from switchboard.rules.slips import SlipIndex
from switchboard.rules.text import normalise
from tests.properties.rules import reference
from tests.support.builders import NOON, campaign, comment, on_comment, rules

# Few letters, so that things meet: Latin, Turkish, Cyrillic, Arabic, Hindi, Thai, Han, kana,
# Hangul, emoji and flags, marks, digits, signs.
LETTERS = "abkİıi ééкц_سعـर्क\u093fราเค价格リンクょ링크👍🏽❤\ufe0f🇩🇪🇺12@#.!\u200d\u0301ｌ𝗟"
WORDS = [
    *("link", "LİNK", "lnik", "liiiink", "cool", "coool", "col", "price", "pirce", "prices"),
    *("discount", "dicsuont", "discont", "order12", "café", "cafe", "ссылка", "сылка", "цена"),
    *("سعر", "سـعر", "लिंक", "ราคา", "价格", "リンク", "ブリンク", "링크를", "👍🏽", "🇪🇺", "@link"),
]
ANY_WORD = st.sampled_from(WORDS) | st.text(alphabet=LETTERS, min_size=1, max_size=5)
TEXT = st.builds(
    lambda words, gap: gap.join(words),
    st.lists(ANY_WORD, max_size=6),
    st.sampled_from([" ", " ", "", ", ", "#", " @"]),
)
KEYWORD = ANY_WORD | st.builds("{} {}".format, ANY_WORD, ANY_WORD)
KEYWORDS = st.builds(
    Keywords,
    include=st.lists(KEYWORD, min_size=1, max_size=3).map(tuple),
    all_of=st.lists(st.lists(KEYWORD, min_size=1, max_size=3).map(tuple), max_size=2).map(tuple),
    exclude=st.lists(KEYWORD, max_size=1).map(tuple),
    how=st.sampled_from(["whole_word", "contains", "exact", "fuzzy"]),
    fold_accents=st.booleans(),
)


def changed(word: str) -> list[str]:
    """Return what people make of a word: stretched, exchanged, cut short, shouted, punctuated."""
    swapped = word[1::-1] + word[2:]
    return [word, word[:2] + word[1:2] * 3 + word[2:], swapped, word[:-1], word.upper(), f"{word},"]


def about(keywords: Keywords) -> st.SearchStrategy[tuple[Keywords, str]]:
    """Return texts in which these keywords may be, for texts drawn apart seldom have one."""
    asked = [
        *keywords.include,
        *keywords.exclude,
        *(one for all_ in keywords.all_of for one in all_),
    ]
    apart = [word for keyword in asked for word in (keyword, *keyword.split())]
    word = st.sampled_from(apart).flatmap(lambda one: st.sampled_from(changed(one)))
    text = st.lists(word | ANY_WORD, max_size=5).map(" ".join)
    return st.tuples(st.just(keywords), text)


@given(KEYWORDS.flatmap(about) | st.tuples(KEYWORDS, TEXT))
@example((Keywords(include=("aa",), how="contains"), "baaa"))
@example((Keywords(include=("link",)), "liiiink"))
@example((Keywords(include=("discount code",), how="fuzzy"), "dicsuont cod"))
@example((Keywords(include=("discount code",), how="fuzzy"), "dicsuont, code"))
def test_the_matcher_agrees_with_the_obvious_one(pair: tuple[Keywords, str]) -> None:
    """Found, excluded or neither: both say the same."""
    keywords, text = pair
    verdict = Matcher(keywords).find(normalise(text))

    said = verdict.why if isinstance(verdict, Miss) else "match"
    assert reference.matches(keywords, text) == said


@given(st.lists(KEYWORDS, max_size=5), TEXT)
def test_many_campaigns_are_read_as_each_alone(many: list[Keywords], text: str) -> None:
    """The index of all says of each what its own matcher says."""
    text = normalise(text)
    found = KeywordIndex(many).find(text)

    alone = [Matcher(keywords).find(text) for keywords in many]
    assert alone == [found.get(number, Miss("no_keyword")) for number in range(len(many))]


@given(KEYWORDS, TEXT)
@example(Keywords(include=("\u0301 1",), fold_accents=True), "link 1")
def test_a_proof_stands_on_its_own(keywords: Keywords, text: str) -> None:
    """The part of the text a proof points at matches its keyword, in the way it says."""
    said = normalise(text)
    verdict = Matcher(keywords).find(said)
    proofs = [verdict, *verdict.also] if isinstance(verdict, Proof) else []

    for proof in proofs:
        part = reference.prepared(said[proof.start : proof.end], fold=keywords.fold_accents)
        how = "fuzzy" if proof.how == "fuzzy" else "exact"
        assert reference.found(proof.keyword, how, part)


@given(st.text(max_size=40) | st.text(alphabet=LETTERS, max_size=30) | TEXT)
def test_normal_text_stays_normal(text: str) -> None:
    """Normalising is idempotent, and the case a text was written in makes no difference."""
    once = normalise(text)

    assert once == normalise(once)
    assert once == normalise(text.casefold())


@given(st.lists(st.text(alphabet="abcd", max_size=10), max_size=8), st.text("abcd", max_size=11))
def test_the_index_of_slips_misses_none(words: list[str], written: str) -> None:
    """Every word within its slips is found, and no other."""
    near = {w for w in words if reference.slips(w, written) <= reference.allowed(w)}

    assert sorted(near) == SlipIndex(words).like(written)


@given(st.lists(KEYWORDS, min_size=1, max_size=4), TEXT, st.randoms(use_true_random=False))
def test_deciding_knows_no_order(many: list[Keywords], text: str, random: Any) -> None:
    """However campaigns are listed, the decision is the same to the byte."""
    made = [
        campaign(on_comment(keywords=keywords.model_dump()), number=number)
        for number, keywords in enumerate(many, 1)
    ]
    shuffled = random.sample(made, len(made))

    first, second = (
        decide(comment(text), rules(*some), Contact(), NOON) for some in (made, shuffled)
    )
    assert first.explanation() == second.explanation()
    assert first == second


@given(st.lists(KEYWORDS, min_size=2, max_size=4))
@example(
    [
        Keywords(include=("link",), fold_accents=False),
        Keywords(include=("\u0301 lnik",), how="fuzzy", fold_accents=False),
    ]
)
def test_a_shown_overlap_is_one(many: list[Keywords]) -> None:
    """Every text shown sets off both campaigns, by the obvious matcher too."""
    made = [
        campaign(on_comment(keywords=keywords.model_dump()), number=number)
        for number, keywords in enumerate(many, 1)
    ]
    for overlap in overlaps(made):
        for each in (overlap.first, overlap.second):
            assert "match" == reference.matches(many[each.int - 1], overlap.text)
