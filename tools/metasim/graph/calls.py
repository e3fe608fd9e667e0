"""A Graph API call as its handler sees it, and what a handler answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aiohttp import web

from tools.metasim import refusals
from tools.metasim.graph.fields import Fields, parse_fields
from tools.metasim.ledger import Trigger
from tools.metasim.limits import WINDOW_S, LimitName
from tools.metasim.records import Account, Json, Token
from tools.metasim.simulator import Simulator
from tools.metasim.webhooks.events import Event

_COMPOSITE = ("recipient", "message", "payload", "ice_breakers", "persistent_menu", "fields")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and the events to tell of it afterwards."""

    body: Json
    status: int = 200
    events: list[Event] = field(default_factory=list)


@dataclass(kw_only=True)
class Call:
    """One call. `arrived_s` is monotonic; `subject` is what it is about, for the books."""

    sim: Simulator
    method: str
    origin: str  # the host it was made to, with its scheme
    path: str
    node: str
    params: Json
    token_value: str | None
    arrived_s: float
    subject: str | None = None

    @cached_property
    def now_s(self) -> float:
        """The simulated moment of the call."""
        return self.sim.clock.now_s()

    @cached_property
    def token(self) -> Token:
        """The valid token the call carries; refused (190) without one."""
        token = self.sim.world.tokens.get(self.token_value or "")
        if token is None:
            raise refusals.bad_token()
        if self.sim.world.is_dead(token):
            subcode = self.sim.world.subcode_of_death(token)
            raise refusals.bad_token("Error validating access token.", subcode)
        if token.expires_at_s <= self.now_s:
            raise refusals.bad_token("Error validating access token: it has expired.", 463)
        return token

    @cached_property
    def account(self) -> Account:
        """The account the token is for."""
        return self.sim.world.accounts[self.token.account_id]

    @property
    def fields(self) -> Fields:
        """What the caller wants to see."""
        return parse_fields(str(self.params.get("fields") or ""))

    def limit(self, default: int) -> int:
        """Return how much of a list the caller wants; refuse (100) what is no number above 0."""
        value = str(self.params.get("limit", default))
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise refusals.invalid_parameter("limit must be a whole number above 0")
        return int(value)

    def known_account_id(self) -> str | None:
        """Return whose call it is, if that can be told."""
        token = self.sim.world.tokens.get(self.token_value or "")
        return token.account_id if token else None

    def require_own_node(self) -> Account:
        """Return the account if the node in the path is it; refuse (100/33) any other."""
        own = self.account
        if self.node != "me" and self.sim.world.account(self.node) is not own:
            raise refusals.not_found(self.node)
        return own

    def require_scope(self, scope: str) -> None:
        """Refuse (10) a token that was not granted `scope`."""
        if scope not in self.token.scopes:
            raise refusals.permission_missing(scope)

    def take(self, limit: LimitName) -> None:
        """Count the call against a limit, or refuse it (613/2534040)."""
        if not self._is_granted(limit):
            raise refusals.rate_limited(limit)

    def take_from_budget(self) -> None:
        """Count the call against the daily budget of ordinary calls, or refuse it (80002)."""
        if not self._is_granted("other_calls_per_day"):
            raise refusals.budget_exhausted()

    def _is_granted(self, limit: LimitName) -> bool:
        most: int | None = getattr(self.sim.config.limits, limit)
        return most is None or self.sim.limits.take(
            limit, self.account.id, now_s=self.now_s, limit=most, window_s=WINDOW_S[limit]
        )

    def latency_ms(self, trigger: Trigger | None) -> float | None:
        """Return how long after its trigger's webhook began the call arrived."""
        if trigger is None or trigger.began_s is None:
            return None
        return round((self.arrived_s - trigger.began_s) * 1000, 3)


GraphHandler = Callable[[Call], Answer]


async def read_call(request: web.Request, sim: Simulator) -> Call:
    """
    Read a call: parameters from the query, a form or JSON, the token from header or parameter.

    Raises:
        GraphError: The body is not what its content type says (code 100).
    """
    arrived_s = time.monotonic()
    params: Json = {**request.query, **await _read_body(request)}
    bearer = request.headers.get("Authorization", "").partition("Bearer ")[2].strip()
    return Call(
        sim=sim,
        method=request.method,
        origin=str(request.url.origin()),
        path=request.path,
        node=request.match_info.get("node", ""),
        params={name: _unfolded(name, value) for name, value in params.items()},
        token_value=bearer or params.get("access_token"),
        arrived_s=arrived_s,
    )


async def _read_body(request: web.Request) -> Json:
    if not request.can_read_body:
        return {}
    if request.content_type != "application/json":
        return dict((await request.post()).items())
    try:
        body = await request.json()
    except ValueError as error:
        raise refusals.invalid_parameter("the body is not JSON") from error
    if not isinstance(body, dict):
        raise refusals.invalid_parameter("the body must be a JSON object")
    return body


def _unfolded(name: str, value: Any) -> Any:
    """Return a structured parameter that came as a string of JSON, in a form or a query."""
    if name in _COMPOSITE and isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError as error:
            raise refusals.invalid_parameter(f"{name} is not JSON") from error
    return value
