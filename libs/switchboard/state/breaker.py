"""A circuit breaker that all replicas share: what one has learnt of a dependency, all know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from switchboard.circuit import CircuitRules, Permit, State
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.scripts import Call, Script

Happened = Literal["ask", "succeeded", "failed", "let_go"]


class Breaker:
    """
    The circuit called `name`; see `Circuit` for its rules.

    `now_ms` replaces Redis's clock in tests; in production it is left out.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        rules: CircuitRules,
        *,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._circuit = Script(redis, "circuit")
        self._key, self._rules, self._now_ms = keys.breaker(name), rules, now_ms

    async def tell(self, happened: Happened) -> tuple[Permit, State]:
        """
        Ask for a permit, or tell how a call ended; return the permit and the circuit's state.

        Raises:
            Unavailable: Redis is away.
        """
        now = 0 if self._now_ms is None else self._now_ms()
        rules = self._rules
        answer = await self._circuit.run(
            Call([self._key], [now, happened, rules.failures, rules.open_ms, rules.probe_ms])
        )
        permit, state = cast("tuple[Permit, State]", tuple(cast("list[str]", answer)))
        return permit, state
