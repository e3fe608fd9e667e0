"""
How sure a ranking is: how often one that looks like it is right.

Three things are seen of a ranking: the best intent's score, its lead over the next, and how near
its nearest example is. What they are worth is learnt from the account's own examples: each is
compared with all the others (so it is known whether the best intent would have been right), and
with all intents but its own (then nothing could have been right). So no labelled history is needed
to begin with. Where there is one, a `Calibration` corrects what was too bold or too timid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from switchboard.contracts.questions import Calibration

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """What is seen of a ranking; each about 0 to 1."""

    score: float
    lead: float
    nearest: float


class Odds(NamedTuple):
    """Log odds that the best intent is right: weights of what is seen, and a constant."""

    score: float
    lead: float
    nearest: float
    constant: float

    def confidence(self, seen: Seen) -> float:
        """Return the probability, from 0 to 1, that the best intent is right."""
        return sigmoid(sum(w * x for w, x in zip(self, (*seen, 1.0), strict=True)))


# What holds of accounts in general: learnt on our own texts with `python -m bench.intents --prior`.
USUAL: Final = Odds(score=6.2, lead=1.0, nearest=4.8, constant=-5.0)
# How many observations the usual is worth.
_USUAL_WEIGHS: Final = 2.0


UNCORRECTED: Final = Calibration()


def corrected(confidence: float, calibration: Calibration) -> float:
    """Return `confidence` as the account's labelled history has it."""
    if calibration.slope == 1.0 and calibration.shift == 0.0:
        return confidence
    return sigmoid(calibration.slope * logit(confidence) + calibration.shift)


def learn_odds(seen: Floats, right: Floats, weights: Floats) -> Odds:
    """Return what `seen` (rows as `Seen`) is worth, with `right` (1 or 0) and rows' weights."""
    rows = np.column_stack([seen, np.ones(len(seen))])
    regression = _Regression(
        rows=rows,
        right=right,
        weights=weights,
        usual=np.array(USUAL),
        usual_weighs=_USUAL_WEIGHS,
    )
    return Odds(*map(float, regression.solved()))


# A history of so many labels is believed as much as our own confidence.
_OWN_WEIGHS: Final = 20.0
_RIGHT_AT_FIRST: Final = {"agrees": (18.0, 2.0), "differs": (6.5, 3.5)}


def calibrate(
    confidences: Sequence[float],
    right: Sequence[bool],
    *,
    measure: str = "",
    model_agrees: Sequence[bool] = (),
    model_differs: Sequence[bool] = (),
) -> Calibration:
    """
    Return what a labelled history says: for each text, how sure we were, and whether rightly.

    `measure` is what they were ranked by; `model_agrees` and `model_differs` say of the chat
    model's answers whether they were right. A short history changes little, a long one decides.
    """
    rows = np.array([[logit(one), 1.0] for one in confidences]).reshape(-1, 2)
    slope, shift = _Regression(
        rows=rows,
        right=np.array(right, dtype=np.float64),
        weights=np.ones(len(right)),
        usual=np.array([1.0, 0.0]),
        usual_weighs=_OWN_WEIGHS / 4,  # at even odds a label weighs a quarter
    ).solved()
    return Calibration(
        measure=measure,
        slope=float(max(slope, 0.05)),  # being surer is never worse
        shift=float(shift),
        labels=len(right),
        model_agrees=_share("agrees", model_agrees),
        model_differs=_share("differs", model_differs),
    )


def sigmoid(x: float) -> float:
    """Return the probability whose log odds are `x`."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else (e := math.exp(x)) / (1 + e)


def logit(probability: float) -> float:
    """Return log odds; certainty counts as one in a million short of it."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def _share(which: str, right: Sequence[bool]) -> float:
    ours, others = _RIGHT_AT_FIRST[which]
    return (ours + sum(right)) / (ours + others + len(right))


_SETTLED: Final = 1e-8  # a step so small changes no confidence that anybody reads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Regression:
    """A logistic regression of `right` on `rows`, drawn towards the `usual` weights."""

    rows: NDArray[Any]
    right: Floats
    weights: Floats
    usual: Floats
    usual_weighs: float

    def solved(self) -> Floats:
        """Return the likeliest weights (Newton's method)."""
        found: Floats = self.usual.astype(np.float64)
        for _ in range(50):
            step, here = self._step(found), self._unlikely(found)
            # A full step may overshoot where much is certain; halved, it leads downhill.
            while self._unlikely(found - step) > here and np.abs(step).max() > _SETTLED:
                step = step / 2
            found = found - step
            if np.abs(step).max() <= _SETTLED:
                break
        return found

    def _step(self, found: Floats) -> Floats:
        p = 1 / (1 + np.exp(-(self.rows @ found)))
        pull = self.usual_weighs * (found - self.usual)
        slope = self.rows.T @ (self.weights * (p - self.right)) + pull
        bend = (self.rows * (self.weights * p * (1 - p))[:, None]).T @ self.rows
        step: Floats = np.linalg.solve(bend + self.usual_weighs * np.eye(len(found)), slope)
        return step

    def _unlikely(self, found: Floats) -> float:
        """Return how unlikely what was seen is with the weights `found`."""
        odds = self.rows @ found
        surprise = self.weights * (np.logaddexp(0, odds) - self.right * odds)
        return float(surprise.sum() + self.usual_weighs / 2 * ((found - self.usual) ** 2).sum())
