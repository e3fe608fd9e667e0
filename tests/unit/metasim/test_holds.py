"""Restrictions: how long they last, whom they concern, and which calls are excused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.holds import Holds, Meeting
from tools.metasim.orders import Fault, FaultTarget

_MESSAGE: frozenset[FaultTarget] = frozenset({"messages", "sends", "writes", "any"})
_REPLY: frozenset[FaultTarget] = frozenset({"replies", "writes", "any"})
_READ: frozenset[FaultTarget] = frozenset({"reads", "any"})


def restriction(**told: object) -> Fault:
    return Fault.model_validate({"preset": "policy_block", "hold_s": 100, **told})


def held(fault: Fault, *, began_s: float = 0.0) -> Holds:
    holds = Holds()
    holds.begin(fault, "1", now_s=began_s)
    return holds


def meeting(holds: Holds, now_s: float, *, account_id: str = "1") -> Meeting | None:
    met = holds.meets(_MESSAGE, account_id, now_s=now_s)
    return met.meeting if met else None


@pytest.mark.parametrize(
    ("now_s", "expected"),
    [
        (0.0, "under_way"),
        (1.0, "under_way"),
        (1.1, "while_held"),
        (99.9, "while_held"),
        (100.0, None),
        (-1.0, None),  # the clock was put back to before it began
    ],
)
def test_it_lasts_as_long_as_ordered(now_s: float, expected: Meeting | None) -> None:
    """After a short grace every call is one too many, until the restriction is over."""
    assert expected == meeting(held(restriction()), now_s)


def test_without_a_time_nothing_is_held() -> None:
    """A refusal that says nothing of time is a refusal of one call."""
    assert meeting(held(restriction(hold_s=None)), 0.0) is None


def test_it_concerns_one_account() -> None:
    """Another account is not restricted."""
    assert meeting(held(restriction()), 50.0, account_id="2") is None


def test_app_wide_concerns_all() -> None:
    """What restricts the app restricts every account."""
    app_wide = restriction(preset="app_limited")

    assert "while_held" == meeting(held(app_wide), 50.0, account_id="2")


@pytest.mark.parametrize(
    ("preset", "is_met"),
    [
        ("policy_block", (True, True, False)),
        ("message_access_off", (True, False, False)),
        ("budget_exhausted", (True, True, True)),
    ],
)
def test_which_calls_it_concerns(preset: str, is_met: tuple[bool, ...]) -> None:
    """A block stops all that is written, a switch messages, an empty budget everything."""
    holds = held(restriction(preset=preset))
    met = [holds.meets(one, "1", now_s=50.0) is not None for one in (_MESSAGE, _REPLY, _READ)]

    assert is_met == tuple(met)


def test_one_probe_after_each_interval() -> None:
    """One call may look whether it is over; the next only when as much time has passed again."""
    holds = held(restriction(probe_s=30))
    met = [meeting(holds, now_s) for now_s in (29.0, 30.0, 31.0, 59.0, 65.0, 90.0, 95.0)]

    assert [
        "while_held", "probe", "while_held", "while_held", "probe", "while_held", "probe",
    ] == met  # fmt: skip


@given(
    moments=st.lists(st.floats(0, 200), max_size=60).map(sorted),
    probe_s=st.floats(1, 100),
)
def test_probes_are_never_closer_than_their_interval(moments: list[float], probe_s: float) -> None:
    """However often it is tried, excused calls after the grace keep their distance."""
    holds = held(restriction(probe_s=probe_s, hold_grace_s=0))
    probes = [now_s for now_s in moments if meeting(holds, now_s) == "probe"]

    assert all(now_s >= probe_s for now_s in probes[:1])
    assert all(
        later - earlier >= probe_s * (1 - 1e-9) for earlier, later in itertools.pairwise(probes)
    )


def test_what_is_left_is_told() -> None:
    """A call that is held learns how long it will last."""
    met = held(restriction(), began_s=1000.0).meets(_MESSAGE, "1", now_s=1040.0)

    assert met is not None
    assert 60.0 == met.left_s


@pytest.mark.parametrize(("account_id", "left"), [("1", 1), (None, 0)])
def test_lifting(account_id: str | None, left: int) -> None:
    """One account's restrictions end, or everybody's."""
    holds = held(restriction())
    holds.begin(restriction(), "2", now_s=0.0)
    lifted = holds.lift(account_id)

    still = [one for one in "12" if meeting(holds, 50.0, account_id=one)]
    assert (2 - left, left) == (lifted, len(still))
