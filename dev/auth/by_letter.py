"""Logging in without a password: letters, and what they are good for."""

from __future__ import annotations

import html
import ipaddress
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from aiohttp import hdrs, web

from dev.auth.answers import Json, Refused, address_in, bad, body_of, text_in, unfit
from dev.auth.letters import Challenge, Kind, Letter, Letters
from dev.auth.users import Session, Users

# What a client may call the letter that a code or a secret is of.
_KINDS: Final = {
    "recovery": ("recovery",),
    "magiclink": ("magiclink",),
    "email": ("magiclink",),
    "signup": ("magiclink",),
    "invite": ("magiclink",),
    "email_change": ("email_change",),
}


class ByLetter:
    """Writes letters, and lets in whoever comes with one."""

    def __init__(
        self,
        users: Users,
        letters: Letters,
        *,
        told: Callable[[Session], Mapping[str, Any]],
        auth_url: str,
        site_url: str,
    ) -> None:
        self._users, self._letters = users, letters
        self._told, self._auth_url, self._site_url = told, auth_url, site_url

    async def recover(self, request: web.Request) -> web.Response:
        """Write whoever has forgotten their password; say nothing of whether there is anybody."""
        body = await body_of(request)
        email = address_in(body)
        user = await self._users.of_address(email)
        if user is not None:
            self._write("recovery", email, user, request, body)
        return web.json_response({})

    async def otp(self, request: web.Request) -> web.Response:
        """Write somebody a link to log in by, who is made a user if they are none."""
        body = await body_of(request)
        email = address_in(body)
        user = await self._users.of_address(email)
        if user is None and body.get("create_user", True) is False:
            raise unfit("otp_disabled", "Signups not allowed for otp")
        if user is None:
            data = body.get("data")
            user = await self._users.join(email, data if isinstance(data, dict) else {})
        self._write("magiclink", email, user, request, body)
        return web.json_response({})

    async def resend(self, request: web.Request) -> web.Response:
        """Write the letter about a new address again; who signed up needed none."""
        body = await body_of(request)
        email = address_in(body)
        for one in self._letters.written():
            if text_in(body, "type") == one.kind == "email_change" and one.to == email:
                self._write("email_change", email, one.user, request, body)
                break
        return web.json_response({})

    async def verify(self, request: web.Request) -> web.Response:
        """Log in whoever types in a letter's code, or has the secret of its link."""
        body = await body_of(request)
        kinds = _KINDS.get(text_in(body, "type"), ())
        secret, code = text_in(body, "token_hash"), text_in(body, "token")
        if secret:
            letter = self._letters.take_secret(kinds, secret)
        else:
            letter = self._letters.take_code(kinds, address_in(body), code)
        if letter is None:
            message = "Token has expired or is invalid"
            raise Refused(HTTPStatus.FORBIDDEN, "otp_expired", message)
        return web.json_response(await self._let_in(letter))

    async def follow(self, request: web.Request) -> web.Response:
        """Lead whoever follows a letter's link to the page that asked for it, logged in."""
        asked = request.query
        kinds = _KINDS.get(asked.get("type", ""), ())
        letter = self._letters.take_secret(kinds, asked.get("token", ""))
        back = redirect_of(request, self._site_url)
        if letter is None:
            refusal = {
                "error": "access_denied",
                "error_code": "otp_expired",
                "error_description": "Email link is invalid or has expired",
            }
            return _see(f"{back}#{urlencode(refusal)}")
        if letter.challenge is not None:
            code = self._letters.begin_exchange(letter)
            return _see(f"{back}{'&' if '?' in back else '?'}{urlencode({'code': code})}")
        session = await self._let_in(letter)
        kept = {name: said for name, said in session.items() if name != "user"}
        return _see(f"{back}#{urlencode({**kept, 'type': letter.kind})}")

    async def exchange(self, body: Json) -> web.Response:
        """Log in the client whose letter's link was followed."""
        code, verifier = text_in(body, "auth_code"), text_in(body, "code_verifier")
        if not code or not verifier:
            message = "invalid request: both auth code and code verifier should be non-empty"
            raise bad("validation_failed", message)
        letter = self._letters.exchange(code)
        if letter is None or letter.challenge is None:
            message = "invalid flow state, no valid flow state found"
            raise Refused(HTTPStatus.NOT_FOUND, "flow_state_not_found", message)
        if not letter.challenge.is_met(verifier):
            message = "code challenge does not match previously saved code verifier"
            raise bad("bad_code_verifier", message)
        return web.json_response(await self._let_in(letter))

    async def letters(self, _request: web.Request) -> web.Response:
        """List the letters, for programs."""
        return web.json_response(
            [
                {"to": one.to, "kind": one.kind, "code": one.code, "link": self._link(one)}
                for one in self._letters.written()
            ]
        )

    async def inbox(self, _request: web.Request) -> web.Response:
        """Show the letters, for people."""
        rows = "".join(
            f"<li>{html.escape(one.to)}: {one.kind}, code <b>{one.code}</b>, "
            f'<a href="{html.escape(self._link(one))}">link</a></li>'
            for one in self._letters.written()
        )
        page = f"<!doctype html><title>Letters</title><ul>{rows}</ul>"
        return web.Response(text=page, content_type="text/html")

    def _write(self, kind: Kind, email: str, user: UUID, request: web.Request, body: Json) -> None:
        back, challenge = redirect_of(request, self._site_url), challenge_in(body)
        self._letters.write(kind, email, user, redirect_to=back, challenge=challenge)

    async def _let_in(self, letter: Letter) -> Mapping[str, Any]:
        if letter.kind == "email_change" and not await self._users.move(letter.user, letter.to):
            message = "A user with this email address has already been registered"
            raise unfit("email_exists", message)
        return self._told(await self._users.let_in(letter.user))

    def _link(self, letter: Letter) -> str:
        return letter.link(self._auth_url)


def redirect_of(request: web.Request, site_url: str) -> str:
    """Return where a letter's link is to lead: a page of this machine, or the site."""
    wanted = request.query.get("redirect_to", "")
    return wanted if _is_here(wanted) else site_url


def challenge_in(body: Json) -> Challenge | None:
    """
    Return the challenge that a client has sent; `None`: it wants a session at once.

    Raises:
        Refused: It is none.
    """
    value, method = text_in(body, "code_challenge"), text_in(body, "code_challenge_method").lower()
    if not value and not method:
        return None
    if not value or method not in {"s256", "plain"}:
        message = "PKCE flow requires code_challenge_method and code_challenge"
        raise bad("validation_failed", message)
    return Challenge("plain" if method == "plain" else "s256", value)


def _is_here(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False


def _see(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: address})
