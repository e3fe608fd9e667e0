"""Keywords that can't be matched are refused where they are written; the rest have their proof."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, Keywords
from switchboard.rules.decide import Contact, decide
from switchboard.rules.matching import KeywordIndex, Matcher, Miss, Proof
from switchboard.rules.patterns import Patterns
from switchboard.rules.slips import slips_allowed, slips_between
from tests.support.builders import campaign, comment, on_comment, private_reply, rules


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a(b", "include.0: at 1: missing )"),
        ("(a)b)", "include.0: at 4: unexpected )"),
        ("ab[z-", "include.0: at 2: missing ]"),
        ("ab(?<=x)", "include.0: at 2: invalid perl operator"),
        (r"(x\1)", "include.0: at 2: invalid escape sequence"),
        ("a{5}b{1001}", "include.0: at 5: invalid repetition size"),
        ("x*+", "include.0: at 1: bad repetition operator"),
        (r"(\pL{900}){1}" * 9, "include.0: at "),
        ("a" * 201, "include.0: at 200: 201 characters; at most 200"),
        ("a*", "include.0: at 0: it matches the empty text"),
    ],
)
def test_a_pattern_that_cannot_be_searched_is_refused(pattern: str, said: str) -> None:
    """The owner is told which pattern, at which character, and what is wrong with it."""
    with pytest.raises(ValidationError) as caught:
        Keywords.model_validate({"include": [pattern], "how": "regex"})

    assert said in str(caught.value)


def test_a_refusal_names_the_path_of_the_whole_definition() -> None:
    """From the definition's root, the path leads to the keywords and on to the pattern."""
    trigger = on_comment(keywords={"all_of": [["fine", "("]], "how": "regex"})

    with pytest.raises(ValidationError) as caught:
        CAMPAIGN_DEFINITION.validate_python({"trigger": trigger, "steps": [private_reply("a")]})

    (error,) = caught.value.errors()
    assert ("trigger", "comment", "keywords") == error["loc"]
    assert "all_of.0.1: at 0: missing )" in error["msg"]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({}, "at least 1 item"),
        ({"all_of": [[]]}, "at least 1 item"),
        ({"all_of": [["a"] * 11]}, "all_of.0: 11 keywords"),
        ({"include": ["a"] * 21, "how": "regex"}, "21 keywords; regex takes at most 20"),
        ({"include": ["word"] * 1001, "how": "fuzzy"}, "1001 keywords; fuzzy takes at most 1000"),
    ],
)
def test_bounds_are_kept(keywords: dict[str, Any], said: str) -> None:
    """Nothing to look for, or more than is bounded, is refused."""
    with pytest.raises(ValidationError, match=said):
        Keywords.model_validate(keywords)


def test_a_stored_definition_means_what_it_meant() -> None:
    """Keywords written before there were other ways are whole words without groups or folding."""
    stored = Keywords.model_validate_json('{"include": ["link"], "exclude": [], "how": "contains"}')

    assert Keywords(include=("link",), how="contains") == stored
    assert ("whole_word", (), False) == (
        Keywords(include=("a",)).how,
        stored.all_of,
        stored.fold_accents,
    )


def test_a_group_proves_each_of_its_keywords() -> None:
    """The proof of a group has the span of every keyword in it."""
    proof = Matcher(Keywords(all_of=(("red", "shoes"),))).find("red, shoes")

    assert Proof("shoes", "whole_word", 5, 10, (Proof("red", "whole_word", 0, 3),)) == proof
    assert isinstance(proof, Proof)
    assert len("red") + len("shoes") == proof.length


def test_a_fuzzy_keyword_without_a_slip_is_a_whole_word() -> None:
    """What is typed right outranks what is typed wrong, within a campaign and between two."""
    keywords = Keywords(include=("price",), how="fuzzy")

    assert Proof("price", "whole_word", 6, 11) == Matcher(keywords).find("pirce price")
    assert Proof("price", "fuzzy", 0, 5) == Matcher(keywords).find("pirce")


def test_many_campaigns_are_told_apart() -> None:
    """One reading tells for each campaign whether it is excluded, matched or not concerned."""
    index = KeywordIndex(
        [
            Keywords(include=("link",)),
            Keywords(include=("link",), exclude=("no",)),
            Keywords(include=("other",)),
            Keywords(include=("l.nk",), how="regex"),
        ]
    )

    assert {
        0: Proof("link", "whole_word", 3, 7),
        1: Miss("excluded", "no"),
        3: Proof("l.nk", "regex", 3, 7),
    } == index.find("no link")


def test_a_span_without_accents_is_of_the_text_with_them() -> None:
    """Spans count the stored text's characters, where one has several and one becomes two."""
    matcher = Matcher(Keywords(include=("caesar",), fold_accents=True))

    assert Proof("caesar", "whole_word", 3, 8) == matcher.find("x\u030c cæsár")


class Exhausted:
    """What RE2's set is like when its automaton has no room."""

    def Match(self, _text: str) -> list[int]:  # noqa: N802 - RE2's name
        return []


def test_patterns_without_memory_are_still_found() -> None:
    """A set that cannot tell leaves each pattern to be searched alone; none is missed."""
    patterns = Patterns(["b+", "x", "a"])
    patterns._together = Exhausted()

    assert [(0, 1, 3), (2, 0, 1)] == list(patterns.search("abb"))


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("price", "pirce", 1), ("price", "prce", 1), ("ca", "abc", 3), ("", "ab", 2), ("a", "a", 0)],
)
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    """A neighbours' exchange is one slip, and no stretch of a word is changed twice."""
    assert slips == slips_between(one, other) == slips_between(other, one)


def test_slips_grow_with_the_word() -> None:
    """None under 4 letters, one to 7, two from 8, none where a digit is."""
    assert [0, 1, 1, 2, 0, 0] == [
        slips_allowed(word) for word in ("abc", "abcd", "abcdefg", "abcdefgh", "abcd1", "a" * 33)
    ]


def test_the_longer_group_wins_between_campaigns() -> None:
    """A group's keywords count together when campaigns are compared."""
    long = campaign(on_comment(keywords={"all_of": [["red", "shoes"]]}), number=2, rank=2)
    short = campaign(on_comment("shoes"), number=1, rank=1)
    event = comment("red shoes")

    assert long.id == decide(event, rules(short, long), Contact(), event.occurred_at).campaign_id
