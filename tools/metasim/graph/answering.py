"""Giving an answer: as it is, or in one of the ways Meta's go wrong; and telling of it after."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from aiohttp import web

from tools.metasim.faults import failure_after
from tools.metasim.graph.calls import Answer
from tools.metasim.orders import Fault
from tools.metasim.simulator import Simulator

_SILENCE_S = 60.0  # longer than any caller should wait
_DELAY_S = 1.0
_ECHO_DELAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer to one call, and the fault it meets on its way; a refusal meets none."""

    request: web.Request
    sim: Simulator
    result: Answer
    fault: Fault | None
    headers: dict[str, str]

    async def give(self) -> web.StreamResponse:
        """Answer, and deliver the events the call has caused."""
        fault = self.fault if self.result.status == 200 else None
        match fault:
            case None:
                return await self._answer_then_tell()
            case Fault(kind="delay"):
                await self._pause(fault, _DELAY_S)
                return await self._answer_then_tell()
            case Fault(kind="echo_before_answer"):
                courier = self.sim.courier
                await asyncio.gather(*(courier.tell(event) for event in self.result.events))
                return respond(self.result, self.headers)
            case Fault(kind="echo_late"):
                after_s = _ECHO_DELAY_S if fault.delay_s is None else fault.delay_s
                return await self._answer_then_tell(after_s=after_s)
            case Fault(kind="no_echo"):
                return respond(self.result, self.headers)
            case _:
                self._tell()
                return await self._spoil(fault)

    async def _spoil(self, fault: Fault) -> web.StreamResponse:
        """Answer a call that was done as if it had failed, or not at all."""
        if error := failure_after(fault):
            failed = Answer(error.body(self.sim.mint.trace_id()), error.status)
            return respond(failed, self.headers)
        if fault.kind == "accept_then_500":
            return web.Response(status=500)
        if fault.kind == "accept_then_garbage":
            return web.Response(status=fault.status or 200, text="<html>", content_type="text/html")
        if fault.kind == "accept_then_timeout":
            await self._pause(fault, _SILENCE_S)
        return self._hang_up()

    async def _answer_then_tell(self, *, after_s: float = 0.0) -> web.StreamResponse:
        response = respond(self.result, self.headers)
        try:
            await response.prepare(self.request)
            await response.write_eof()
        except ConnectionError:
            pass  # the caller did not wait for the answer; what was done is done
        self._tell(after_s=after_s)
        return response

    def _tell(self, *, after_s: float = 0.0) -> None:
        for event in self.result.events:
            self.sim.courier.tell_later(event, after_s=after_s)

    def _hang_up(self) -> web.Response:
        if self.request.transport is not None:
            self.request.transport.abort()
        return web.Response(status=500)

    async def _pause(self, fault: Fault, default_s: float) -> None:
        """Let the caller wait, in real time, unless the simulator is about to stop."""
        pause_s = default_s if fault.delay_s is None else fault.delay_s
        try:
            async with asyncio.timeout(pause_s):
                await self.sim.stopping.wait()
        except TimeoutError:
            return


def respond(result: Answer, headers: dict[str, str]) -> web.Response:
    """Return an answer as JSON."""
    return web.Response(
        text=json.dumps(result.body),
        status=result.status,
        content_type="application/json",
        headers=headers,
    )
