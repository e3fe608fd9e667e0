"""The simulator on one page: its routes, and what is opened and closed around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.utils import formatdate

from aiohttp import ClientSession, TCPConnector, web

from tools.metasim.graph import attachments, comments, conversations, login, messages, nodes
from tools.metasim.graph.door import graph
from tools.metasim.graph.unknown import unknown_path
from tools.metasim.keys import SIM
from tools.metasim.page.files import get_page, get_script, get_style
from tools.metasim.settings import Settings
from tools.metasim.sim import (
    accounts,
    commenting,
    deliveries,
    elsewhere,
    happenings,
    leaving,
    questions,
)
from tools.metasim.sim.problems import answer_problems
from tools.metasim.simulator import Simulator

_BODY_MAX_BYTES = 8 * 1024 * 1024
_VERSIONS = ("", r"/{version:v\d+\.\d+}")


def create_app(settings: Settings) -> web.Application:
    """
    Return a whole simulator, to be served by aiohttp; `app[SIM]` is its `Simulator`.

    Under a test: `async with TestServer(create_app(Settings(app_id=..., ...))) as server`.
    """
    app = web.Application(middlewares=[answer_problems], client_max_size=_BODY_MAX_BYTES)
    app[SIM] = Simulator(settings)
    app.cleanup_ctx.append(_deliveries)
    app.on_shutdown.append(_stop)
    app.on_response_prepare.append(_date)
    app.add_routes(_page_routes() + _control_routes())
    for version in _VERSIONS:
        app.add_routes(_graph_routes(version))
    app.router.add_route("*", "/{path:.*}", unknown_path)
    return app


async def _date(request: web.Request, response: web.StreamResponse) -> None:
    """Date each answer by the simulator's clock, which may be wrong."""
    response.headers["Date"] = formatdate(request.app[SIM].clock.now_s(), usegmt=True)


def _page_routes() -> list[web.RouteDef]:
    return [
        web.get("/", get_page),
        web.get("/page.css", get_style),
        web.get("/page.js", get_script),
        web.get("/health", questions.get_health),
        web.get("/judgement", questions.get_judgement),
    ]


def _control_routes() -> list[web.RouteDef]:
    account = "/sim/accounts/{account_id}"
    return [
        web.post("/sim/reset", questions.post_reset),
        web.get("/sim/accounts", accounts.list_accounts),
        web.post("/sim/accounts", accounts.post_account),
        web.put(account, accounts.put_account),
        web.get(f"{account}/media", accounts.list_media),
        web.post(f"{account}/media", accounts.post_media),
        web.put(f"{account}/media/{{media_id}}", accounts.put_media),
        web.get(f"{account}/media/{{media_id}}/comments", accounts.list_comments),
        web.get(f"{account}/attachments", accounts.list_attachments),
        web.delete(f"{account}/attachments", accounts.delete_attachments),
        web.put("/sim/people/{username}", accounts.put_person),
        web.post("/sim/comments", commenting.post_comment),
        web.post("/sim/bursts", commenting.post_burst),
        web.post("/sim/self-comments", commenting.post_own_comment),
        web.post("/sim/messages", happenings.post_message),
        web.post("/sim/postbacks", happenings.post_postback),
        web.post("/sim/reactions", happenings.post_reaction),
        web.post("/sim/seen", happenings.post_seen),
        web.post("/sim/referrals", happenings.post_referral),
        web.post("/sim/edits", happenings.post_edit),
        web.post("/sim/deletions", happenings.post_deletion),
        web.post("/sim/hand-typed", happenings.post_hand_typed),
        web.post("/sim/mentions", elsewhere.post_mention),
        web.post("/sim/handover", elsewhere.post_handover),
        web.post("/sim/deauthorizations", leaving.post_deauthorization),
        web.post("/sim/data-deletions", leaving.post_data_deletion),
        web.post("/sim/flush", deliveries.post_flush),
        web.post("/sim/webhooks", deliveries.post_webhook),
        web.post("/sim/events", deliveries.post_event),
        web.post("/sim/verify-webhook", deliveries.post_handshake),
        web.get("/sim/comments/{comment_id}", questions.get_comment),
        web.get("/sim/conversations/{account_id}/{username}", questions.get_conversation),
        web.get("/sim/timeline", questions.get_timeline),
        web.get("/sim/wait", questions.get_wait),
        web.get("/sim/judgement", questions.get_judgement),
        web.get("/sim/summary", questions.get_summary),
        web.get("/sim/calls", questions.get_calls),
        web.get("/sim/presets", questions.get_presets),
        web.delete("/sim/holds", questions.delete_holds),
        web.get("/sim/config", questions.get_config),
        web.put("/sim/config", questions.put_config),
        web.route("*", "/sim/{path:.*}", questions.no_such_page),
    ]


def _graph_routes(version: str) -> list[web.RouteDef]:
    node = f"{version}/{{node}}"
    return [
        web.get(f"{version}/oauth/authorize", login.show_consent),
        web.post(f"{version}/oauth/authorize", login.decide_consent),
        web.post(f"{version}/oauth/access_token", login.exchange_code),
        web.get(f"{version}/access_token", graph(login.exchange_token)),
        web.get(f"{version}/refresh_access_token", graph(login.refresh_token)),
        web.post(f"{node}/messages", graph(messages.send)),
        web.post(f"{node}/message_attachments", graph(attachments.upload)),
        web.post(f"{node}/replies", graph(comments.reply_in_public)),
        web.get(f"{node}/replies", graph(comments.list_replies)),
        web.post(f"{node}/comments", graph(comments.comment_on_own_media)),
        web.get(f"{node}/comments", graph(comments.list_comments)),
        web.get(f"{node}/media", graph(nodes.list_media)),
        web.get(f"{node}/stories", graph(nodes.list_stories)),
        web.get(f"{node}/conversations", graph(conversations.list_conversations)),
        web.get(f"{node}/subscribed_apps", graph(nodes.list_subscriptions)),
        web.post(f"{node}/subscribed_apps", graph(nodes.subscribe)),
        web.delete(f"{node}/subscribed_apps", graph(nodes.unsubscribe)),
        web.get(f"{node}/messenger_profile", graph(nodes.read_profile)),
        web.post(f"{node}/messenger_profile", graph(nodes.put_profile)),
        web.delete(f"{node}/messenger_profile", graph(nodes.delete_profile)),
        web.get(node, graph(nodes.read_node)),
        web.post(node, graph(comments.hide)),
        web.delete(node, graph(comments.delete)),
    ]


async def _deliveries(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(connector=TCPConnector(limit=0)) as session:  # the courier bounds it
        app[SIM].courier.open(session)
        yield
        await app[SIM].courier.close()


async def _stop(app: web.Application) -> None:
    app[SIM].stop()
