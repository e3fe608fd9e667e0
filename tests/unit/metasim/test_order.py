"""Messages of a chain: in their order, out of it, and two chains at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.metasim.case import Case

_CHAIN = ("one", "two", "three")


@pytest.mark.parametrize(
    ("came", "wrong"),
    [
        (("one!", "two!", "three!"), 0),
        (("two!", "one!", "three!"), 1),
        (("three!", "two!", "one!"), 2),
        (("one!", "three!"), 0),  # one is lost, and that is another matter
        (("one!", "hello", "two!", "three!"), 0),
    ],
)
def test_one_chain(came: tuple[str, ...], wrong: int) -> None:
    """Each message that comes after one which follows it is out of order."""
    case = Case()
    case.writes("m1", in_order=_CHAIN)
    case.gets(*came)

    assert wrong == len(case.found().get("out_of_order", []))


def test_the_longest_beginning_counts() -> None:
    """Of two beginnings that fit, the message is the one that says more of it."""
    case = Case()
    case.writes("m1", in_order=("Hi", "Hi there"))
    case.gets("Hi there, Ana", "Hi")

    assert {"out_of_order": ["m1"]} == case.found()


def test_chains_of_two_taps_may_overlap() -> None:
    """The same chain begun twice is two chains, each in its own order."""
    case = Case()
    case.writes("m1", in_order=_CHAIN)
    case.writes("m2", in_order=_CHAIN)
    case.gets("one", "one", "two", "three", "two", "three")

    assert "out_of_order" not in case.found()


def test_what_came_before_is_no_part_of_it() -> None:
    """A message from before the chain began says nothing about its order."""
    case = Case()
    case.writes("m0")
    case.gets("three")
    case.writes("m1", in_order=_CHAIN)
    case.gets("one", "two")

    assert {} == case.found()


@given(st.permutations(range(5)), st.integers(0, 5))
def test_ordered_exactly_when_nothing_is_out_of_order(order: list[int], kept: int) -> None:
    """Whatever part of a chain comes: it is faultless if and only if it is sorted."""
    case = Case()
    case.writes("m1", in_order=tuple("abcde"))
    came = order[:kept]
    case.gets(*("abcde"[place] for place in came))

    assert (came == sorted(came)) == ("out_of_order" not in case.found())
