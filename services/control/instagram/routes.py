"""Logins at Instagram as the dashboard makes them, and what Meta and its pages send here."""

from __future__ import annotations

import html
import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from services.control.asked import Body, Id
from services.control.envelope import Tx, Who, resource
from services.control.instagram.desk import Admitted, AtDesk, Desk, Ours, apart
from services.control.instagram.signed_request import NotSigned, user_of
from services.control.instagram.state import hash_of, is_ours, new_state
from services.control.problems import Declined, conflict, forbidden, not_found
from services.control.repeats import IdempotencyKey
from services.control.sessions import require_signed_in
from switchboard.clock import utc_now
from switchboard.contracts import WorkspaceId
from switchboard.db import deletions, logins
from switchboard.db.acting import acting_as
from switchboard.db.logins import AnotherAccount, ConnectedElsewhere
from switchboard.graph import GraphFailure, LoginRefused

CALLBACK: Final = "/instagram/callback"
STATUS: Final = "/instagram/deletion"
_DASHBOARD: Final = "/connect/instagram"  # the page that completes a login
# What Instagram's page sends back; nothing else is passed on.
_SENT_BACK: Final = ("code", "state", "error", "error_reason", "error_description")
_CODE_BYTES: Final = 16


# Beginning is a row under the caller's own claims: the database says whether they may.
beginning = resource("/workspaces", "instagram")
# The rest talks to Meta for seconds, and must not hold a transaction meanwhile.
meanwhile = apart("instagram")
# What browsers and Meta call by itself is no part of the API that clients are made from.
outside = APIRouter(prefix="/instagram", include_in_schema=False)


class LoginWanted(Body):
    """A login at Instagram that is to be begun."""

    account_id: Id | None = Field(
        None, description="The account to connect again; none: whichever its owner chooses."
    )


class LoginBegun(BaseModel):
    """Where the owner goes now, and until when they must be back."""

    address: str = Field(description="Instagram's consent page.")
    expires_at: datetime


class LoginReturned(Body):
    """What Instagram's page sent back."""

    state: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class AccountConnected(BaseModel):
    """An account as its login left it."""

    id: UUID
    workspace_id: UUID
    username: str
    permissions: list[str] | None = Field(description="What its owner granted; null: not said.")
    not_granted: list[str] = Field(description="What we need and were not granted.")
    not_subscribed: list[str] = Field(description="The webhooks that Instagram does not send yet.")


@beginning.post("/{workspace_id}/instagram-logins", status_code=HTTPStatus.CREATED)
async def begin_instagram_login(
    workspace_id: UUID,
    wanted: LoginWanted,
    tx: Tx,
    who: Who,
    desk: AtDesk,
    _key: IdempotencyKey = None,
) -> LoginBegun:
    """Begin a login at Instagram, to connect an account or to connect one again."""
    back, state = desk.address(CALLBACK), new_state(desk.secrets[0])
    expires_at = await logins.begin(
        tx,
        hash_of(state),
        workspace=WorkspaceId(workspace_id),
        user=who.user_id,
        account=wanted.account_id,
    )
    address = desk.app.consent_address(redirect_uri=back, state=state)
    return LoginBegun(address=address, expires_at=expires_at)


@meanwhile.post("/instagram-logins/complete")
async def complete_instagram_login(
    returned: LoginReturned, caller: Admitted, ours: Ours, desk: AtDesk
) -> AccountConnected:
    """Complete a login that you began, with what Instagram's page sent back."""
    begun = None
    if is_ours(returned.state, desk.secrets[0]):
        begun = await logins.use(ours, hash_of(returned.state))
    if begun is None:
        raise conflict("This login was completed before, or took too long. Begin it again.")
    if begun.user_id != caller.user_id:
        raise forbidden("Somebody else began this login.")
    try:
        connected = await desk.connecting.connect(
            begun, returned.code, redirect_uri=desk.address(CALLBACK)
        )
    except LoginRefused as refused:
        raise conflict(f"Instagram does not take this login: {refused.detail}") from None
    except ConnectedElsewhere:
        raise conflict("This Instagram account is connected in another workspace.") from None
    except AnotherAccount:
        raise conflict(
            "You chose another Instagram account than the one to be connected."
        ) from None
    except GraphFailure as failure:
        raise conflict(f"Instagram refuses: {failure.why.meaning}.") from failure
    return AccountConnected(
        id=connected.id,
        workspace_id=connected.workspace_id,
        username=connected.username,
        permissions=None if connected.permissions is None else sorted(connected.permissions),
        not_granted=sorted(connected.not_granted),
        not_subscribed=sorted(connected.not_subscribed),
    )


