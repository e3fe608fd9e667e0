"""
What the operations around Instagram work with, and how they are admitted.

The API's own role may read no token and no secret. What needs one is done here by the caretaker's,
after the database has said, under the caller's claims, that they may ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Security
from pydantic import SecretStr

from services.control.asked import KNOWN_QUERY
from services.control.describing import operation_id
from services.control.envelope import BEARER, Gate
from services.control.examining import Examining
from services.control.instagram.connecting import Connecting
from services.control.instagram.picking import Picking
from services.control.instagram.pinging import Pinging
from services.control.problems import conflict, responses
from services.control.tokens import Caller
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, Queryable
from switchboard.graph import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What these routes work with; `db` is as switchboard_caretaker."""

    app: App
    secrets: Sequence[SecretStr]
    public_url: str | None
    connecting: Connecting
    picking: Picking
    pinging: Pinging
    vault: Vault
    db: Queryable
    examining: Examining | None = None

    def address(self, path: str) -> str:
        """
        Return where the world finds `path` of ours.

        Raises:
            Declined: It finds nothing.
        """
        if self.public_url is None:
            raise conflict("Nobody can log in at Instagram here: CONTROL_PUBLIC_URL is not set.")
        return f"{self.public_url}{path}"


async def _desk(request: Request) -> Desk:
    desk = getattr(request.app.state, "desk", None)
    if desk is None:
        raise conflict("No accounts are looked after here: CARETAKER_DATABASE_URL is not set.")
    return cast("Desk", desk)


async def _admitted(request: Request) -> Caller:
    request.state.operation = operation_id(request.scope["route"].name)
    return await cast("Gate", request.app.state.gate).admit(request)


async def _database(request: Request) -> Database:
    return cast("Gate", request.app.state.gate).db


AtDesk = Annotated[Desk, Depends(_desk)]
Admitted = Annotated[Caller, Depends(_admitted)]
# As the API itself, which may do next to nothing.
Ours = Annotated[Database, Depends(_database)]


def apart(tag: str) -> APIRouter:
    """Return a router of operations that wait for others, and hold no transaction meanwhile."""
    return APIRouter(
        tags=[tag],
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
