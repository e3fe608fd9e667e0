"""
A circuit breaker: after some failures in a row a dependency is left alone, then tried by one.

    closed ──`failures` in a row──▶ open ──after `open_ms`──▶ half open: one call is a probe
       ▲                             ▲                             │
       └──────────── the probe succeeds ◀──────────────────────────┤
                                     └───── it fails ◀─────────────┘

Pure: the present is an argument. The same rules are in `state/lua/circuit.lua`, where replicas
share one circuit; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]
# go: call. probe: call, and much depends on it. stay: do not.
Permit = Literal["go", "probe", "stay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRules:
    """How many failures in a row open it, for how long, and how long a probe may take."""

    failures: int
    open_ms: int
    probe_ms: int


class Circuit:
    """One circuit, closed to begin with."""

    def __init__(self, rules: CircuitRules) -> None:
        self._rules = rules
        self.state: State = "closed"
        self._failed, self._until_ms = 0, 0

    def ask(self, now_ms: int) -> Permit:
        """Return whether a call may be made. A probe that is not heard of again is given anew."""
        if self.state == "closed":
            return "go"
        if now_ms < self._until_ms:
            return "stay"
        self.state, self._until_ms = "half_open", now_ms + self._rules.probe_ms
        return "probe"

    def succeeded(self) -> None:
        """A call succeeded. While open that is the end of an earlier call, and tells nothing."""
        if self.state != "open":
            self.state, self._failed = "closed", 0

    def failed(self, now_ms: int) -> None:
        """A call failed."""
        if self.state == "open":
            return
        self._failed += 1
        if self.state == "half_open" or self._failed >= self._rules.failures:
            self.state, self._failed = "open", 0
            self._until_ms = now_ms + self._rules.open_ms

    def let_go(self, now_ms: int) -> None:
        """A probe was given up before it told anything: the next call may be one."""
        if self.state == "half_open":
            self._until_ms = now_ms
