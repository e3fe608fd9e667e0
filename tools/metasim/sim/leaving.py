"""An owner removes the app in their Instagram settings, or wants their data deleted."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field, HttpUrl

from tools.metasim.keys import SIM
from tools.metasim.sim.bodies import NumericId, Strict
from tools.metasim.sim.problems import ProblemError, read_body, require_account
from tools.metasim.webhooks.options import Secret
from tools.metasim.webhooks.signed_request import forged_or_signed

_APP_REMOVED = 458  # Meta's subcode of 190


class LeavingBody(Strict):
    """Whose owner it is, and how the app is told."""

    account_id: NumericId
    secret: Secret = Field("good")
    tell: bool = True  # false: as operators report of apps with this login alone


async def post_deauthorization(request: web.Request) -> web.Response:
    """Remove the app from an account: its tokens are dead from now on, and the app is told."""
    sim, body = request.app[SIM], await read_body(request, LeavingBody)
    account = require_account(sim.world, body.account_id)
    sim.world.kill_tokens(account.id, _APP_REMOVED)
    account.subscribed_fields = set()
    return await _tell(request, body, "deauthorize_url", sim.config.deauthorize_url)


async def post_data_deletion(request: web.Request) -> web.Response:
    """Ask the app to delete what it has of an account's owner; return what it answers."""
    sim, body = request.app[SIM], await read_body(request, LeavingBody)
    return await _tell(request, body, "data_deletion_url", sim.config.data_deletion_url)


async def _tell(
    request: web.Request, body: LeavingBody, name: str, url: HttpUrl | None
) -> web.Response:
    sim = request.app[SIM]
    account = require_account(sim.world, body.account_id)
    if not body.tell:
        return web.json_response({"status": None, "body": None})
    if url is None:
        raise ProblemError("no such address is set: PUT /sim/config", field=name, status=409)
    told = forged_or_signed(
        account.app_scoped_id,
        issued_at_s=sim.clock.now_s(),
        settings=sim.settings,
        secret=body.secret,
    )
    status, text = await sim.courier.post_form(str(url), {"signed_request": told})
    sim.timeline.add("signed_request", account_id=account.id, to=name, status=status)
    return web.json_response({"status": status, "body": text})
