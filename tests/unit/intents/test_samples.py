"""Texts parted into what is learnt from and what is asked."""

from __future__ import annotations

from switchboard.intents.samples import Sample, part_as_said, part_at_random

SAMPLES = [Sample(f"{label} {n}", label) for label in ("a", "b") for n in range(20)]
OUTSIDE = [Sample(f"outside {n}", None) for n in range(5)]


def test_parted_by_lot() -> None:
    """Each intent gives its share; nothing is both learnt and asked; the rest of all is asked."""
    parted = part_at_random([*SAMPLES, *OUTSIDE], examples=10, test_share=0.25, seed=1)
    learnt = {text for intent in parted.intents for text in intent.examples}
    asked = {sample.text for sample in parted.asked}

    assert [("a", 10), ("b", 10)] == [(one.name, len(one.examples)) for one in parted.intents]
    assert 5 + 5 + 5 == len(asked)
    assert not learnt & asked


def test_the_same_seed_parts_alike_and_more_examples_are_the_same_and_others() -> None:
    """What three examples come to can be compared with ten, on the same questions."""
    three, ten = (
        part_at_random(SAMPLES, examples=count, test_share=0.25, seed=1) for count in (3, 10)
    )

    assert three.asked == ten.asked
    assert three.intents[0].examples == ten.intents[0].examples[:3]
    assert three != part_at_random(SAMPLES, examples=3, test_share=0.25, seed=2)


def test_parted_as_a_file_says() -> None:
    """What is out of scope is no intent, even among what is learnt."""
    parted = part_as_said([*SAMPLES, *OUTSIDE], OUTSIDE, examples=3, seed=1, history=SAMPLES[:1])

    assert [("a", 3), ("b", 3)] == [(one.name, len(one.examples)) for one in parted.intents]
    assert (tuple(OUTSIDE), (SAMPLES[0],)) == (parted.asked, parted.history)
