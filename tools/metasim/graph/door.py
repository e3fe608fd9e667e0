"""
The door of the Graph API: every call passes here, is answered, and is entered in the books.

Here, and only here, calls are made to misbehave: the handlers behind know nothing of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from tools.metasim.config import Fault
from tools.metasim.faults import refusal_of
from tools.metasim.graph.calls import Answer, Call, GraphHandler, fault_target, read_call
from tools.metasim.graph.usage import usage_headers
from tools.metasim.keys import SIM
from tools.metasim.ledger import Attempt
from tools.metasim.refusals import GraphError
from tools.metasim.simulator import Simulator

_SILENCE_S = 60.0  # longer than any caller should wait
_DELAY_S = 1.0


def graph(handler: GraphHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return `handler` as aiohttp calls it, with faults, books, usage headers and echoes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        sim = request.app[SIM]
        try:
            call = await read_call(request, sim)
        except GraphError as error:
            return _response(Answer(error.body(sim.mint.trace_id()), error.status), {})
        fault = sim.faults.draw(fault_target(call), call.known_account_id())
        result = _carry_out(call, handler, fault)
        sim.timeline.add(
            "graph_call",
            method=call.method,
            path=call.path,
            account_id=call.known_account_id(),
            subject=call.subject,
            status=result.status,
            error=result.body.get("error"),
            fault=fault.kind if fault else None,
        )
        headers = usage_headers(call, is_throttled=fault is not None and fault.kind == "throttle")
        return await _give(request, sim, result, fault, headers)

    return answer


def _carry_out(call: Call, handler: GraphHandler, fault: Fault | None) -> Answer:
    try:
        if fault and (ordered := refusal_of(fault)):
            _name_subject(call)
            raise ordered
        if fault and fault.kind == "drop_connection" and not fault.accepts:
            return Answer({})
        return handler(call)
    except GraphError as error:
        call.sim.ledger.refused(
            Attempt(
                error.book,
                call.known_account_id(),
                call.subject,
                call.now_s,
                f"{call.method} {call.path}",
                error.reason,
                error.code,
                error.subcode,
            )
        )
        return Answer(error.body(call.sim.mint.trace_id()), error.status)


def _name_subject(call: Call) -> None:
    recipient = call.params.get("recipient")
    if isinstance(recipient, dict):
        call.subject = recipient.get("comment_id") or recipient.get("id")
    else:
        call.subject = call.node


async def _give(
    request: web.Request,
    sim: Simulator,
    result: Answer,
    fault: Fault | None,
    headers: dict[str, str],
) -> web.StreamResponse:
    kind = fault.kind if fault and result.status == 200 else None
    if kind == "echo_before_answer":
        await asyncio.gather(*(sim.courier.tell(event) for event in result.events))
        return _response(result, headers)
    if kind in {None, "delay"}:
        return await _give_then_tell(request, sim, result, fault, headers)
    _tell_later(sim, result)
    if kind == "accept_then_500":
        return web.Response(status=500, text="Sorry, something went wrong.")
    if kind == "accept_then_code_1":
        return _response(Answer(_code_1(sim, fault), 400), headers)
    if kind == "accept_then_timeout":
        await _wait(sim, fault, _SILENCE_S)
    return _hang_up(request)


async def _give_then_tell(
    request: web.Request,
    sim: Simulator,
    result: Answer,
    fault: Fault | None,
    headers: dict[str, str],
) -> web.StreamResponse:
    if fault and fault.kind == "delay":
        await _wait(sim, fault, _DELAY_S)
    response = _response(result, headers)
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        pass  # the caller did not wait for the answer; what was done is done
    _tell_later(sim, result)
    return response


def _tell_later(sim: Simulator, result: Answer) -> None:
    for event in result.events:
        sim.courier.tell_later(event)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _wait(sim: Simulator, fault: Fault | None, default_s: float) -> None:
    wait_s = default_s if fault is None or fault.delay_s is None else fault.delay_s
    try:
        async with asyncio.timeout(wait_s):
            await sim.stopping.wait()
    except TimeoutError:
        return


def _code_1(sim: Simulator, fault: Fault | None) -> dict[str, object]:
    subcode = fault.error_subcode if fault else None
    error = GraphError("An unknown error has occurred.", code=1, subcode=subcode)
    return error.body(sim.mint.trace_id())


def _response(result: Answer, headers: dict[str, str]) -> web.Response:
    return web.Response(
        text=json.dumps(result.body),
        status=result.status,
        content_type="application/json",
        headers=headers,
    )
