"""
The stand-in's answers, in the shapes of Supabase Auth.

Source: Supabase, "Auth error codes" and the shapes auth-js reads. Errors are `{code, message}` and
carry `X-Supabase-Api-Version`, without which the client does not look at the code.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from uuid import UUID

from aiohttp import hdrs, web

from dev.auth.tokens import LIVES_S, Signer
from dev.auth.users import Scope, Session, User, Users

_VERSION: Final = {"X-Supabase-Api-Version": "2024-01-01"}
_SHORTEST: Final = 6  # characters of a password, as a new project has it
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "apikey, authorization, content-type, x-client-info, "
    "x-supabase-api-version",
    "Access-Control-Expose-Headers": "X-Supabase-Api-Version",
}

Json = Mapping[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Refused(Exception):  # noqa: N818  it reads as what happened
    def __init__(self, status: HTTPStatus, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, **more}


def make_app(users: Users, signer: Signer) -> web.Application:
    """Return the stand-in's application."""
    auth = _Auth(users, signer)
    app = web.Application(middlewares=[_as_supabase])
    app.router.add_get("/health", auth.health)
    app.router.add_get("/auth/v1/.well-known/jwks.json", auth.keys)
    app.router.add_post("/auth/v1/signup", auth.sign_up)
    app.router.add_post("/auth/v1/token", auth.token)
    app.router.add_get("/auth/v1/user", auth.user)
    app.router.add_post("/auth/v1/logout", auth.log_out)
    app.router.add_route(hdrs.METH_OPTIONS, "/{any:.*}", auth.preflight)
    return app


class _Auth:
    def __init__(self, users: Users, signer: Signer) -> None:
        self._users, self._signer = users, signer

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def preflight(self, _request: web.Request) -> web.Response:
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def keys(self, _request: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=600"}
        return web.json_response(self._signer.key_set(), headers=headers)

    async def sign_up(self, request: web.Request) -> web.Response:
        email, password, data = await _credentials(request)
        if len(password) < _SHORTEST:
            raise _Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "weak_password",
                f"Password should be at least {_SHORTEST} characters.",
                weak_password={"reasons": ["length"]},
            )
        session = await self._users.sign_up(email, password, data)
        if session is None:
            raise _Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, "user_already_exists", "User already registered"
            )
        return self._logged_in(session)

    async def token(self, request: web.Request) -> web.Response:
        match request.query.get("grant_type"):
            case "password":
                email, password, _ = await _credentials(request)
                session = await self._users.log_in(email, password)
                if session is None:
                    raise _bad("invalid_credentials", "Invalid login credentials")
                return self._logged_in(session)
            case "refresh_token":
                return await self._go_on(str((await _body(request)).get("refresh_token") or ""))
            case other:
                raise _bad("validation_failed", f"unsupported_grant_type: {other}")

    async def user(self, request: web.Request) -> web.Response:
        return web.json_response((await self._caller(request))[0])

    async def log_out(self, request: web.Request) -> web.Response:
        user, session = await self._caller(request)
        scope = request.query.get("scope", "global")
        if scope not in {"global", "local", "others"}:
            raise _bad("validation_failed", f"there is no scope {scope}")
        await self._users.log_out(UUID(user["id"]), session, cast("Scope", scope))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _go_on(self, refresh_token: str) -> web.Response:
        session = await self._users.go_on(refresh_token)
        if session == "unknown":
            raise _bad("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        if session == "used":
            raise _bad("refresh_token_already_used", "Invalid Refresh Token: Already Used")
        return self._logged_in(session)

    async def _caller(self, request: web.Request) -> tuple[User, UUID]:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _Refused(HTTPStatus.UNAUTHORIZED, "no_authorization", "No bearer token")
        said = self._signer.read(token)
        if said is None:
            raise _Refused(HTTPStatus.FORBIDDEN, "bad_jwt", "invalid JWT")
        session = UUID(said["session_id"])
        user = await self._users.of_session(UUID(said["sub"]), session)
        if user is None:
            message = "Session from session_id claim in JWT does not exist"
            raise _Refused(HTTPStatus.FORBIDDEN, "session_not_found", message)
        return user, session

    def _logged_in(self, session: Session) -> web.Response:
        token, expires_at = self._signer.sign(session.user, session.id)
        return web.json_response(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": LIVES_S,
                "expires_at": expires_at,
                "refresh_token": session.refresh_token,
                "user": session.user,
            }
        )


@web.middleware
async def _as_supabase(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors in Supabase Auth's shape, and let any page of this machine ask."""
    try:
        response = await handler(request)
    except _Refused as refused:
        response = web.json_response(refused.body, status=refused.status)
    response.headers.update(_CORS | _VERSION)
    return response


async def _credentials(request: web.Request) -> tuple[str, str, Json]:
    body = await _body(request)
    email, password, data = body.get("email"), body.get("password"), body.get("data") or {}
    if not isinstance(email, str) or _EMAIL.fullmatch(email) is None:
        raise _bad("validation_failed", "Unable to validate email address: invalid format")
    if not isinstance(password, str) or not password or not isinstance(data, dict):
        raise _bad("validation_failed", "Signup requires a valid password")
    return email, password, data


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        raise _bad("bad_json", "Could not parse request body as JSON") from None
    if not isinstance(body, dict):
        raise _bad("bad_json", "Could not parse request body as JSON")
    return body


def _bad(code: str, message: str) -> _Refused:
    return _Refused(HTTPStatus.BAD_REQUEST, code, message)


_EMAIL: Final = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,190}")
