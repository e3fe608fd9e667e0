"""The ports of the local stack: each has a number of its own and a variable that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dev.failures import CannotRun
from dev.servers.embedded import free_port, is_free
from switchboard.topology import CONTROL, INGRESS, SERVICES

_HIGHEST: Final = 65_535


@dataclass(frozen=True, slots=True)
class Port:
    """Where one part listens, and what its number is changed by."""

    part: str
    variable: str
    default: int


# Health checks of the workers, beside the ports that people use.
PORTS: Final = (
    Port("control", "CONTROL_PORT", CONTROL.port),
    Port("ingress", "INGRESS_PORT", INGRESS.port),
    Port("metasim", "METASIM_PORT", 8002),
    Port("auth", "AUTH_PORT", 8003),
    Port("sqs", "SQS_PORT", 4566),
    Port("postgres", "POSTGRES_PORT", 55432),
    Port("redis", "REDIS_PORT", 56379),
    *(
        Port(service.name, f"{service.name.upper()}_HEALTH_PORT", service.port)
        for service in SERVICES
        if service not in {CONTROL, INGRESS}
    ),
)


def read_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """
    Return each part's port by its name; 0 in the environment means one that is free now.

    Raises:
        CannotRun: A variable holds no port, or two parts would share one.
    """
    ports: dict[str, int] = {}
    for port in PORTS:
        number = _read(port, environ) or free_port()
        for other in PORTS:
            if ports.get(other.part) == number:
                raise CannotRun(
                    f"{port.variable}: port {number} is {other.variable}'s: give one of them "
                    "another"
                )
        ports[port.part] = number
    return ports


def require_free(ports: Mapping[str, int], parts: Iterable[str]) -> None:
    """
    See that everything that is to listen can.

    Raises:
        CannotRun: Somebody else listens on one of the ports.
    """
    wanted = set(parts)
    for port in PORTS:
        if port.part in wanted and not is_free(ports[port.part]):
            raise CannotRun(
                f"port {ports[port.part]} for {port.part} is taken: stop what listens there, or "
                f"set {port.variable} to another port"
            )


def _read(port: Port, environ: Mapping[str, str]) -> int:
    written = environ.get(port.variable, "").strip() or str(port.default)
    number = int(written) if written.isascii() and written.isdigit() else _HIGHEST + 1
    if number > _HIGHEST:
        raise CannotRun(f"{port.variable}: {written!r} is no port: give one from 0 to {_HIGHEST}")
    return number
