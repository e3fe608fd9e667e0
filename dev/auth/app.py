"""
The stand-in's answers, in the shapes of Supabase Auth.

Sources: Supabase, "Auth error codes"; the server's own code (github.com/supabase/auth), for what is
refused how; the shapes auth-js reads.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, cast
from uuid import UUID

from aiohttp import hdrs, web

from dev.auth.answers import (
    Json,
    Refused,
    address_in,
    as_supabase,
    bad,
    bearer_of,
    body_of,
    preflight,
    text_in,
    unfit,
)
from dev.auth.by_letter import ByLetter, challenge_in, redirect_of
from dev.auth.letters import Letters
from dev.auth.tokens import Signer
from dev.auth.users import Scope, Session, User, Users

_SHORTEST: Final = 6  # characters of a password, as a new project has it
_SETTINGS: Final = {
    "external": {"email": True, "phone": False, "anonymous_users": False},
    "disable_signup": False,
    "mailer_autoconfirm": True,
    "phone_autoconfirm": False,
    "sms_provider": "",
    "saml_enabled": False,
}
_ABOUT: Final = {
    "name": "GoTrue",
    "version": "switchboard",
    "description": "A stand-in for Supabase Auth, for one machine",
}


def make_app(users: Users, signer: Signer, letters: Letters, *, site_url: str) -> web.Application:
    """
    Return the stand-in's application.

    Letters' links lead to it, and from there to pages of this machine: `site_url` unless the client
    asked for another.
    """
    auth = _Auth(users, signer, letters, site_url=site_url)
    by_letter = ByLetter(users, letters, told=auth.told, auth_url=signer.issuer, site_url=site_url)
    app = web.Application(middlewares=[as_supabase])
    app.router.add_get("/health", auth.health)
    app.router.add_get("/inbox", by_letter.inbox)
    app.router.add_get("/inbox.json", by_letter.letters)
    for method, path, handler in (
        (hdrs.METH_GET, "/health", auth.about),
        (hdrs.METH_GET, "/settings", auth.settings),
        (hdrs.METH_GET, "/.well-known/jwks.json", auth.keys),
        (hdrs.METH_GET, "/authorize", auth.authorize),
        (hdrs.METH_POST, "/signup", auth.sign_up),
        (hdrs.METH_GET, "/user", auth.user),
        (hdrs.METH_PUT, "/user", auth.change),
        (hdrs.METH_POST, "/logout", auth.log_out),
        (hdrs.METH_POST, "/recover", by_letter.recover),
        (hdrs.METH_POST, "/otp", by_letter.otp),
        (hdrs.METH_POST, "/resend", by_letter.resend),
        (hdrs.METH_POST, "/verify", by_letter.verify),
        (hdrs.METH_GET, "/verify", by_letter.follow),
    ):
        app.router.add_route(method, f"/auth/v1{path}", handler)
    app.router.add_post("/auth/v1/token", _granting(auth, by_letter))
    app.router.add_route(hdrs.METH_OPTIONS, "/{any:.*}", preflight)
    return app


class _Auth:
    """Signing up, in and out by password."""

    def __init__(self, users: Users, signer: Signer, letters: Letters, *, site_url: str) -> None:
        self._users, self._signer, self._letters = users, signer, letters
        self._site_url = site_url

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def about(self, _request: web.Request) -> web.Response:
        return web.json_response(_ABOUT)

    async def settings(self, _request: web.Request) -> web.Response:
        return web.json_response(_SETTINGS)

    async def keys(self, _request: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=600"}
        return web.json_response(self._signer.key_set(), headers=headers)

    async def authorize(self, _request: web.Request) -> web.Response:
        raise bad("validation_failed", "Unsupported provider: provider is not enabled")

    async def sign_up(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if not body.get("email") and not body.get("phone"):
            raise unfit("anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        email, password, data = address_in(body), text_in(body, "password"), _data_in(body)
        if not password:
            raise bad("validation_failed", "Signup requires a valid password")
        _require_strong(password)
        session = await self._users.sign_up(email, password, data)
        if session is None:
            raise unfit("user_already_exists", "User already registered")
        return web.json_response(self.told(session))

    async def by_password(self, body: Json) -> web.Response:
        session = await self._users.log_in(text_in(body, "email"), text_in(body, "password"))
        if session is None:
            raise bad("invalid_credentials", "Invalid login credentials")
        return web.json_response(self.told(session))

    async def go_on(self, body: Json) -> web.Response:
        session = await self._users.go_on(text_in(body, "refresh_token"))
        if session == "unknown":
            raise bad("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        if session == "used":
            raise bad("refresh_token_already_used", "Invalid Refresh Token: Already Used")
        return web.json_response(self.told(session))

    async def user(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown((await self._caller(request))[0]))

    async def change(self, request: web.Request) -> web.Response:
        """Change a password, an address or what the user says of themselves."""
        user, session = await self._caller(request)
        body, id_ = await body_of(request), UUID(user["id"])
        password, data = text_in(body, "password"), body.get("data")
        email = address_in(body) if body.get("email") else user["email"]
        if password:
            _require_strong(password)
        if email != user["email"] and await self._users.of_address(email) is not None:
            message = "A user with this email address has already been registered"
            raise unfit("email_exists", message)
        if password and not await self._users.set_password(id_, session, password):
            message = "New password should be different from the old password."
            raise unfit("same_password", message)
        if isinstance(data, dict):
            await self._users.add_data(id_, data)
        if email != user["email"]:
            back, challenge = redirect_of(request, self._site_url), challenge_in(body)
            self._letters.write("email_change", email, id_, redirect_to=back, challenge=challenge)
        return await self.user(request)

    async def log_out(self, request: web.Request) -> web.Response:
        user, session = await self._caller(request)
        scope = request.query.get("scope", "global")
        if scope not in {"global", "local", "others"}:
            raise bad("validation_failed", f'Unsupported logout scope "{scope}"')
        await self._users.log_out(UUID(user["id"]), session, cast("Scope", scope))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def told(self, session: Session) -> dict[str, Any]:
        """Return a session as clients keep it."""
        token, expires_at = self._signer.sign(session.user, session.id)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self._signer.lives_s,
            "expires_at": expires_at,
            "refresh_token": session.refresh_token,
            "user": self._shown(session.user),
        }

    async def _caller(self, request: web.Request) -> tuple[User, UUID]:
        said = self._signer.read(bearer_of(request))
        if said is None:
            raise Refused(HTTPStatus.FORBIDDEN, "bad_jwt", "invalid JWT")
        session = UUID(said["session_id"])
        user = await self._users.of_session(UUID(said["sub"]), session)
        if user is None:
            message = "Session from session_id claim in JWT does not exist"
            raise Refused(HTTPStatus.FORBIDDEN, "session_not_found", message)
        return user, session

    def _shown(self, user: User) -> User:
        pending = self._letters.pending(UUID(user["id"]))
        return user if pending is None else {**user, "new_email": pending}


def _granting(auth: _Auth, by_letter: ByLetter) -> Any:
    grants = {
        "password": auth.by_password,
        "refresh_token": auth.go_on,
        "pkce": by_letter.exchange,
    }

    async def token(request: web.Request) -> web.Response:
        grant = grants.get(request.query.get("grant_type", ""))
        if grant is None:
            raise bad("invalid_credentials", "unsupported_grant_type")
        return await grant(await body_of(request))

    return token


def _data_in(body: Json) -> Json:
    data = body.get("data") or {}
    if not isinstance(data, dict):
        raise bad("bad_json", "Could not parse request body as JSON")
    return data


def _require_strong(password: str) -> None:
    if len(password) < _SHORTEST:
        message = f"Password should be at least {_SHORTEST} characters."
        raise unfit("weak_password", message, weak_password={"reasons": ["length"]})
