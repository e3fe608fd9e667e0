"""Which missed texts would make the best examples."""

from __future__ import annotations

from switchboard.intents.encoder import BuiltIn
from switchboard.intents.evaluating import Answered
from switchboard.intents.suggesting import Suggestion, suggest


def test_misses_are_heaped_and_the_most_frequent_is_proposed() -> None:
    """Texts that say nearly the same need one example; what was right needs none."""
    answered = [
        Answered("any news about my parcel", "order_status", "shipping", 0.6),
        Answered("Any news about my parcel?", "order_status", "shipping", 0.6),
        Answered("any news about my parcel", "order_status", "shipping", 0.6),
        Answered("is the ring gold", "material", "size", 0.2),
        Answered("how much", "price", "price", 0.9),
        Answered("hello", None, "price", 0.9),
        Answered("🔥", "price", None, 0.0),
    ]

    assert [
        Suggestion("order_status", "any news about my parcel", 3, "shipping"),
        Suggestion("material", "is the ring gold", 1, "size"),
    ] == suggest(answered, BuiltIn(), threshold=0.5, most=10)


def test_as_many_as_asked_for() -> None:
    """The most weighty first."""
    answered = [Answered(f"text number {n}", "a", None, 0.0) for n in range(9)]

    assert 2 == len(suggest(answered, BuiltIn(), threshold=0.5, most=2))
