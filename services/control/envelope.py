"""
The envelope of every operation: who calls, whether they may call so often, one transaction.

    read the body ─▶ token ─▶ rate ─▶ begin, as the caller ─▶ handle ─▶ commit ─▶ answer
                                        │ key known: the answer of then │
                                        └───────────────────────────────┘

The transaction is committed before anything is answered, so that a caller who reads "done" can rely
on it, and whatever is raised within undoes everything. GET, and a POST that only asks, sees one
state of the database and can change nothing. Resources never see the pool: `Tx` is all they are
given, and an import rule keeps it so.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

import structlog
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from services.control.asked import KNOWN_QUERY
from services.control.describing import operation_id
from services.control.keys import MARK, key_caller
from services.control.letters import Letters
from services.control.live import Live, Look, Watchers
from services.control.problems import Declined, responses
from services.control.repeats import Repeat
from services.control.tokens import Caller, TokenRefused, Tokens
from switchboard.contracts import AccountId, PersonId
from switchboard.db.acting import acting_as
from switchboard.db.pool import Database, Transaction
from switchboard.errors import Unavailable
from switchboard.state import CalledTooOften, Callers
from switchboard.state.client import Redis
from switchboard.state.erasing import forget
from switchboard.storage import Place
from switchboard.telemetry import Meter, Metric

UNLIMITED: Final = Metric("ApiCallsUnlimited")  # let through while Redis was away

BEARER: Final = HTTPBearer(
    scheme_name="accessToken",
    bearerFormat="JWT",
    description="An access token of the Supabase project's Auth, or an API key of a workspace's.",
    auto_error=False,
)
_READS: Final = frozenset({"GET", "HEAD"})
# The `openapi_extra` of an operation that asks by POST, because of its body, and changes nothing.
READS_ONLY: Final = {"x-reads-only": True}
# And of one whose answer is not kept under a key: sent again, it does what is left to do.
NOT_KEPT: Final = {"x-not-kept": True}

log = structlog.get_logger()

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What stands before every operation."""

    tokens: Tokens
    callers: Callers
    db: Database
    meter: Meter
    watchers: Watchers
    redis: Redis
    letters: Letters
    deletion_grace: timedelta
    exports: Place | None = None

    async def admit(self, request: Request) -> Caller:
        """
        Return who calls, who may.

        Raises:
            Declined: They have not logged in, or call too often.
            Unavailable: Nobody can say who they are just now.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Declined("unauthenticated", "Send an access token: Authorization: Bearer ...")
        try:
            caller = await self._caller(token.strip())
        except TokenRefused as refused:
            raise Declined("unauthenticated", f"{str(refused).capitalize()}.") from None
        request.state.caller = caller
        await self._count(caller)
        return caller

    async def _caller(self, token: str) -> Caller:
        if token.startswith(MARK):
            return await key_caller(self.db, token)
        return await self.tokens.caller(token)

    async def _count(self, caller: Caller) -> None:
        try:
            await self.callers.take(caller.user_id)
        except CalledTooOften as often:
            raise Declined(
                "too_many_calls", "Call again a little later.", retry_after_s=often.after_s
            ) from None
        except Unavailable:
            self.meter.count(UNLIMITED)  # it is there to protect us, not to keep people out


class Enveloped(APIRoute):
    """An operation of a resource."""

    def get_route_handler(self) -> Handle:
        """Return the handler in its envelope."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            gate = cast("Gate", request.app.state.gate)
            _note(request, self.name)
            body = await request.body()  # before a connection is taken: callers may be slow
            caller = await gate.admit(request)
            reads = request.method in _READS or READS_ONLY == self.openapi_extra
            kept = not reads and NOT_KEPT != self.openapi_extra
            repeat = Repeat.of(request, body) if kept else None
            then = request.state.afterwards = Deeds(gate.redis)
            async with acting_as(gate.db, caller.claims(), view=reads) as tx:
                request.state.tx = tx
                if repeat is None:
                    response = await handle(request)
                else:
                    once = repeat.once(tx, caller.user_id, lambda: handle(request), then.kept)
                    response = await once
            await then.do()
            return response

        return answer


class Deeds:
    """
    What is to be done once the transaction is committed, before it is answered.

    It may fail when the rest has happened, so it must be something that asking again does again.
    And what must not be kept with the answer.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._forgotten: list[tuple[AccountId, PersonId]] = []
        self._shown: list[str] = []

    def show_once(self, secret: str) -> None:
        """Let a secret that the answer shows stand in this answer alone."""
        self._shown.append(secret)

    def kept(self, body: bytes) -> bytes:
        """Return what is kept of an answer, in which null stands for each secret."""
        for secret in self._shown:
            body = body.replace(f'"{secret}"'.encode(), b"null")
        return body

    def forget(self, account_id: AccountId, person_id: PersonId) -> None:
        """Forget what Redis remembers of a person."""
        self._forgotten.append((account_id, person_id))

    async def do(self) -> None:
        """
        Do it.

        Raises:
            Unavailable: Redis is away.
        """
        for account_id, person_id in self._forgotten:
            await forget(self._redis, account_id, person_id)


def _note(request: Request, name: str) -> None:
    """Note what is asked for, and of what, for the request's line in the log."""
    request.state.operation = operation_id(name)
    request.state.places = {place: str(value) for place, value in request.path_params.items()}


async def _transaction(request: Request) -> Transaction:
    return cast("Transaction", request.state.tx)


async def _caller(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


@dataclass(frozen=True, slots=True)
class Views:
    """More transactions under the caller's claims, for an answer that goes on after its own."""

    gate: Gate
    caller: Caller

    def view(self) -> AbstractAsyncContextManager[Transaction]:
        """Give one transaction that sees one state of the database and can change nothing."""
        return acting_as(self.gate.db, self.caller.claims(), view=True)

    def act(self) -> AbstractAsyncContextManager[Transaction]:
        """Give one transaction for what is done when the answer's own has been committed."""
        return acting_as(self.gate.db, self.caller.claims())

    def live(self, look: Look) -> Live:
        """Return the answer that tells what `look` finds."""
        return Live(look, caller=self.caller, watchers=self.gate.watchers)


async def _afterwards(request: Request) -> Deeds:
    return cast("Deeds", request.state.afterwards)


async def _letters(request: Request) -> Letters:
    return cast("Gate", request.app.state.gate).letters


async def _exports(request: Request) -> Place | None:
    return cast("Gate", request.app.state.gate).exports


async def _deletion_grace(request: Request) -> timedelta:
    return cast("Gate", request.app.state.gate).deletion_grace


async def _views(request: Request) -> Views:
    return Views(cast("Gate", request.app.state.gate), cast("Caller", request.state.caller))


Tx = Annotated[Transaction, Depends(_transaction)]
Who = Annotated[Caller, Depends(_caller)]
Afterwards = Annotated[Deeds, Depends(_afterwards)]
TheLetters = Annotated[Letters, Depends(_letters)]
# Where exports are kept, if any are made.
TheExports = Annotated[Place | None, Depends(_exports)]
# How long the deletion of a workspace can be called off.
DeletionGrace = Annotated[timedelta, Depends(_deletion_grace)]
Looks = Annotated[Views, Depends(_views)]


def resource(prefix: str, tag: str) -> APIRouter:
    """Return the router of a resource, every operation of which is enveloped and described."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=Enveloped,
        dependencies=[Security(BEARER), KNOWN_QUERY],
        responses=responses(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    )
