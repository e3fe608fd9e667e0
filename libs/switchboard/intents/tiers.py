"""
Who answers a question: the examples alone, the chat model, or nobody.

    nothing is said in the text            ─▶ none fits
    the examples are sure enough           ─▶ their answer             no model is asked
    a chat model answered                  ─▶ its answer, if it can be believed
    no model, or it failed                 ─▶ the examples' answer, if it can be believed
    otherwise                              ─▶ nobody knows; `guess` is what it would have been
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from switchboard.contracts.questions import Calibration
from switchboard.intents.choosing import WhyNot
from switchboard.intents.confidence import corrected
from switchboard.intents.recogniser import Ranking

Because = Literal[
    "recognised", "none_fits", "unsure", "too_late", "unavailable", "timed_out", "nonsense"
]
By = Literal["model", "examples", "cache", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """
    How sure one must be. `believed`: an answer below it is none. `clear`: from there on the
    examples answer alone, and no model is asked.
    """

    believed: float = 0.5
    clear: float = 0.8


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What came of a question: an intent, or why there is none; who said so, and how sure it is.

    `guess` is the intent it would have been, where nobody was sure enough.
    """

    because: Because
    intent: str | None = None
    by: By = "nobody"
    confidence: float | None = None
    guess: str | None = None


def by_examples_alone(
    ranking: Ranking, thresholds: Thresholds, calibration: Calibration
) -> Judgement | None:
    """Return the examples' judgement where no model need be asked, else `None`: in doubt."""
    if ranking.best is None:
        return None
    sure = _sure(ranking, calibration)
    if sure >= max(thresholds.clear, thresholds.believed):
        return Judgement("recognised", ranking.best.name, "examples", sure)
    return None


def by_model(
    chosen: str | None, ranking: Ranking, thresholds: Thresholds, calibration: Calibration
) -> Judgement:
    """Return the judgement after the chat model chose `chosen`, or that none fits."""
    if chosen is None:
        return Judgement("none_fits", by="model")
    agrees = ranking.best is not None and ranking.best.name == chosen
    sure = calibration.model_agrees if agrees else calibration.model_differs
    if agrees:
        sure = max(sure, _sure(ranking, calibration))
    if sure >= thresholds.believed:
        return Judgement("recognised", chosen, "model", sure)
    return Judgement("unsure", None, "model", sure, guess=chosen)


def without_model(
    ranking: Ranking,
    thresholds: Thresholds,
    calibration: Calibration,
    failed: WhyNot | None = None,
) -> Judgement:
    """Return the judgement where no chat model can be asked, or it `failed`."""
    if ranking.best is None:
        return Judgement(failed or "unsure")
    sure = _sure(ranking, calibration)
    if sure >= thresholds.believed:
        return Judgement("recognised", ranking.best.name, "examples", sure)
    return Judgement(failed or "unsure", None, "nobody", sure, guess=ranking.best.name)


def nothing_said() -> Judgement:
    """Return the judgement of a text without a word in it."""
    return Judgement("none_fits", by="examples")


def _sure(ranking: Ranking, calibration: Calibration) -> float:
    return 0.0 if ranking.best is None else corrected(ranking.best.confidence, calibration)
