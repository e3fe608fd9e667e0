"""A circuit breaker: closed, open, half open with one probe."""

from __future__ import annotations

import pytest

from switchboard.circuit import Circuit, CircuitRules

RULES = CircuitRules(failures=3, open_ms=15_000, probe_ms=9_000)


@pytest.fixture
def circuit() -> Circuit:
    """A circuit that has heard nothing yet."""
    return Circuit(RULES)


def opened(circuit: Circuit, at_ms: int = 0) -> Circuit:
    """Let it fail until it opens."""
    for _ in range(RULES.failures):
        circuit.failed(at_ms)
    return circuit


def test_failures_in_a_row_open_it(circuit: Circuit) -> None:
    """Two are not enough, and a success between them begins the count anew."""
    circuit.failed(0)
    circuit.failed(0)
    circuit.succeeded()
    circuit.failed(0)
    circuit.failed(0)
    assert "go" == circuit.ask(1)

    circuit.failed(1)
    assert ("open", "stay") == (circuit.state, circuit.ask(2))


def test_one_probe_after_a_while(circuit: Circuit) -> None:
    """One call tries; the others stay until it has told."""
    opened(circuit)

    assert "stay" == circuit.ask(14_999)
    assert ["probe", "stay", "stay"] == [circuit.ask(15_000) for _ in range(3)]
    assert "half_open" == circuit.state


def test_a_probe_that_succeeds_closes_it(circuit: Circuit) -> None:
    """All go again, and it takes as many failures as ever to open it."""
    opened(circuit).ask(15_000)
    circuit.succeeded()
    circuit.failed(15_001)

    assert ("closed", "go") == (circuit.state, circuit.ask(15_001))


def test_a_probe_that_fails_opens_it_for_as_long_again(circuit: Circuit) -> None:
    """One failure is enough."""
    opened(circuit).ask(15_000)
    circuit.failed(16_000)

    assert ["stay", "probe"] == [circuit.ask(30_999), circuit.ask(31_000)]


def test_a_probe_that_is_not_heard_of_is_given_anew(circuit: Circuit) -> None:
    """A process that died with the probe in hand leaves nobody waiting for ever."""
    opened(circuit).ask(15_000)

    assert ["stay", "probe"] == [circuit.ask(23_999), circuit.ask(24_000)]


def test_a_probe_that_was_let_go_is_given_to_the_next(circuit: Circuit) -> None:
    """It told nothing; nobody need wait for it."""
    opened(circuit).ask(15_000)
    circuit.let_go(15_500)

    assert "probe" == circuit.ask(15_500)


def test_what_began_before_it_opened_tells_nothing(circuit: Circuit) -> None:
    """Late ends of earlier calls neither close it nor keep it open longer."""
    opened(circuit)
    circuit.succeeded()
    circuit.failed(14_000)

    assert ["stay", "probe"] == [circuit.ask(14_999), circuit.ask(15_000)]
