"""Sizes and faults of a plan, by example."""

from __future__ import annotations

import pytest

from tools.chaos.faults import MetaFails, MetaFault, Poisoned, TokenDead
from tools.chaos.plan import Size, plan_of
from tools.metasim.orders import Fault


def test_two_seeds_have_two_plans() -> None:
    """Another seed has other people and other faults."""
    one, other = plan_of(1, Size(load_s=48)), plan_of(2, Size(load_s=48))

    assert one.scenes != other.scenes
    assert one.faults != other.faults


@pytest.mark.parametrize(
    ("load_s", "crowd", "said"), [(10.0, 64, "to break everything"), (48.0, 700, "Meta's hour")]
)
def test_a_size_that_cannot_be(load_s: float, crowd: int, said: str) -> None:
    """A load too short for every fault, or too much for Meta's hour, is refused with the reason."""
    with pytest.raises(ValueError, match=said):
        Size(load_s=load_s, crowd=crowd)


@pytest.mark.parametrize("seed", range(30))
def test_the_simulator_knows_every_fault(seed: int) -> None:
    """What a plan orders of Meta is what the simulator takes: presets, fields and all."""
    for fault in plan_of(seed, Size(load_s=120)).faults:
        if isinstance(fault, MetaFails):
            Fault.model_validate(fault.fault.told("17841400000700003"))
        if isinstance(fault, TokenDead):
            Fault.model_validate(MetaFault(preset=fault.preset).told("17841400000700003"))


def test_only_what_is_said_is_told() -> None:
    """A fault is told with what narrows it down, and its account by Meta's id."""
    fault = MetaFault(preset="slow", account=4, delay_s=1.5)

    assert {"preset": "slow", "account_id": "1784", "delay_s": 1.5} == fault.told("1784")
    assert {"preset": "slow"} == MetaFault(preset="slow").told(None)


def test_poison_is_told_apart() -> None:
    """Two poisoned messages of one plan have two bodies."""
    one, other = Poisoned(at_s=1.0, queue="events"), Poisoned(at_s=2.5, queue="events")

    assert one.body != other.body
