"""Messages to people who asked for no more: from when, until when, and whose words count."""

from __future__ import annotations

import pytest

from tests.unit.metasim.case import Case
from tools.metasim.ledger import Delivery


def wished(*wishes: tuple[float, str]) -> Case:
    """Return a case in which the person opted `out` or `in` at these moments."""
    case = Case()
    for at_s, wish in wishes:
        case.now_s = at_s
        case.writes(f"{wish}{at_s:g}", opts="out" if wish == "out" else "in")
    return case


@pytest.mark.parametrize(("at_s", "is_wrong"), [(5.0, False), (10.0, False), (10.1, True)])
def test_grace(at_s: float, *, is_wrong: bool) -> None:
    """What is under way may arrive for ten seconds; what comes later was sent all the same."""
    case = wished((0.0, "out"))
    case.now_s = at_s
    case.gets("offer")

    assert is_wrong == ("after_opt_out" in case.found())


@pytest.mark.parametrize(
    ("wishes", "is_wrong"),
    [
        ([(0.0, "out"), (50.0, "in")], False),
        ([(0.0, "in"), (50.0, "out")], True),
        ([(50.0, "in"), (0.0, "out")], False),  # told in another order than uttered
        ([(0.0, "out"), (0.0, "in")], False),
        ([(0.0, "in")], False),
    ],
)
def test_the_latest_wish_counts(wishes: list[tuple[float, str]], *, is_wrong: bool) -> None:
    """Whatever was wished before, and in whatever order it was told."""
    case = wished(*wishes)
    case.now_s = 100.0
    case.gets("offer")

    assert is_wrong == ("after_opt_out" in case.found())


@pytest.mark.parametrize("delivery", ["pending", "refused", "failed"])
def test_nobody_can_heed_what_they_were_not_told(delivery: Delivery) -> None:
    """A wish whose webhook was never accepted binds nobody."""
    case = Case()
    case.writes("m1", delivery=delivery, opts="out")
    case.now_s = 100.0
    case.gets("offer")

    assert "after_opt_out" not in case.found()


def test_private_replies_are_messages_too() -> None:
    """A private reply to somebody who opted out is one; a public reply is none."""
    case = wished((0.0, "out"))
    case.now_s = 100.0
    case.comments("c1")
    case.gets_reply("public_reply", "thanks")
    assert {} == case.found()
    case.gets_reply("private_reply", "link")

    assert {"after_opt_out": ["out0"]} == case.found()