@meanwhile.post("/accounts/{account_id}/disconnect", status_code=HTTPStatus.NO_CONTENT)
async def disconnect_instagram_account(
    account_id: UUID, caller: Admitted, ours: Ours, desk: AtDesk
) -> Response:
    """Disconnect an account: nothing more is sent for it, and its token is forgotten."""
    async with acting_as(ours, caller.claims()) as tx:
        await require_signed_in(tx)
        if not await logins.disconnect(tx, account_id):
            raise not_found("connected account")
    await desk.connecting.let_go(account_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@outside.get("/callback")
async def come_back(request: Request, desk: AtDesk) -> Response:
    """
    Pass what Instagram's page sends on to the dashboard.

    In the fragment, which no server sees and no log keeps.
    """
    told = {name: request.query_params[name] for name in _SENT_BACK if name in request.query_params}
    return RedirectResponse(
        f"{desk.address(_DASHBOARD)}#{urlencode(told)}", status_code=HTTPStatus.SEE_OTHER
    )


async def _signed(request: Request) -> str:
    """Return what Meta posts, a form of one field, without a library for forms with files."""
    written = (await request.body()).decode("utf-8", "replace")
    try:
        form = parse_qs(written, max_num_fields=10)
    except ValueError:
        return ""  # more fields than Meta sends
    return form.get("signed_request", [""])[0]


Signed = Annotated[str, Depends(_signed)]


@outside.post("/deauthorize")
async def deauthorize(signed: Signed, desk: AtDesk) -> JSONResponse:
    """Take note that an owner has removed the app."""
    await desk.connecting.removed(_user(signed, desk))
    return JSONResponse({})


@outside.post("/data-deletion")
async def delete_data(signed: Signed, desk: AtDesk) -> JSONResponse:
    """Take an owner's wish to be forgotten, and say where they see what becomes of it."""
    user_id, code = _user(signed, desk), secrets.token_hex(_CODE_BYTES)
    address = f"{desk.address(STATUS)}?id={code}"
    await deletions.ask(desk.db, code, user_id)
    return JSONResponse({"url": address, "confirmation_code": code})


@outside.get("/deletion")
async def show_deletion(desk: AtDesk, id: str = "") -> HTMLResponse:  # noqa: A002  Meta's own name
    """Show how a request to be forgotten stands."""
    asked = await deletions.status(desk.db, id)
    if asked is None:
        return _page("There is no request with this confirmation code.", HTTPStatus.NOT_FOUND)
    if asked.state == "done" and asked.finished_at is not None:
        done_at = f"{asked.finished_at:%Y-%m-%d %H:%M} UTC"
        return _page(f"Your data was deleted on {done_at}. Confirmation code: {id}.")
    received_at = f"{asked.received_at:%Y-%m-%d %H:%M} UTC"
    return _page(
        f"Your request of {received_at} was received, and your data is being deleted. "
        f"Confirmation code: {id}."
    )


ROUTERS: Final = (beginning, meanwhile)


def _user(signed: str, desk: Desk) -> str:
    try:
        return user_of(signed, desk.secrets, now=utc_now())
    except NotSigned as failure:
        raise Declined("forbidden", f"This is not signed by Meta: {failure}.") from None


def _page(sentence: str, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(sentence=html.escape(sentence)), status)


_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Deletion of your data</title></head>
<body><h1>Deletion of your data</h1><p>{sentence}</p></body>
</html>
"""
