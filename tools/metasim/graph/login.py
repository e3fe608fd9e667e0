"""
Business Login for Instagram: the consent page, the code, the tokens.

Source: Meta's page "Business Login for Instagram": codes live an hour and work once, short-lived
tokens an hour, long-lived ones 60 days; a refresh needs a token of 24 hours that has not expired.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from string import Template
from urllib.parse import urlencode

from aiohttp import web

from tools.metasim import refusals
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.keys import SIM
from tools.metasim.page.files import read_page_file
from tools.metasim.records import Json, LoginCode, Token
from tools.metasim.simulator import Simulator

CODE_S = 3600.0
SHORT_LIVED_S = 3600.0
LONG_LIVED_S = 60 * 86_400.0
REFRESHABLE_AFTER_S = 86_400.0
_BASIC = "instagram_business_basic"


async def show_consent(request: web.Request) -> web.Response:
    """`GET /oauth/authorize`: ask which account the app may use, and for what."""
    sim = request.app[SIM]
    if problem := _wrong_request(sim, request.query):
        return _page("consent-error.html", status=400, problem=escape(problem))
    return _page(
        "consent.html",
        query=escape(request.query_string, quote=True),
        accounts=_account_choices(sim),
        scopes=_scope_choices(request.query["scope"]),
        disabled="" if sim.world.accounts else "disabled",
        app=escape(sim.settings.app_id),
    )


async def decide_consent(request: web.Request) -> web.Response:
    """`POST /oauth/authorize`: go back to the app with a code, or with a refusal."""
    sim, form = request.app[SIM], await request.post()
    if problem := _wrong_request(sim, request.query):
        return _page("consent-error.html", status=400, problem=escape(problem))
    redirect_uri, state = request.query["redirect_uri"], request.query.get("state")
    if form.get("decision") != "allow":
        return _go_back(redirect_uri, state, _DENIED)
    account = sim.world.account(str(form.get("account_id")))
    if account is None:
        problem = "Choose an account that exists."
        return _page("consent-error.html", status=400, problem=problem)
    asked = _scopes(request.query["scope"])
    granted = {str(one) for one in form.getall("scope", [])} or asked
    code = LoginCode(
        sim.mint.token(),
        account.id,
        redirect_uri,
        frozenset(granted & asked),
        sim.clock.now_s() + CODE_S,
    )
    sim.world.codes[code.value] = code
    sim.timeline.add("login", account_id=account.id, scopes=sorted(code.scopes))
    return _go_back(redirect_uri, state, {"code": code.value})


async def exchange_code(request: web.Request) -> web.Response:
    """`POST /oauth/access_token`: a code for a short-lived token."""
    sim, form = request.app[SIM], {k: str(v) for k, v in (await request.post()).items()}
    settings = sim.settings
    if form.get("grant_type") != "authorization_code":
        return _login_error("Invalid grant_type, must be authorization_code")
    if form.get("client_id") != settings.app_id:
        return _login_error("Invalid platform app")
    if form.get("client_secret") != settings.app_secret.get_secret_value():
        return _login_error("Error validating client secret")
    code = sim.world.codes.get(form.get("code", "").removesuffix("#_"))
    if code is None or code.expires_at_s <= sim.clock.now_s():
        return _login_error("Matching code was not found or was already used")
    if code.redirect_uri != form.get("redirect_uri"):
        return _login_error("Error validating verification code: redirect_uri must be identical")
    del sim.world.codes[code.value]
    return web.json_response(_wrapped(sim, _short_lived(sim, code)))


def exchange_token(call: Call) -> Answer:
    """`GET /access_token`: a short-lived token for one of 60 days."""
    if call.params.get("grant_type") != "ig_exchange_token":
        raise refusals.invalid_parameter("grant_type must be ig_exchange_token")
    if call.params.get("client_secret") != call.sim.settings.app_secret.get_secret_value():
        raise refusals.GraphError("Error validating client secret.", code=1, reason="bad_secret")
    if call.token.is_long_lived:
        raise refusals.GraphError("Session key invalid.", code=452, reason="long_lived_already")
    return _long_lived(call)


def refresh_token(call: Call) -> Answer:
    """`GET /refresh_access_token`: another 60 days for a token that is a day old at least."""
    if call.params.get("grant_type") != "ig_refresh_token":
        raise refusals.invalid_parameter("grant_type must be ig_refresh_token")
    call.require_scope(_BASIC)
    age_s = call.now_s - call.token.issued_at_s
    if not call.token.is_long_lived or age_s < REFRESHABLE_AFTER_S:
        raise refusals.invalid_parameter("the token must be long-lived and at least 24 hours old")
    return _long_lived(call)


_DENIED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request",
}


def _long_lived(call: Call) -> Answer:
    token = Token(
        call.sim.mint.token(),
        call.account.id,
        call.now_s,
        call.now_s + LONG_LIVED_S,
        call.token.scopes,
        is_long_lived=True,
    )
    call.sim.world.put_token(token)
    return Answer(
        {
            "access_token": token.value,
            "token_type": "bearer",
            "expires_in": int(LONG_LIVED_S),
        }
    )


def _short_lived(sim: Simulator, code: LoginCode) -> Json:
    now_s = sim.clock.now_s()
    token = Token(
        sim.mint.token(),
        code.account_id,
        now_s,
        now_s + SHORT_LIVED_S,
        code.scopes,
        is_long_lived=False,
    )
    sim.world.put_token(token)
    return {
        "access_token": token.value,
        "user_id": sim.world.accounts[code.account_id].app_scoped_id,
        "permissions": ",".join(sorted(code.scopes)),
    }


def _wrapped(sim: Simulator, body: Json) -> Json:
    return {"data": [body]} if sim.config.wrap_answers else body


def _wrong_request(sim: Simulator, query: Mapping[str, str]) -> str | None:
    if query.get("client_id") != sim.settings.app_id:
        return "Invalid platform app: client_id is not this app's (METASIM_APP_ID)."
    if query.get("response_type") != "code":
        return "response_type must be code."
    if not query.get("redirect_uri", "").startswith(("http://", "https://")):
        return "redirect_uri must be a URL."
    if _BASIC not in _scopes(query.get("scope", "")):
        return f"scope must contain {_BASIC}."
    return None


def _scopes(text: str) -> set[str]:
    return {scope for scope in text.replace(" ", ",").split(",") if scope}


def _account_choices(sim: Simulator) -> str:
    rows = [
        f'<label class="choice"><input type="radio" name="account_id" value="{account.id}"'
        f"{' checked' if place == 0 else ''}> <span>@{escape(account.username)}</span></label>"
        for place, account in enumerate(sim.world.accounts.values())
    ]
    return "\n".join(rows) or "<p>There is no account yet. Make one on the simulator's page.</p>"


def _scope_choices(text: str) -> str:
    return "\n".join(
        f'<label class="choice"><input type="checkbox" name="scope" value="{escape(scope)}"'
        f" checked> <span>{escape(scope)}</span></label>"
        for scope in sorted(_scopes(text))
    )


def _go_back(redirect_uri: str, state: str | None, told: Mapping[str, str]) -> web.Response:
    query = urlencode({**told, **({"state": state} if state else {})})
    joint = "&" if "?" in redirect_uri else "?"
    return web.Response(status=302, headers={"Location": f"{redirect_uri}{joint}{query}#_"})


def _login_error(message: str) -> web.Response:
    body = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return web.json_response(body, status=400)


def _page(name: str, *, status: int = 200, **told: str) -> web.Response:
    page = Template(read_page_file(name)).substitute(told)
    return web.Response(text=page, content_type="text/html", status=status)
