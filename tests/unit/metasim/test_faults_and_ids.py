"""Faults fire as ordered; ids never repeat and look like Meta's."""

from __future__ import annotations

import pytest

from tools.metasim.config import Config
from tools.metasim.faults import Faults, failure_after, refusal_of
from tools.metasim.ids import Mint, igsid
from tools.metasim.orders import Fault, FaultTarget

_MESSAGE: frozenset[FaultTarget] = frozenset({"messages", "sends", "writes", "any"})
_REPLY: frozenset[FaultTarget] = frozenset({"replies", "writes", "any"})


def test_fault_fires_as_often_as_ordered() -> None:
    """`times` bounds a fault; other targets and accounts do not use it up."""
    faults = Faults([Fault(on="messages", account_id="1", kind="delay", times=2)])
    met = [faults.draw(_REPLY, "1", now_s=0.0), faults.draw(_MESSAGE, "2", now_s=0.0)]
    met += [faults.draw(_MESSAGE, "1", now_s=0.0) for _ in range(3)]

    assert [False, False, True, True, False] == [fault is not None for fault in met]


def test_same_seed_same_faults() -> None:
    """Chance is repeatable."""
    order = [Fault(kind="delay", probability=0.5)]
    first, second = (Faults(order, seed=7) for _ in range(2))
    fired = [first.draw(_REPLY, None, now_s=0.0) is not None for _ in range(100)]

    assert fired == [second.draw(_REPLY, None, now_s=0.0) is not None for _ in range(100)]
    assert {True, False} == set(fired)


def test_fault_begins_and_ends_by_itself() -> None:
    """`after_s` and `for_s` bound a fault in time, from when it was ordered."""
    faults = Faults([Fault(kind="delay", after_s=10, for_s=20)], ordered_at_s=100.0)
    moments = [100.0, 109.9, 110.0, 129.9, 130.0]
    fired = [faults.draw(_REPLY, None, now_s=now_s) is not None for now_s in moments]

    assert [False, False, True, True, False] == fired


@pytest.mark.parametrize(
    ("on", "fired"), [("messages", 1), ("sends", 1), ("writes", 2), ("replies", 1), ("any", 2)]
)
def test_wider_names_fit_more_calls(on: FaultTarget, fired: int) -> None:
    """A fault on sends meets messages, one on writes public replies as well."""
    faults = Faults([Fault(kind="delay", on=on)])

    assert fired == sum(faults.draw(one, "1", now_s=0.0) is not None for one in (_MESSAGE, _REPLY))


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


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (Fault(kind="accept_then_code_1"), (1, None)),
        (Fault(kind="accept_then_error", code=1, error_subcode=1357046), (1, 1357046)),
    ],
)
def test_failures_after_the_deed(fault: Fault, numbers: tuple[int, int | None]) -> None:
    """A call that was done may be answered with any numbers; it is not refused by that."""
    failure = failure_after(fault)
    assert failure is not None
    assert numbers == (failure.code, failure.subcode)
    assert refusal_of(fault) is None


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
