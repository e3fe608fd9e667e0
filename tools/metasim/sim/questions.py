"""What came of it: replies, conversations, the story, the judgement; and the configuration."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.presets import PRESETS
from tools.metasim.records import Comment, Json, Message
from tools.metasim.sim.controls import HoldsQuery, TimelineQuery, WaitQuery
from tools.metasim.sim.problems import (
    ProblemError,
    read_object,
    read_query,
    require_account,
    require_comment,
)
from tools.metasim.sim.telling import tell_comment, tell_message, tell_reply
from tools.metasim.simulator import Simulator
from tools.metasim.timeline import EVERYTHING

_GLANCE_S = 0.05


async def get_health(_request: web.Request) -> web.Response:
    """Say that we are here."""
    return web.json_response({"status": "ok"})


async def post_reset(request: web.Request) -> web.Response:
    """Forget everything but the settings."""
    request.app[SIM].reset()
    return web.Response(status=204)


async def get_comment(request: web.Request) -> web.Response:
    """Return a comment and what it was answered with."""
    comment = require_comment(request.app[SIM].world, request.match_info["comment_id"])
    return web.json_response(
        {
            "comment": tell_comment(comment),
            "private_replies": [tell_reply(reply) for reply in comment.private_replies],
            "public_replies": [tell_reply(reply) for reply in comment.public_replies],
        }
    )


async def get_conversation(request: web.Request) -> web.Response:
    """Return a conversation, in order."""
    sim = request.app[SIM]
    account = require_account(sim.world, request.match_info["account_id"])
    contact = sim.world.contact(account.id, request.match_info["username"].lower())
    return web.json_response(
        {
            "account_id": account.id,
            "username": contact.username,
            "igsid": contact.igsid,
            "messages": [tell_message(message) for message in contact.messages],
        }
    )


async def get_timeline(request: web.Request) -> web.Response:
    """Return what happened after entry `after`, as soon as there is something."""
    sim, query = request.app[SIM], read_query(request.query, TimelineQuery)
    entries = await sim.signals.wait_for(
        EVERYTHING,
        lambda: sim.timeline.after(query.after, limit=query.limit) or None,
        timeout_s=query.wait_s,
    )
    return web.json_response({"entries": entries or [], "last_n": sim.timeline.last_n})


async def get_wait(request: web.Request) -> web.Response:
    """Return what is waited for as soon as it has been seen; 408 when the time runs out."""
    sim, query = request.app[SIM], read_query(request.query, WaitQuery)
    if query.all:
        return await _wait_for_all(sim, query)
    if query.comment_id:
        comment = require_comment(sim.world, query.comment_id)
        key = ("comment", comment.id)
        seen = await sim.signals.wait_for(
            key, lambda: _nth_reply(comment, query), timeout_s=query.timeout_s
        )
    elif query.account_id and query.username:
        account = require_account(sim.world, query.account_id)
        contact = sim.world.contact(account.id, query.username)
        key = ("conversation", contact.igsid)
        seen = await sim.signals.wait_for(
            key, lambda: _nth_message(contact.messages, query.count), timeout_s=query.timeout_s
        )
    else:
        raise ProblemError("give comment_id, or account_id and username", field="comment_id")
    if seen is None:
        raise ProblemError(f"nothing came within {query.timeout_s:g} s", status=408)
    return web.json_response(seen)


async def get_judgement(request: web.Request) -> web.Response:
    """Return the judgement over everything so far."""
    return web.json_response(request.app[SIM].judge.verdict())


async def get_summary(request: web.Request) -> web.Response:
    """Return the judgement in figures: cheap, however much has happened."""
    return web.json_response(request.app[SIM].judge.summary())


async def get_calls(request: web.Request) -> web.Response:
    """Return how often each account has called, by what was called."""
    return web.json_response({"calls": request.app[SIM].tally.told()})


async def get_presets(_request: web.Request) -> web.Response:
    """Return the faults that have a name, and what each name says."""
    return web.json_response({"presets": PRESETS})


async def delete_holds(request: web.Request) -> web.Response:
    """End the restrictions of an account, or of all."""
    query = read_query(request.query, HoldsQuery)
    return web.json_response({"lifted": request.app[SIM].holds.lift(query.account_id)})


async def get_config(request: web.Request) -> web.Response:
    """Return the configuration that holds."""
    return web.json_response(request.app[SIM].config.model_dump(mode="json"))


async def put_config(request: web.Request) -> web.Response:
    """Change the part of the configuration that is given."""
    request.app[SIM].configure(await read_object(request))
    return await get_config(request)


async def no_such_page(request: web.Request) -> web.Response:
    """Say that the control API has no such path."""
    raise ProblemError(f"there is no {request.method} {request.path}", status=404)


async def _wait_for_all(sim: Simulator, query: WaitQuery) -> web.Response:
    loop = asyncio.get_running_loop()
    ends_at_s = loop.time() + query.timeout_s
    while True:
        told = sim.judge.summary()
        is_done = not (told["lost"] or told["undelivered"] or told["webhooks"]["pending"])
        if is_done or loop.time() >= ends_at_s or sim.stopping.is_set():
            return web.json_response(sim.judge.verdict(), status=200 if is_done else 408)
        await asyncio.sleep(_GLANCE_S)


def _nth_reply(comment: Comment, query: WaitQuery) -> Json | None:
    replies = {
        "private_reply": comment.private_replies,
        "public_reply": comment.public_replies,
        "": [*comment.private_replies, *comment.public_replies],
    }[query.kind]
    return tell_reply(replies[query.count - 1]) if len(replies) >= query.count else None


def _nth_message(messages: list[Message], count: int) -> Json | None:
    by_api = [message for message in messages if message.via == "api"]
    return tell_message(by_api[count - 1]) if len(by_api) >= count else None
