"""Every plan is bounded, breaks everything once, and is whole again before the drain."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tools.chaos.faults import (
    CareDue,
    Down,
    Emptied,
    Fault,
    Killed,
    MetaFails,
    Paused,
    Poisoned,
    QueuesFail,
    TokenDead,
)
from tools.chaos.phases import LEAST, PHASE_S
from tools.chaos.plan import Size, plan_of
from tools.chaos.town import FIRST_SHOP

seeds = st.integers(0, 10**9)
sizes = st.builds(
    Size,
    load_s=st.floats(LEAST * PHASE_S, 150, allow_nan=False),
    shops=st.integers(7, 12),
    per_s=st.floats(0.5, 2),
    crowd=st.integers(1, 20),
    corner=st.integers(1, 10),
    live=st.integers(1, 10),
)
SERVICES = {"ingress", "router", "router-2", "classifier", "sender", "sender-2", "control"}
PROCESSES = {*SERVICES, "sqs"}


@given(seeds, sizes)
def test_the_same_seed_has_the_same_plan(seed: int, size: Size) -> None:
    """A plan is a function of seed and size, and of nothing else."""
    assert plan_of(seed, size) == plan_of(seed, size)


@given(seeds, sizes)
def test_all_is_whole_before_the_drain(seed: int, size: Size) -> None:
    """Every fault begins within the load and is over within it."""
    plan = plan_of(seed, size)
    for fault in plan.faults:
        assert 0 <= fault.at_s <= fault.over_at_s <= plan.size.load_s, str(fault)


@given(seeds, sizes)
def test_a_plan_is_bounded(seed: int, size: Size) -> None:
    """There is a number of people and of faults that no plan exceeds."""
    plan = plan_of(seed, size)

    assert len(plan.scenes) <= max(11, round(size.per_s * size.load_s)) + size.corner + size.live
    assert size.crowd == len(plan.crowd)
    assert size.urgent == len(plan.urgent)
    assert len(plan.faults) <= 12 * (size.load_s / PHASE_S + 1)
    assert all(0 <= scene.at_s <= size.load_s for scene in plan.scenes)
    assert all(0 < flush.at_s <= size.load_s for flush in plan.flushes)


@given(seeds, sizes)
def test_everything_breaks_once(seed: int, size: Size) -> None:
    """Each process is hurt, each server away; queues and Meta fail; a token dies; poison comes."""
    plan = plan_of(seed, size)
    hurt = {fault.who for fault in plan.faults if isinstance(fault, Killed | Paused)}
    killed = {fault.who for fault in plan.faults if isinstance(fault, Killed)}
    away = {fault.server for fault in plan.faults if isinstance(fault, Down)}
    kinds = {type(fault) for fault in plan.faults}

    assert PROCESSES == hurt
    assert {"ingress", "router", "classifier", "sender", "sender-2", "control"} <= killed
    assert {"postgres", "redis"} == away
    assert {Emptied, QueuesFail, MetaFails, TokenDead, Poisoned, CareDue} <= kinds


@given(seeds, sizes)
def test_nothing_breaks_twice_at_once(seed: int, size: Size) -> None:
    """Two faults that concern the same thing follow each other."""
    plan = plan_of(seed, size)
    by_target: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in plan.faults:
        by_target[fault.target].append(fault)
    for faults in by_target.values():
        for earlier, later in pairwise(faults):
            assert earlier.over_at_s <= later.at_s, f"{earlier}; {later}"


@given(seeds, sizes)
def test_a_restriction_excuses_nobody(seed: int, size: Size) -> None:
    """While Meta restricts accounts no process and no server is hurt."""
    plan = plan_of(seed, size)
    restricted = [
        fault
        for fault in plan.faults
        if isinstance(fault, MetaFails) and fault.fault.hold_s is not None
    ]
    hurting = [fault for fault in plan.faults if isinstance(fault, Killed | Paused | Down)]

    assert restricted
    for hold in restricted:
        for other in hurting:
            assert other.over_at_s <= hold.at_s or hold.over_at_s <= other.at_s, f"{hold}; {other}"


@given(seeds, sizes)
def test_only_shops_are_restricted(seed: int, size: Size) -> None:
    """Who must be answered within the run, and who is on the air, is not held for hours."""
    plan = plan_of(seed, size)
    for fault in plan.faults:
        if isinstance(fault, MetaFails) and fault.fault.account is not None:
            assert fault.fault.account >= FIRST_SHOP


@given(seeds, sizes)
def test_everybody_is_somebody(seed: int, size: Size) -> None:
    """No two scenes are of one person, so that what one does is told from what another does."""
    plan = plan_of(seed, size)
    names = [scene.person for scene in (*plan.crowd, *plan.urgent, *plan.scenes)]

    assert len(names) == len(set(names))


@given(seeds, sizes)
def test_who_acts_in_steps_is_told_of_in_order(seed: int, size: Size) -> None:
    """STOP and START are neither held back nor repeated: their order is what they are about."""
    plan = plan_of(seed, size)
    for scene in plan.scenes:
        if scene.kind in {"stop_start", "stop_between"}:
            assert (1, False, 0.0) == (
                scene.telling.copies,
                scene.telling.hold,
                scene.telling.late_s,
            )
