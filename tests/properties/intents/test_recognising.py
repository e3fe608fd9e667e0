"""Whatever owners give as examples and whatever people write, what comes out makes sense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.contracts import IntentOption
from switchboard.intents.confidence import calibrate, corrected
from switchboard.intents.evaluating import THRESHOLDS, Answered, at
from switchboard.intents.recogniser import Recogniser

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.sampled_from(["price", "sizes", "hours", "returns"])
INTENTS = st.dictionaries(NAMES, st.lists(WORDS, max_size=5), max_size=4).map(
    lambda examples: [
        IntentOption(name=name, examples=tuple(own)) for name, own in examples.items()
    ]
)
ANSWERED = st.builds(
    Answered,
    text=WORDS,
    right=st.none() | NAMES,
    best=st.none() | NAMES,
    confidence=st.floats(0, 1),
)


@settings(deadline=None, max_examples=40)
@given(INTENTS, st.lists(WORDS, max_size=4))
def test_a_ranking_makes_sense(intents: list[IntentOption], texts: list[str]) -> None:
    """The best is one of the intents with examples, its confidence a probability, none twice."""
    recogniser = Recogniser.of(intents, None)
    for text, ranking in zip(texts, recogniser.rank_all(texts), strict=True):
        assert sorted(set(ranking.order)) == sorted(ranking.order)
        assert all(0 <= place < len(recogniser.examples) for place in ranking.near)
        if ranking.best is None:
            assert () == ranking.order
        else:
            assert ranking.best.name == ranking.order[0]
            assert set(ranking.order) == set(recogniser.names)
            assert 0 <= ranking.best.confidence <= 1
            alone = recogniser.rank(text).best  # sums in another order, and is as sure
            assert alone is not None
            assert pytest.approx(ranking.best.confidence, abs=1e-3) == alone.confidence


@settings(deadline=None)
@given(st.lists(ANSWERED, min_size=1, max_size=30))
def test_a_higher_threshold_never_answers_more(answered: list[Answered]) -> None:
    """Coverage falls and out-of-scope recall rises with it, and every share is one."""
    found = [at(answered, threshold) for threshold in THRESHOLDS]
    coverage = [one.coverage for one in found if one.coverage is not None]
    recall = [one.out_of_scope_recall for one in found if one.out_of_scope_recall is not None]

    assert sorted(coverage, reverse=True) == coverage
    assert sorted(recall) == recall
    assert all(0 <= share <= 1 for share in (*coverage, *recall))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60), st.floats(0, 1))
def test_any_history_can_be_learnt_from(
    history: list[tuple[float, bool]], confidence: float
) -> None:
    """What comes of it is a probability, and who was surer stays surer."""
    calibration = calibrate([one for one, _ in history], [right for _, right in history])

    assert 0 <= corrected(confidence, calibration) <= 1
    assert corrected(confidence / 2, calibration) <= corrected(confidence, calibration)
