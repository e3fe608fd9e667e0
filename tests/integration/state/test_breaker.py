"""The circuit that replicas share: the same rules as the process's own, and one truth for all."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.circuit import Circuit, CircuitRules, Permit
from switchboard.state import Breaker
from switchboard.state.breaker import Happened
from switchboard.state.client import Redis

RULES = CircuitRules(failures=3, open_ms=15_000, probe_ms=9_000)
HAPPENED = st.sampled_from(("ask", "ask", "failed", "failed", "succeeded", "let_go"))
STORIES = st.lists(st.tuples(st.integers(0, 20_000), HAPPENED), max_size=40)


def own(circuit: Circuit, happened: Happened, now_ms: int) -> Permit:
    """Tell the circuit what happened; return the permit it gives."""
    match happened:
        case "ask":
            return circuit.ask(now_ms)
        case "succeeded":
            circuit.succeeded()
        case "failed":
            circuit.failed(now_ms)
        case "let_go":
            circuit.let_go(now_ms)
    return "go"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORIES)
async def test_the_script_and_the_class_are_one(
    redis: Redis, story: list[tuple[int, Happened]]
) -> None:
    """Whatever happens in whatever order, both give the same permits and are in the same state."""
    circuit, now = Circuit(RULES), 1_700_000_000_000
    breaker = Breaker(redis, uuid4().hex, RULES, now_ms=lambda: now)
    for later_ms, happened in story:
        now += later_ms
        permit = own(circuit, happened, now)

        assert (permit, circuit.state) == await breaker.tell(happened)


async def test_replicas_give_one_probe_between_them(redis: Redis) -> None:
    """After it opened, of fifty who ask at once one may try; when it succeeded, all may."""
    name, now = uuid4().hex, 1_700_000_000_000
    replicas = [Breaker(redis, name, RULES, now_ms=lambda: now) for _ in range(5)]
    for replica in replicas[: RULES.failures]:
        await replica.tell("failed")
    now += RULES.open_ms
    permits = await asyncio.gather(*(replica.tell("ask") for replica in replicas * 10))

    assert ["probe"] + ["stay"] * 49 == sorted(permit for permit, _ in permits)
    await replicas[3].tell("succeeded")
    assert ("go", "closed") == await replicas[4].tell("ask")


async def test_a_flush_closes_it(redis: Redis) -> None:
    """Nothing is lost with Redis but what is learnt again."""
    name = uuid4().hex
    breaker = Breaker(redis, name, RULES)
    for _ in range(3):
        await breaker.tell("failed")
    assert ("stay", "open") == await breaker.tell("ask")

    await redis.delete(f"breaker:{{{name}}}")
    assert ("go", "closed") == await breaker.tell("ask")
