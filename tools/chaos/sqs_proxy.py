"""
A door before a local SQS server, at which calls can be made to go wrong.

    python -m tools.chaos.sqs_proxy --upstream http://127.0.0.1:4566 --port 4567

Services are given its address as AWS_ENDPOINT_URL. `PUT /chaos/faults {"seed": 7, "faults": [...]}`
replaces the faults in force (`queue_faults`); `GET` tells them, and how many copies are still to
come. All else goes to the server and comes back as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from pydantic import ValidationError

from tools.chaos.copies import Copies, is_copy
from tools.chaos.queue_faults import QUEUE_FAULTS, FaultsInForce, QueueFault

CONTROL: Final = "/chaos/faults"
HOST: Final = "127.0.0.1"

# Of one hop: each side of the door has a connection of its own.
_NOT_PASSED_ON: Final = frozenset(
    {"host", "connection", "content-length", "content-encoding", "transfer-encoding"}
)
_END_S: Final = 0.1  # who hangs here hangs for a long time
_BATCHES: Final = ("SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of SQS's JSON protocol."""

    headers: dict[str, str]
    body: Json
    action: str
    queue: str  # its physical name; empty for a call that names none

    @classmethod
    async def read(cls, request: web.Request) -> Call:
        """Read a request."""
        body: Json = json.loads(await request.read() or b"{}")
        return cls(
            headers=_passed_on(request.headers),
            body=body,
            action=request.headers.get("X-Amz-Target", "").rpartition(".")[2],
            queue=str(body.get("QueueUrl", "")).rpartition("/")[2],
        )


@dataclass(slots=True)
class Door:
    """Passes calls on to `upstream`, as far as the faults in force allow."""

    upstream: str
    http: ClientSession
    faults: list[QueueFault] = field(default_factory=list)
    in_force: FaultsInForce = field(default_factory=FaultsInForce)
    copies: Copies = field(default_factory=Copies)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call as the server would, or as the fault it meets has it."""
        call = await Call.read(request)
        if call.action == "ReceiveMessage" and (due := self._due(call)):
            return web.json_response({"Messages": due})
        fault = self.in_force.draw(call.queue, call.action)
        return await (self._pass_on(call) if fault is None else self._meet(fault, call, request))

    async def order(self, request: web.Request) -> web.Response:
        """Replace the faults in force; what hangs is let go."""
        try:
            told = await request.json()
            self.faults = QUEUE_FAULTS.validate_python(told["faults"])
            seed = int(told.get("seed", 0))
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=f"no faults: {error}") from None
        self.in_force = FaultsInForce(self.faults, seed=seed)
        self._over.set()
        self._over = asyncio.Event()
        return await self.tell(request)

    async def tell(self, _request: web.Request) -> web.Response:
        """Tell the faults in force."""
        faults = QUEUE_FAULTS.dump_python(self.faults)
        return web.json_response({"faults": faults, "copies": self.copies.left()})

    async def _meet(self, fault: QueueFault, call: Call, request: web.Request) -> web.Response:
        """Answer a call that meets `fault`."""
        match fault.kind:
            case "refuse":
                return _unavailable()
            case "refuse_some" if call.action in _BATCHES:
                return await self._pass_on_half(call)
            case "lose_answer":
                await self._pass_on(call)
                return _unavailable()
            case "hang":
                await self._over.wait()
                return _hang_up(request)
            case "delay":
                await asyncio.sleep(fault.delay_s)
        answer = await self._pass_on(call)
        if fault.kind == "twice" and call.action == "ReceiveMessage":
            self._keep(call, answer, fault)
        return answer

    def _due(self, call: Call) -> list[Json]:
        most = int(call.body.get("MaxNumberOfMessages", 1))
        return self.copies.take(call.queue, now=time.monotonic(), most=most)

    def _keep(self, call: Call, answer: web.Response, fault: QueueFault) -> None:
        for message in _json_of(answer).get("Messages", ()):
            due_at = time.monotonic() + self.in_force.moment(fault)
            self.copies.keep(call.queue, message, due_at=due_at)

    async def _pass_on_half(self, call: Call) -> web.Response:
        """Pass on every other entry of a batch, and say of the rest that it failed."""
        entries = call.body["Entries"]
        answer = await self._pass_on(_with(call, entries[::2]))
        failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "ordered"}
            for entry in entries[1::2]
        ]
        told = _json_of(answer)
        told["Failed"] = [*told.get("Failed", ()), *failed]
        return web.json_response(told, status=answer.status)

    async def _pass_on(self, call: Call) -> web.Response:
        """Let the server answer; of copies, which it does not know, we say that all is well."""
        entries = call.body.get("Entries", ())
        ours = [entry for entry in entries if is_copy(str(entry.get("ReceiptHandle", "")))]
        if not ours:
            return await self._ask(call)
        theirs = [entry for entry in entries if entry not in ours]
        told = _json_of(await self._ask(_with(call, theirs))) if theirs else {"Failed": []}
        done = [{"Id": entry["Id"]} for entry in ours]
        return web.json_response({**told, "Successful": [*told.get("Successful", ()), *done]})

    async def _ask(self, call: Call) -> web.Response:
        """Ask the server; away, it is what an SQS endpoint is then."""
        try:
            async with self.http.post(
                self.upstream, data=json.dumps(call.body).encode(), headers=call.headers
            ) as answer:
                return web.Response(
                    body=await answer.read(),
                    status=answer.status,
                    headers=_passed_on(answer.headers),
                )
        except (ClientError, TimeoutError):
            return _unavailable()


@contextlib.asynccontextmanager
async def serve(upstream: str, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the door of `upstream` on the loopback address; give its own address."""
    connector, no_limit = TCPConnector(limit=0), ClientTimeout(total=None)
    async with ClientSession(connector=connector, timeout=no_limit) as http:
        door = Door(upstream, http)
        app = web.Application(client_max_size=4 * 1024**2)  # SQS: 1 MiB a batch
        app.router.add_put(CONTROL, door.order)
        app.router.add_get(CONTROL, door.tell)
        app.router.add_post("/{path:.*}", door.answer)
        # Who no longer listens must not be given messages: the server would hide them.
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_END_S
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield f"http://{HOST}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def _with(call: Call, entries: Sequence[Json]) -> Call:
    body = {**call.body, "Entries": list(entries)}
    return Call(call.headers, body, call.action, call.queue)


def _passed_on(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}


def _json_of(answer: web.Response) -> Json:
    told: Json = json.loads(answer.text or "{}")
    return told


def _unavailable() -> web.Response:
    return web.json_response(
        {"__type": "com.amazonaws.sqs#ServiceUnavailable", "message": "ordered"},
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)


def main(argv: Sequence[str]) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos.sqs_proxy")
    parser.add_argument("--upstream", required=True, help="the SQS server's address")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    options = parser.parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(options.upstream, options.port))


async def _serve_for_ever(upstream: str, port: int) -> None:
    async with serve(upstream, port=port) as url:
        sys.stdout.write(f"the queues' door is {url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
