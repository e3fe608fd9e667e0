"""What is wrong with intents is said before they are published."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.contracts import IntentOption
from switchboard.intents.checking import (
    MAX_EXAMPLE_CHARACTERS,
    MAX_EXAMPLES,
    MAX_INTENTS,
    check,
)

GOOD = ("how much is it", "what does it cost", "price please", "your rates?", "is it expensive")


def intent(name: str = "price", **fields: Any) -> IntentOption:
    """Return an intent with which nothing is wrong but for `fields`."""
    whole: dict[str, Any] = {"examples": GOOD}
    return IntentOption(name=name, **whole | fields)


def faults(*intents: IntentOption) -> list[tuple[str, str]]:
    """Return severity and path of what is wrong."""
    return [(fault.severity, fault.path) for fault in check(intents)]


def test_nothing_is_wrong() -> None:
    """Two intents with examples of their own can be published."""
    assert [] == check([intent(), intent("sizes", examples=tuple(f"size {n}?" for n in range(9)))])


@pytest.mark.parametrize(
    ("intents", "expected"),
    [
        ([], [("error", "intents")]),
        ([intent(examples=())], [("error", "price")]),
        ([intent(examples=("how much",))], [("warning", "price")]),
        ([intent(examples=(*GOOD, "x" * (MAX_EXAMPLE_CHARACTERS + 1)))],
         [("error", "price.examples.5")]),
        ([intent(examples=(*GOOD, "🔥"))], [("error", "price.examples.5")]),
        ([intent("none")], [("error", "none")]),
        ([intent("None ")], [("error", "None ")]),
        ([intent("a\nb")], [("error", "'a\\nb'")]),
        ([intent(description="d" * 401)], [("error", "price.description")]),
        ([intent(examples=tuple(f"text {n}" for n in range(MAX_EXAMPLES + 1)))],
         [("error", "price")]),
    ],
)  # fmt: skip
def test_what_is_wrong(intents: list[IntentOption], expected: list[tuple[str, str]]) -> None:
    """Each fault has its place, and says whether it keeps from publishing."""
    assert expected == faults(*intents)


def test_names_that_are_the_same() -> None:
    """Upper and lower case make no other intent; both are named."""
    other = intent("PRICE", examples=tuple(f"other {n}" for n in range(5)))

    assert [("error", "price"), ("error", "PRICE")] == faults(intent(), other)


def test_one_example_for_two_intents() -> None:
    """Which of them is meant nobody could tell."""
    other = intent("rates", examples=("Your rates?", *(f"rate {n}" for n in range(5))))

    assert [("error", "rates.examples.0")] == faults(intent(), other)


def test_too_many() -> None:
    """Neither so many intents nor so many bytes travel with a question."""
    many = [
        intent(f"intent {n}", examples=tuple(f"{n} {k} " + "x" * 290 for k in range(10)))
        for n in range(MAX_INTENTS + 1)
    ]

    assert [("error", "intents"), ("error", "intents")] == faults(*many)
