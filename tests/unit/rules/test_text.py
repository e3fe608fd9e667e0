"""What reads the same must compare equal, and words must be words in every script."""

from __future__ import annotations

import pytest

from switchboard.rules.campaigns import Keywords
from switchboard.rules.matching import Matcher, Miss, Proof
from switchboard.rules.text import normalise


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("LINK", "link"),
        ("  Link \n please ", "link please"),
        ("ｌｉｎｋ", "link"),
        ("𝗟𝗜𝗡𝗞", "link"),
        ("Ⓛⓘⓝⓚ", "link"),
        ("li\u200bnk", "link"),
        ("\u202elink\u202c", "link"),
        ("STRASSE straße", "strasse strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("ССЫЛКА", "ссылка"),
        ("リンク", "リンク"),
        ("ﾘﾝｸ", "リンク"),
        ("e\u0301", "é"),
        ("❤\ufe0f", "❤"),
        ("", ""),
        ("\u200b\u200d", ""),
    ],
)
def test_what_reads_the_same_is_one_text(written: str, compared: str) -> None:
    """Case, width, decoration and invisible characters make no difference."""
    assert compared == normalise(written)


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("link", "send me the link!", True),
        ("link", "linked", False),
        ("link", "blink", False),
        ("link", "#link", True),
        ("link", "link_me", False),
        ("price", "priced too high", False),
        ("цена", "какая цена?", True),
        ("цена", "оценка", False),
        ("价格", "请问价格是多少", True),
        ("ราคา", "ขอราคาหน่อย", True),
        ("सेट", "सेटिंग", False),
        ("سعر", "كم سعر هذا", True),
        ("سعر", "اسعار", False),
        ("🔥", "so 🔥🔥", True),
        ("e", "e\u0301", False),
    ],
)
def test_a_whole_word_is_a_word_in_every_script(keyword: str, text: str, *, found: bool) -> None:
    """Letters, marks and digits hold a word together; scripts without spaces have none to hold."""
    proof = Matcher(Keywords(include=(keyword,))).find(normalise(text))

    assert found == isinstance(proof, Proof)


@pytest.mark.parametrize(
    ("how", "text", "found"),
    [
        ("contains", "blinking", True),
        ("whole_word", "blinking", False),
        ("exact", "link", True),
        ("exact", "the link", False),
    ],
)
def test_each_way_of_matching(how: str, text: str, *, found: bool) -> None:
    """Contains, whole word and exact differ as their names say."""
    keywords = Keywords.model_validate({"include": ["link"], "how": how})

    assert found == isinstance(Matcher(keywords).find(text), Proof)


def test_the_longest_keyword_is_the_proof() -> None:
    """Of several keywords found, the longest says most about why; its span is in the text."""
    text = normalise("I want the PRICE LIST")
    proof = Matcher(Keywords(include=("price", "price list"))).find(text)

    assert Proof("price list", "whole_word", 11, 21) == proof
    assert text[11:21] == "price list"


def test_an_excluded_word_keeps_the_campaign_quiet() -> None:
    """An excluded word anywhere outweighs any keyword, and is named."""
    matcher = Matcher(Keywords(include=("link",), exclude=("broken",)))

    assert Miss("excluded", "broken") == matcher.find("the link is broken")


def test_a_keyword_that_shows_nothing_matches_nothing() -> None:
    """A keyword of invisible characters must not match every text."""
    assert Miss("no_keyword") == Matcher(Keywords(include=("\u200b",), how="contains")).find("hi")
