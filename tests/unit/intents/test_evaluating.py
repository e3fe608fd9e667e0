"""The figures of a report, on a handful of texts one can count."""

from __future__ import annotations

import pytest

from switchboard.intents.evaluating import Answered, At, Confused, at, report

ANSWERED = [
    Answered("a", "price", "price", 0.9, took_ms=1),
    Answered("b", "price", "price", 0.6, took_ms=2),
    Answered("c", "price", "sizes", 0.7, took_ms=3),
    Answered("d", "sizes", "sizes", 0.3, took_ms=4),
    Answered("e", None, "price", 0.55, took_ms=5),
    Answered("f", None, "price", 0.1, by="model", took_ms=100),
    Answered("g", None, None, 0.0, took_ms=6),
]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.0, At(0.0, 1.0, 3 / 6, 3 / 4, 1 / 3)),
        (0.5, At(0.5, 3 / 4, 2 / 4, 2 / 4, 2 / 3)),
        (0.65, At(0.65, 2 / 4, 1 / 2, 1 / 4, 1.0)),
        (0.95, At(0.95, 0.0, None, 0.0, 1.0)),
    ],
)
def test_at_a_threshold(threshold: float, expected: At) -> None:
    """Coverage of what is in scope, accuracy of all answers, recall of what is out of scope."""
    assert expected == at(ANSWERED, threshold)


def test_a_report() -> None:
    """All figures of one run."""
    told = report(ANSWERED, intents=2, examples=20, threshold=0.5)

    assert (4, 3, 3 / 4) == (told.in_scope, told.out_of_scope, told.in_scope_accuracy)
    assert (Confused("price", "sizes", 1), Confused(None, "price", 1)) == tuple(
        sorted(told.confusions, key=lambda one: str(one.right), reverse=True)
    )
    assert [("examples", 6 / 7, 4, 6), ("model", 1 / 7, 100, 100)] == [
        (tier.by, tier.share, tier.p50_ms, tier.p95_ms) for tier in told.tiers
    ]
    assert pytest.approx(11 / 12) == told.separation
    assert 20 == len(told.curve)


def test_without_texts_out_of_scope() -> None:
    """What cannot be told is not."""
    told = report(ANSWERED[:4], intents=2, examples=2, threshold=0.5)

    assert told.separation is None
    assert told.at_threshold.out_of_scope_recall is None
