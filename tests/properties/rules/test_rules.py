"""What holds of rules for any text at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts import CampaignId
from switchboard.rules.campaigns import Keywords
from switchboard.rules.decide import Contact, decide
from switchboard.rules.matching import Matcher, Proof
from switchboard.rules.text import is_word_edge, normalise
from tests.support.builders import NOON, campaign, comment, on_comment, rules

TEXT = st.text(max_size=60) | st.text(
    alphabet="abAB ßİıΣς\u0301\u200d\ufe0fｌ𝗟ﾘ価ราคा", max_size=30
)


@given(TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """What has been normalised is normal."""
    assert normalise(text) == normalise(normalise(text))


@given(TEXT)
def test_case_never_matters(text: str) -> None:
    """A text compares equal to itself with its case folded."""
    assert normalise(text) == normalise(text.casefold())


@given(TEXT, TEXT)
def test_a_proof_points_at_its_keyword(keyword: str, text: str) -> None:
    """Whatever is found is really there, between word edges; and what is there is found."""
    text = normalise(text)
    proof = Matcher(Keywords(include=(keyword,))).find(text)
    word = normalise(keyword)
    really = [
        i
        for i in range(len(text) - len(word) + 1)
        if word
        and text.startswith(word, i)
        and is_word_edge(text, i)
        and is_word_edge(text, i + len(word))
    ]

    assert bool(really) == isinstance(proof, Proof)
    if isinstance(proof, Proof):
        assert word == text[proof.start : proof.end]
        assert proof.start in really


@given(TEXT, st.permutations([1, 2, 3, 4]))
def test_the_order_of_campaigns_does_not_decide(text: str, order: list[int]) -> None:
    """The winner is the same however the campaigns are listed."""
    made = {
        1: campaign(on_comment("a"), number=1, rank=5),
        2: campaign(on_comment("a", "b", keywords={"how": "contains"}), number=2, rank=5),
        3: campaign(on_comment("ab", keywords={"how": "exact"}), number=3, rank=1),
        4: campaign(on_comment("a"), number=4, rank=5),
    }

    def winner(numbers: list[int]) -> CampaignId | None:
        book = rules(*(made[number] for number in numbers))
        return decide(comment(text), book, Contact(), NOON).campaign_id

    assert winner([1, 2, 3, 4]) == winner(order)
