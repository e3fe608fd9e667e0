"""Who answers a question, and what below the threshold becomes of it."""

from __future__ import annotations

import pytest

from switchboard.contracts import Calibration
from switchboard.intents.confidence import UNCORRECTED
from switchboard.intents.recogniser import Guess, Ranking
from switchboard.intents.tiers import (
    Judgement,
    Thresholds,
    by_examples_alone,
    by_model,
    nothing_said,
    without_model,
)

THRESHOLDS = Thresholds(believed=0.5, clear=0.8)
NOTHING = Ranking(None)


def ranked(confidence: float, name: str = "price") -> Ranking:
    """Return a ranking whose best intent is that sure."""
    return Ranking(Guess(name, confidence), (name, "sizes"), (0,))


@pytest.mark.parametrize(("confidence", "alone"), [(0.79, False), (0.8, True), (0.99, True)])
def test_clear_examples_answer_alone(*, confidence: float, alone: bool) -> None:
    """From the clear threshold on no model is asked; below it there is doubt."""
    judgement = by_examples_alone(ranked(confidence), THRESHOLDS, UNCORRECTED)

    assert (
        Judgement("recognised", "price", "examples", confidence) if alone else None
    ) == judgement


def test_who_must_be_surer_than_clear() -> None:
    """An account that believes only 0.95 has no answer at 0.9, however clear."""
    strict = Thresholds(believed=0.95, clear=0.8)

    assert by_examples_alone(ranked(0.9), strict, UNCORRECTED) is None


def test_history_decides_what_is_clear() -> None:
    """Confidence is compared as the account's history corrects it."""
    timid = Calibration(shift=3.0)

    assert by_examples_alone(ranked(0.6), THRESHOLDS, timid) is not None
    assert by_examples_alone(ranked(0.9), THRESHOLDS, Calibration(shift=-3.0)) is None


@pytest.mark.parametrize(
    ("confidence", "failed", "judgement"),
    [
        (0.5, None, Judgement("recognised", "price", "examples", 0.5)),
        (0.6, "timed_out", Judgement("recognised", "price", "examples", 0.6)),
        (0.4, None, Judgement("unsure", None, "nobody", 0.4, guess="price")),
        (0.4, "nonsense", Judgement("nonsense", None, "nobody", 0.4, guess="price")),
    ],
)
def test_without_the_model(confidence: float, failed: str | None, judgement: Judgement) -> None:
    """The examples answer if they can be believed; else nobody, for the reason the model gave."""
    assert judgement == without_model(ranked(confidence), THRESHOLDS, UNCORRECTED, failed)  # type: ignore[arg-type]  # a table


def test_without_the_model_and_without_examples() -> None:
    """Nobody can say anything."""
    assert Judgement("unsure") == without_model(NOTHING, THRESHOLDS, UNCORRECTED)
    assert Judgement("unavailable") == without_model(
        NOTHING, THRESHOLDS, UNCORRECTED, "unavailable"
    )


@pytest.mark.parametrize(
    ("chosen", "ranking", "judgement"),
    [
        ("price", ranked(0.3), Judgement("recognised", "price", "model", 0.9)),
        ("price", ranked(0.95), Judgement("recognised", "price", "model", 0.95)),
        ("sizes", ranked(0.7), Judgement("recognised", "sizes", "model", 0.65)),
        ("sizes", NOTHING, Judgement("recognised", "sizes", "model", 0.65)),
        (None, ranked(0.7), Judgement("none_fits", None, "model")),
    ],
)
def test_what_the_model_chose(chosen: str | None, ranking: Ranking, judgement: Judgement) -> None:
    """It is believed more where the examples say the same; that none fits is an answer."""
    assert judgement == by_model(chosen, ranking, THRESHOLDS, UNCORRECTED)


def test_a_model_that_is_mostly_wrong_is_not_believed() -> None:
    """Where its history is bad, what it chose is only a guess."""
    bad = Calibration(model_differs=0.2)

    assert Judgement("unsure", None, "model", 0.2, guess="sizes") == by_model(
        "sizes", ranked(0.7), THRESHOLDS, bad
    )


def test_nothing_said() -> None:
    """A heart is no question: none fits, and nobody was asked."""
    assert Judgement("none_fits", None, "examples") == nothing_said()
