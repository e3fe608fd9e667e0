"""
People comment, one by one or many at once; and accounts comment on their own media.

Each handler does three things: change the world, enter what is expected, tell the webhook.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.ledger import Trigger
from tools.metasim.records import Comment, Json, Media
from tools.metasim.sim.bodies import BurstBody, CommentBody, CommentExpectation, OwnCommentBody
from tools.metasim.sim.problems import (
    ProblemError,
    read_body,
    require_account,
    require_comment,
    require_media,
)
from tools.metasim.simulator import Simulator
from tools.metasim.webhooks.events import (
    Event,
    account_as_author,
    comment_event,
    person_as_author,
)
from tools.metasim.webhooks.options import WebhookOptions


async def post_comment(request: web.Request) -> web.Response:
    """Let a person comment."""
    sim, body = request.app[SIM], await read_body(request, CommentBody)
    require_account(sim.world, body.account_id)
    if body.comment_id in sim.world.comments:
        raise ProblemError("this comment exists", field="comment_id", status=409)
    original = _post_behind(sim, body) if body.as_original_too else None
    comment = _persons_comment(sim, body, body.username)
    comment.id = body.comment_id or comment.id
    comment.parent_id = body.parent_id
    event = _appear(sim, comment, body.expect, body.webhook)
    webhook = await sim.courier.tell(event)
    if original:
        again = comment_event(comment, original, _author(sim, comment))
        webhook += await sim.courier.tell(
            replace(again, options=event.options, trigger=event.trigger)
        )
    return web.json_response(
        {"comment_id": comment.id, "igsid": comment.author_id, "webhook": webhook}
    )


async def post_burst(request: web.Request) -> web.Response:
    """Let many people comment at once."""
    sim, body = request.app[SIM], await read_body(request, BurstBody)
    require_account(sim.world, body.account_id)
    people = [f"{body.username}{number}" for number in range(1, body.count + 1)]
    comments = [_persons_comment(sim, body, person) for person in people]
    events = [_appear(sim, comment, body.expect, body.webhook) for comment in comments]
    outcomes = await sim.courier.tell_many(events, per_post=body.per_post)
    return web.json_response(
        {"comment_ids": [comment.id for comment in comments], "webhooks": outcomes}
    )


async def post_own_comment(request: web.Request) -> web.Response:
    """Let an account comment on its own media."""
    sim, body = request.app[SIM], await read_body(request, OwnCommentBody)
    account = require_account(sim.world, body.account_id)
    comment = Comment(
        sim.mint.comment_id(),
        account.id,
        body.media_id,
        account.id,
        account.username,
        body.text,
        _moment(sim, body.created_at),
        parent_id=body.parent_id,
        is_own=True,
    )
    webhook = await sim.courier.tell(_appear(sim, comment, body.expect, body.webhook))
    return web.json_response(
        {"comment_id": comment.id, "igsid": account.self_igsid, "webhook": webhook}
    )


def _persons_comment(sim: Simulator, body: CommentBody | BurstBody, username: str) -> Comment:
    return Comment(
        sim.mint.comment_id(),
        body.account_id,
        body.media_id,
        sim.world.contact(body.account_id, username).igsid,
        username,
        body.text,
        _moment(sim, body.created_at),
        is_live=body.live,
    )


def _appear(
    sim: Simulator, comment: Comment, expect: CommentExpectation, options: WebhookOptions
) -> Event:
    """Let a comment appear, and return the event that tells of it."""
    media = require_media(sim.world, comment.account_id, comment.media_id)
    if comment.parent_id:
        require_comment(sim.world, comment.parent_id, "parent_id")
    media.is_live |= comment.is_live  # a comment on a broadcast: so it is on the air
    sim.show_comment(comment)
    trigger = Trigger(
        comment.id,
        "comment",
        comment.account_id,
        comment.username,
        comment.created_at_s,
        expect.counts(),
    )
    sim.ledger.expect_on_comment(trigger)
    event = comment_event(comment, media, _author(sim, comment))
    return replace(event, options=options, trigger=trigger)


def _post_behind(sim: Simulator, body: CommentBody) -> Media:
    ad = require_media(sim.world, body.account_id, body.media_id)
    original = sim.world.media.get(ad.original_media_id or "")
    if original is None:
        raise ProblemError("this media is no ad of a post that is here", field="as_original_too")
    return original


def _author(sim: Simulator, comment: Comment) -> Json:
    if comment.is_own:
        return account_as_author(sim.world.accounts[comment.account_id])
    return person_as_author(sim.world.contacts[comment.author_id])


def _moment(sim: Simulator, created_at: datetime | None) -> float:
    return created_at.timestamp() if created_at else sim.clock.now_s()
