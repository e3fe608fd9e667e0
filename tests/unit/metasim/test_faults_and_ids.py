"""Faults fire as ordered; ids never repeat and look like Meta's."""

from __future__ import annotations

import pytest

from tools.metasim.config import Config, Fault
from tools.metasim.faults import Faults, refusal_of
from tools.metasim.ids import Mint, igsid


def test_fault_fires_as_often_as_ordered() -> None:
    """`times` bounds a fault; other targets and accounts do not use it up."""
    faults = Faults([Fault(on="messages", account_id="1", kind="delay", times=2)])
    met = [faults.draw("replies", "1"), faults.draw("messages", "2")]
    met += [faults.draw("messages", "1") for _ in range(3)]

    assert [False, False, True, True, False] == [fault is not None for fault in met]


def test_same_seed_same_faults() -> None:
    """Chance is repeatable."""
    order = [Fault(kind="delay", probability=0.5)]
    first, second = (Faults(order, seed=7) for _ in range(2))
    fired = [first.draw("reads", None) is not None for _ in range(100)]

    assert fired == [second.draw("reads", None) is not None for _ in range(100)]
    assert {True, False} == set(fired)


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (Fault(kind="throttle"), (613, 2534040)),
        (Fault(kind="throttle", code=80002), (80002, None)),
        (Fault(kind="refuse"), (2, None)),
        (Fault(kind="refuse", code=190, error_subcode=460), (190, 460)),
    ],
)
def test_ordered_refusals(fault: Fault, numbers: tuple[int, int | None]) -> None:
    """A refusal carries the numbers it was ordered with, or Meta's usual ones."""
    refusal = refusal_of(fault)
    assert refusal is not None
    assert numbers == (refusal.code, refusal.subcode)


def test_config_merges() -> None:
    """A change leaves what it does not name; a list replaces."""
    before = Config().merged({"limits": {"sends_per_second": 5}, "faults": [{"kind": "delay"}]})
    after = before.merged({"limits": {"media_per_second": 1}, "faults": []})

    assert (5, 1, 750) == (
        after.limits.sends_per_second,
        after.limits.media_per_second,
        after.limits.private_replies_per_hour,
    )
    assert [] == after.faults


def test_ids() -> None:
    """Ids are unique and beyond 2^53, message ids long, IGSIDs 16 digits and per account."""
    mint = Mint()
    made = [mint.comment_id() for _ in range(10_000)]

    assert 10_000 == len(set(made))
    assert int(made[0]) > 2**53
    assert len(mint.mid()) >= 150
    assert igsid("ana", "1") == igsid("ana", "1")
    assert igsid("ana", "1") != igsid("ana", "2")
    assert 16 == len(igsid("ana", "1"))
