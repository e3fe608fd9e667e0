"""The model's circuit breaker: the replicas' common one, and this process's own behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from services.classifier.sharing import Sharing
from switchboard.circuit import Circuit, CircuitRules, Permit, State
from switchboard.state.breaker import Happened
from switchboard.telemetry import Meter, Metric

BREAKER_STATE = Metric("BreakerState")

log = structlog.get_logger()


class Common(Protocol):
    """The circuit that all replicas share."""

    async def tell(self, happened: Happened) -> tuple[Permit, State]:
        """Ask for a permit, or tell how a call ended; raises `Unavailable` if it is away."""
        ...


class ModelBreaker:
    """
    Whether the model may be called now.

    The process's own circuit hears everything too, so that it knows the model's state on the day
    Redis is away. Without a common one it is all there is.
    """

    def __init__(
        self,
        rules: CircuitRules,
        *,
        meter: Meter,
        common: Common | None = None,
        sharing: Sharing | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own, self._common, self._meter = Circuit(rules), common, meter
        self._sharing, self._monotonic = sharing or Sharing(), monotonic
        self._last: State = "closed"

    async def ask(self) -> Permit:
        """Return whether a call may be made."""
        permit, state = await self._tell("ask")
        self._meter.count(BREAKER_STATE, 1, state=state)
        return permit

    async def succeeded(self) -> None:
        """Tell that a call succeeded."""
        await self._tell("succeeded")

    async def failed(self) -> None:
        """Tell that a call failed."""
        await self._tell("failed")

    async def let_go(self) -> None:
        """Tell that a call was given up before it told anything of the model."""
        await self._tell("let_go")

    async def _tell(self, happened: Happened) -> tuple[Permit, State]:
        own = self._tell_own(happened)
        common = self._common
        shared = None if common is None else await self._sharing.try_(lambda: common.tell(happened))
        permit, state = own if shared is None else shared
        if state != self._last:
            log.warning("breaker.changed", state=state, before=self._last)
            self._last = state
        return permit, state

    def _tell_own(self, happened: Happened) -> tuple[Permit, State]:
        now_ms = int(self._monotonic() * 1000)
        permit: Permit = "go"
        match happened:
            case "ask":
                permit = self._own.ask(now_ms)
            case "succeeded":
                self._own.succeeded()
            case "failed":
                self._own.failed(now_ms)
            case "let_go":
                self._own.let_go(now_ms)
        return permit, self._own.state
