"""
Business Login for Instagram: an owner lets us act for an account.

    our page ─▶ Instagram's consent page ─code─▶ our page ─▶ short-lived token (an hour)
                                                          ─▶ long-lived token (60 days)

A long-lived token lives for another 60 days from each refresh, which Meta grants from the day after
it was issued until it expires. One that has expired is dead: its owner must log in again.

Source: Meta, "Business Login for Instagram". The three addresses are unversioned there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from aiohttp import ClientSession
from pydantic import SecretStr
from yarl import URL

from switchboard.errors import Refused, Unavailable
from switchboard.graph.account import unwrapped
from switchboard.graph.answers import Said, read_id
from switchboard.graph.calling import Calling, is_good

BASIC: Final = "instagram_business_basic"
MANAGE_MESSAGES: Final = "instagram_business_manage_messages"
MANAGE_COMMENTS: Final = "instagram_business_manage_comments"
# What everything we do needs; a person may grant a part of it.
SCOPES: Final = (BASIC, MANAGE_MESSAGES, MANAGE_COMMENTS)

LONG_LIVED: Final = timedelta(days=60)
REFRESHABLE_AFTER: Final = timedelta(hours=24)
_LONGEST_DETAIL: Final = 200


class LoginRefused(Refused):
    """
    Meta does not take what a login came back with: the code is used or old, or settings are wrong.

    `detail` is Meta's own sentence, which names the setting; it holds nobody's words.
    """

    reason: ClassVar[str] = "login_refused"

    def __init__(self, detail: str) -> None:
        super().__init__(f"Instagram refuses the login: {detail}")
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What a code was exchanged for: a token that lives for an hour, and what it may do.

    `permissions` is `None` where Meta does not say.
    """

    token: SecretStr
    permissions: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class LongLived:
    """A token, and how long it lives from now on."""

    token: SecretStr
    lives: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Our app at Meta, and where Instagram is."""

    app_id: str
    app_secret: SecretStr
    www_url: str
    api_url: str
    graph_url: str

    def consent_address(
        self, *, redirect_uri: str, state: str, scopes: Iterable[str] = SCOPES
    ) -> str:
        """
        Return where an owner decides what we may do.

        They are asked to log in again, so that they choose the account and not the browser, and
        only with Instagram: what Facebook's login gives is another kind of token.
        """
        query = {
            "client_id": self.app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join(scopes),
            "state": state,
            "force_reauth": "true",
            "enable_fb_login": "false",
        }
        return str((URL(self.www_url) / "oauth" / "authorize").with_query(query))


class LoginClient:
    """
    Exchanges codes and tokens.

    All raise `GraphFailure` as `failures` sorts them, and `Unavailable` when there is no answer
    that can be read. A token is in the query where Meta's pages have it there.
    """

    def __init__(self, http: ClientSession, app: App, *, call_budget_s: float) -> None:
        self._app = app
        self._api = Calling(http, URL(app.api_url), call_budget_s=call_budget_s)
        self._graph = Calling(http, URL(app.graph_url), call_budget_s=call_budget_s)

    async def exchange_code(self, code: str, *, redirect_uri: str) -> Grant:
        """
        Return the token that `code` stands for. A code works once, within an hour.

        Raises:
            LoginRefused: Meta does not take it. Begin the login again.
            Unavailable: No answer; the code may be used up. Begin the login again.
        """
        form = {
            "client_id": self._app.app_id,
            "client_secret": self._app.app_secret.get_secret_value(),
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
            "code": code.removesuffix("#_"),
        }
        answer, said = await self._api.asked("POST", ("oauth", "access_token"), None, data=form)
        found = unwrapped(answer)
        token = _token(found)
        if token is None or not is_good(said):
            raise _refusal(answer, said)
        return Grant(token, read_permissions(found.get("permissions")))

    async def lengthen(self, short: SecretStr) -> LongLived:
        """Return a token of 60 days for one of an hour."""
        query = {
            "grant_type": "ig_exchange_token",
            "client_secret": self._app.app_secret.get_secret_value(),
            "access_token": short.get_secret_value(),
        }
        return await self._long_lived("access_token", query)

    async def refresh(self, token: SecretStr) -> LongLived:
        """
        Return another token of 60 days for one that is 24 hours old, and has not expired.

        Whether the old one works on, Meta does not say: the new one is kept before it is needed.
        """
        query = {"grant_type": "ig_refresh_token", "access_token": token.get_secret_value()}
        return await self._long_lived("refresh_access_token", query)

    async def _long_lived(self, path: str, query: Mapping[str, str]) -> LongLived:
        answer, _ = await self._graph.repeatable("GET", (path,), None, params=query)
        token = _token(answer)
        if token is None:
            raise Unavailable("Graph API: no token in the answer")
        return LongLived(token, _life(answer.get("expires_in")))


def read_permissions(found: object) -> frozenset[str] | None:
    """Return what was granted, which Meta writes as a list or with commas between."""
    names = found.split(",") if isinstance(found, str) else found
    if not isinstance(names, list):
        return None
    return frozenset(name.strip() for name in names if isinstance(name, str) and name.strip())


def _life(expires_in: object) -> timedelta:
    """Return how long a token lives; where Meta does not say, as long as its pages do."""
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float) or expires_in <= 0:
        return LONG_LIVED
    return timedelta(seconds=min(expires_in, LONG_LIVED.total_seconds()))


def _token(found: Mapping[str, Any]) -> SecretStr | None:
    token = read_id(found, "access_token")
    return None if token is None else SecretStr(token)


def _refusal(answer: Mapping[str, Any], said: Said) -> Unavailable | LoginRefused:
    """Return why there is no token; this address writes its errors in a form of its own."""
    error = answer.get("error")
    nested = error.get("message") if isinstance(error, dict) else None
    message = answer.get("error_message") or nested
    if isinstance(message, str) and message:
        return LoginRefused(message[:_LONGEST_DETAIL])
    return Unavailable(f"Instagram login: no readable answer (HTTP {said.http_status})")
