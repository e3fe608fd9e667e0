"""
How the stand-in answers: Supabase Auth's shapes, errors `{code, message}`, and any page may ask.

The header `X-Supabase-Api-Version` is what makes the client look at the code of an error.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web

_VERSION: Final = {"X-Supabase-Api-Version": "2024-01-01"}
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, OPTIONS",
    "Access-Control-Allow-Headers": "apikey, authorization, content-type, x-client-info, "
    "x-supabase-api-version",
    "Access-Control-Expose-Headers": "X-Supabase-Api-Version",
}

Json = Mapping[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):  # noqa: N818  it reads as what happened
    """A request that is not done; `code` is one of Supabase's "Auth error codes"."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, **more}


def bad(code: str, message: str) -> Refused:
    """Return the refusal of what makes no sense."""
    return Refused(HTTPStatus.BAD_REQUEST, code, message)


def unfit(code: str, message: str, **more: Any) -> Refused:
    """Return the refusal of what makes sense and cannot be."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, code, message, **more)


@web.middleware
async def as_supabase(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors in Supabase Auth's shape, and let any page of this machine ask."""
    response: web.StreamResponse
    try:
        response = await handler(request)
    except Refused as refused:
        response = web.json_response(refused.body, status=refused.status)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        message = f"The stand-in has no {request.method} {request.path}"
        told = {"code": "validation_failed", "message": message}
        response = web.json_response(told, status=HTTPStatus.NOT_FOUND)
    response.headers.update(_CORS | _VERSION)
    return response


async def preflight(_request: web.Request) -> web.Response:
    """Let a page of another origin ask."""
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def body_of(request: web.Request) -> Json:
    """
    Return the object that was sent.

    Raises:
        Refused: It is none.
    """
    try:
        body = await request.json()
    except ValueError:
        raise bad("bad_json", "Could not parse request body as JSON") from None
    if not isinstance(body, dict):
        raise bad("bad_json", "Could not parse request body as JSON")
    return body


def address_in(body: Json) -> str:
    """
    Return the e-mail address in `body`, as it is compared.

    Raises:
        Refused: It is none.
    """
    email = body.get("email")
    if not isinstance(email, str) or _EMAIL.fullmatch(email) is None:
        raise bad("validation_failed", "Unable to validate email address: invalid format")
    return email.lower()


def text_in(body: Json, name: str) -> str:
    """Return what is said under `name`; nothing if it is no text."""
    said = body.get(name)
    return said if isinstance(said, str) else ""


def bearer_of(request: web.Request) -> str:
    """
    Return the access token of a request.

    Raises:
        Refused: It has none.
    """
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        message = "This endpoint requires a valid Bearer token"
        raise Refused(HTTPStatus.UNAUTHORIZED, "no_authorization", message)
    return token


_EMAIL: Final = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,190}")
