"""
How good the recognising is, measured on labelled texts.

*Coverage* is the share of in-scope texts that got an answer; *accuracy* the share of answers that
were right, answers to texts that are out of scope being wrong; *out-of-scope recall* the share of
texts out of scope that got none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.contracts.questions import Calibration
from switchboard.intents.confidence import corrected
from switchboard.intents.recogniser import Ranking
from switchboard.intents.samples import Sample

THRESHOLDS: Final = tuple(step / 20 for step in range(20))
_MAX_CONFUSIONS: Final = 15


@dataclass(frozen=True, slots=True)
class Answered:
    """
    One text: what was right (`None`: nothing), what it would be taken for, how sure, by whom.

    `took_ms` is `None` where it was asked together with others.
    """

    text: str
    right: str | None
    best: str | None
    confidence: float
    by: str = "examples"
    took_ms: float | None = None

    def at(self, threshold: float) -> str | None:
        """Return the answer it gets where `threshold` must be reached."""
        return self.best if self.best is not None and self.confidence >= threshold else None


def by_examples(
    sample: Sample, ranking: Ranking, calibration: Calibration, took_ms: float | None = None
) -> Answered:
    """Return what the examples alone answer to `sample`, which they rank as `ranking`."""
    if ranking.best is None:
        return Answered(sample.text, sample.label, None, 0.0, "examples", took_ms)
    sure = corrected(ranking.best.confidence, calibration)
    return Answered(sample.text, sample.label, ranking.best.name, sure, "examples", took_ms)


@dataclass(frozen=True, slots=True)
class At:
    """What a threshold comes to; a share of nothing is `None`."""

    threshold: float
    coverage: float | None
    accuracy: float | None
    right_in_scope: float | None
    out_of_scope_recall: float | None


@dataclass(frozen=True, slots=True)
class Confused:
    """How often one intent was taken for another; `None` is out of scope, or no answer."""

    right: str | None
    answered: str | None
    times: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier's part: its share of all questions, its accuracy, and how long it took."""

    by: str
    share: float
    accuracy: float | None
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything `switchboard intents eval` prints."""

    intents: int
    examples: int
    in_scope: int
    out_of_scope: int
    in_scope_accuracy: float | None  # with no threshold: the best guess, however unsure
    threshold: float
    at_threshold: At
    curve: tuple[At, ...]
    confusions: tuple[Confused, ...]
    tiers: tuple[Tier, ...]
    calibration_error: float | None
    separation: float | None  # how well confidence parts in scope from out: 0.5 not, 1 wholly


def report(
    answered: Sequence[Answered], *, intents: int, examples: int, threshold: float
) -> Report:
    """Return what `answered` comes to; `threshold` is the one in use."""
    inside = [one for one in answered if one.right is not None]
    outside = [one for one in answered if one.right is None]
    return Report(
        intents=intents,
        examples=examples,
        in_scope=len(inside),
        out_of_scope=len(outside),
        in_scope_accuracy=_share(one.best == one.right for one in inside),
        threshold=threshold,
        at_threshold=at(answered, threshold),
        curve=tuple(at(answered, one) for one in THRESHOLDS),
        confusions=tuple(_confusions(answered, threshold)),
        tiers=tuple(_tiers(answered, threshold)),
        calibration_error=_calibration_error(answered),
        separation=_separation(inside, outside),
    )


def at(answered: Sequence[Answered], threshold: float) -> At:
    """Return what `threshold` comes to."""
    inside = [one for one in answered if one.right is not None]
    given = [one for one in answered if one.at(threshold) is not None]
    return At(
        threshold,
        _share(one.at(threshold) is not None for one in inside),
        _share(one.at(threshold) == one.right for one in given),
        _share(one.at(threshold) == one.right for one in inside),
        _share(one.at(threshold) is None for one in answered if one.right is None),
    )


def _confusions(answered: Sequence[Answered], threshold: float) -> Iterable[Confused]:
    pairs = Counter(
        (one.right, given)
        for one in answered
        if (given := one.at(threshold)) != one.right and given is not None
    )
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return (Confused(*pair, times) for pair, times in ordered[:_MAX_CONFUSIONS])


def _tiers(answered: Sequence[Answered], threshold: float) -> Iterable[Tier]:
    by: Mapping[str, list[Answered]] = defaultdict(list)
    for one in answered:
        by[one.by].append(one)
    for name, own in sorted(by.items()):
        times = sorted(one.took_ms for one in own if one.took_ms is not None) or [0.0]
        given = [one for one in own if one.at(threshold) is not None]
        yield Tier(
            name,
            len(own) / len(answered),
            _share(one.at(threshold) == one.right for one in given),
            times[len(times) // 2],
            times[min(len(times) - 1, len(times) * 95 // 100)],
        )


def _calibration_error(answered: Sequence[Answered]) -> float | None:
    """Return by how much confidence misses the share of right answers, on average (ten bins)."""
    bins: Mapping[int, list[Answered]] = defaultdict(list)
    for one in answered:
        if one.best is not None:
            bins[min(9, int(one.confidence * 10))].append(one)
    total = sum(map(len, bins.values()))
    missed = sum(
        abs(sum(one.confidence - (one.best == one.right) for one in own)) for own in bins.values()
    )
    return missed / total if total else None


def _separation(inside: Sequence[Answered], outside: Sequence[Answered]) -> float | None:
    """Return how often a text in scope has more confidence than one out of scope (AUROC)."""
    if not inside or not outside:
        return None
    marked = [(one.confidence, 1) for one in inside] + [(one.confidence, 0) for one in outside]
    ranks: dict[float, list[int]] = defaultdict(list)
    for place, (confidence, is_inside) in enumerate(sorted(marked), start=1):
        ranks[confidence] += [place, is_inside]
    total = 0.0
    for found in ranks.values():
        places, flags = found[::2], found[1::2]
        total += sum(flags) * sum(places) / len(places)
    least = len(inside) * (len(inside) + 1) / 2
    return (total - least) / (len(inside) * len(outside))


def _share(found: Iterable[bool]) -> float | None:
    flags = list(found)
    return sum(flags) / len(flags) if flags else None
