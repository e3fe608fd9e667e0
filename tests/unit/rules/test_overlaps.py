"""Publishing tells an owner which campaigns compete, with a text to try."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.contracts import MediaId
from switchboard.rules.matching import Matcher, Proof
from switchboard.rules.overlaps import overlaps
from switchboard.rules.text import normalise
from tests.support.builders import REEL, campaign, on_comment, on_message

ELSEWHERE = MediaId("18000000000000002")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (on_comment("link"), on_comment("Link please"), ("own_words", "Link please")),
        (on_comment("link"), on_comment("price"), ("joined_words", "link price")),
        (on_comment("a"), on_comment("b", keywords={"how": "exact"}), None),
        (on_comment("a", keywords={"exclude": ["b"]}), on_comment("b"), None),
        (on_comment("link", media_ids=[REEL]), on_comment("link", media_ids=[ELSEWHERE]), None),
        (on_comment("link", media_ids=[REEL]), on_comment("link"), ("own_words", "link")),
        (on_comment("link"), on_message("link"), None),
        (
            on_comment("price"),
            on_comment("pirce", keywords={"how": "fuzzy"}),
            ("own_words", "price"),
        ),
        (
            on_comment("link7"),
            on_comment(r"li+nk\d", keywords={"how": "regex"}),
            ("own_words", "link7"),
        ),
        ({"kind": "story_reply"}, {"kind": "story_reply"}, ("own_words", "❤")),
        ({"kind": "intent", "intent": "x"}, {"kind": "intent", "intent": "x"}, None),
        (on_message("link"), {"kind": "message"}, None),
        (on_comment("link"), {"kind": "comment", "media_ids": [REEL]}, ("own_words", "link")),
        (on_comment("link", media_ids=[REEL]), {"kind": "comment"}, None),
        (on_comment("link"), {"kind": "comment", "next_post": True}, ("own_words", "link")),
        (on_comment("link", next_post=True), on_comment("link"), ("own_words", "link")),
        (
            {"kind": "postback", "payloads": ["A", "B"]},
            {"kind": "postback", "payloads": ["B"]},
            ("own_words", "B"),
        ),
        ({"kind": "postback", "payloads": ["A"]}, {"kind": "postback"}, None),
        ({"kind": "referral"}, {"kind": "referral"}, ("own_words", "❤")),
        ({"kind": "story_mention"}, {"kind": "story_mention"}, ("own_words", "❤")),
    ],
)
def test_campaigns_that_compete(
    one: dict[str, Any], other: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    """Two campaigns overlap if one event can set both off; the text does."""
    found = overlaps([campaign(one, number=1), campaign(other, number=2)])

    assert ([expected] if expected else []) == [(each.kind, each.text) for each in found]


def test_every_text_shown_sets_both_off() -> None:
    """What is shown is true: each campaign's matcher says so."""
    made = [
        campaign(on_comment("link", "url", keywords={"exclude": ["price"]}), number=1),
        campaign(on_comment("price", "cost"), number=2),
        campaign(on_comment(keywords={"all_of": [["red", "shoes"]]}), number=3),
        campaign(on_comment(r"\bcos\w+", keywords={"how": "regex"}), number=4),
    ]
    by_id = {one.id: one.definition.trigger.keywords for one in made}  # type: ignore[union-attr]  # all have them

    found = overlaps(made)

    assert 6 == len(found)
    for overlap in found:
        for number in (overlap.first, overlap.second):
            keywords = by_id[number]
            assert keywords is not None
            assert isinstance(Matcher(keywords).find(normalise(overlap.text)), Proof)


def test_order_does_not_matter() -> None:
    """The same campaigns give the same overlaps, however they are listed."""
    made = [campaign(on_comment(word), number=n) for n, word in enumerate(["a", "b", "c"], 1)]

    assert overlaps(made) == overlaps(reversed(made))
