"""
The door of the Graph API: every call passes here, is answered, and is entered in the books.

Here, and only here, calls are made to misbehave: the handlers behind know nothing of it. A call
meets a restriction that is in force, or else a fault that was ordered, or is simply carried out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from tools.metasim.faults import refusal_of
from tools.metasim.graph.answering import Answering, respond
from tools.metasim.graph.calls import Answer, Call, GraphHandler, read_call
from tools.metasim.graph.targets import targets_of
from tools.metasim.graph.usage import usage_headers
from tools.metasim.graph.watching import attempt_of, name_subject, watch
from tools.metasim.holds import Held
from tools.metasim.keys import SIM
from tools.metasim.orders import Fault
from tools.metasim.refusals import GraphError

# The owner passes a check or confirms, and the same token works again.
_TOKEN_SURVIVES = {459, 464}


@dataclass(frozen=True, slots=True)
class _Fate:
    """What awaits a call at the door, `held` before `fault`; with neither it is carried out."""

    held: Held | None
    fault: Fault | None
    is_write: bool

    @property
    def ordered(self) -> Fault | None:
        """The fault that acts on the call, now or from when the restriction began."""
        return self.held.fault if self.held else self.fault


def graph(handler: GraphHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return `handler` as aiohttp calls it, with faults, books, usage headers and echoes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        sim = request.app[SIM]
        try:
            call = await read_call(request, sim)
        except GraphError as error:
            return respond(Answer(error.body(sim.mint.trace_id()), error.status), {})
        fate = _fate_of(call)
        result, refusal = _judged(call, handler, fate)
        _tell(call, fate, result)
        headers = usage_headers(call, fate.held, fate.ordered, refusal)
        fault = None if fate.held else fate.fault
        return await Answering(request, sim, result, fault, headers).give()

    return answer


def _fate_of(call: Call) -> _Fate:
    targets, account_id = targets_of(call), call.known_account_id()
    sim, is_write = call.sim, "writes" in targets
    if held := sim.holds.meets(targets, account_id, now_s=call.now_s):
        return _Fate(held, None, is_write)
    return _Fate(None, sim.faults.draw(targets, account_id, now_s=call.now_s), is_write)


def _judged(call: Call, handler: GraphHandler, fate: _Fate) -> tuple[Answer, GraphError | None]:
    """Carry a call out, and enter in the books what is to be said of it, each thing once."""
    name_subject(call)
    noticed, refusal = watch(call), None
    try:
        result = _carry_out(call, handler, fate)
    except GraphError as error:
        refusal = error
        told = _told_of(fate.held) if fate.held else None
        entry = attempt_of(call, error.book, error.reason, error=error, told=told)
        call.sim.ledger.attempted(entry)
        result = Answer(error.body(call.sim.mint.trace_id()), error.status)
    for attempt in noticed:
        if refusal is None or attempt.book != refusal.book:
            call.sim.ledger.attempted(attempt)
    return result, refusal


def _carry_out(call: Call, handler: GraphHandler, fate: _Fate) -> Answer:
    if fate.held:
        raise _refused_while_held(fate.held, is_write=fate.is_write)
    fault = fate.fault
    if fault and (ordered := refusal_of(fault)):
        _restrict(call, fault, ordered)
        raise ordered
    if fault and fault.kind == "drop_connection" and not fault.accepts:
        return Answer({})
    return handler(call)


def _refused_while_held(held: Held, *, is_write: bool) -> GraphError:
    """Return the refusal that began the restriction; reads are told of, only writes are judged."""
    error = refusal_of(held.fault)
    assert error is not None  # only refusals restrict
    is_wrong = is_write and held.meeting == "while_held"
    error.reason, error.book = held.meeting, "while_held" if is_wrong else "refused"
    return error


def _told_of(held: Held) -> str:
    passed_s = (held.fault.hold_s or 0.0) - held.left_s
    return f"refused ({held.meeting}) {passed_s:.1f} s after it was restricted"


def _restrict(call: Call, fault: Fault, ordered: GraphError) -> None:
    """Let a refusal have its consequences: a restriction, a dead token."""
    account_id = call.known_account_id()
    if account_id or fault.app_wide:
        call.sim.holds.begin(fault, account_id, now_s=call.now_s)
    if account_id and ordered.code == 190 and ordered.subcode not in _TOKEN_SURVIVES:
        call.sim.world.kill_tokens(account_id, ordered.subcode)


def _tell(call: Call, fate: _Fate, result: Answer) -> None:
    account_id = call.known_account_id()
    if account_id:
        call.sim.tally.enter(account_id, call.method, call.path, at_s=call.arrived_s)
    call.sim.timeline.add(
        "graph_call",
        method=call.method,
        path=call.path,
        account_id=account_id,
        subject=call.subject,
        status=result.status,
        error=result.body.get("error"),
        fault=fate.fault.kind if fate.fault else None,
        held=fate.held.meeting if fate.held else None,
    )
