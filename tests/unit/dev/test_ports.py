"""Each part has a port, a variable changes it, and what is wrong is said in one line."""

from __future__ import annotations

import pytest

from dev.failures import CannotRun
from dev.ports import PORTS, read_ports
from switchboard.topology import SERVICES


def test_every_service_has_a_port() -> None:
    """No service is left to collide with another."""
    assert {service.name for service in SERVICES} <= {port.part for port in PORTS}


def test_defaults_are_distinct() -> None:
    """An empty environment gives every part a number of its own."""
    ports = read_ports({})

    assert {port.part: port.default for port in PORTS} == ports
    assert len(ports) == len(set(ports.values()))


def test_a_variable_changes_its_port_alone() -> None:
    """One port moves, the others stay."""
    assert {**read_ports({}), "postgres": 5555} == read_ports({"POSTGRES_PORT": " 5555 "})


@pytest.mark.parametrize("written", ["x", "-1", "65536", "80.0", "٣", "1e3"])
def test_what_is_no_port_is_refused(written: str) -> None:
    """The message names the variable and the range."""
    with pytest.raises(CannotRun, match=r"^REDIS_PORT: .* is no port: give one from 0 to 65535$"):
        read_ports({"REDIS_PORT": written})


def test_two_parts_cannot_share_a_port() -> None:
    """Both variables are named, before anything is started."""
    with pytest.raises(CannotRun, match=r"SQS_PORT: port 8001 is INGRESS_PORT's"):
        read_ports({"SQS_PORT": "8001"})
