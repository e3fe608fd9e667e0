"""
People act in conversations: they write, tap, react, see, rewrite, unsend; and so do owners.

Each handler does three things: change the world, enter what is expected, tell the webhook.
"""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from tools.metasim import rules
from tools.metasim.keys import SIM
from tools.metasim.ledger import Opting, Trigger
from tools.metasim.records import Contact, Json, Message
from tools.metasim.sim.bodies import (
    DeletionBody,
    EditBody,
    HandTypedBody,
    MessageBody,
    MessageExpectation,
    PostbackBody,
    ReactionBody,
    ReferralBody,
    SeenBody,
)
from tools.metasim.sim.problems import (
    ProblemError,
    read_body,
    require_account,
    require_message,
)
from tools.metasim.simulator import Simulator
from tools.metasim.webhooks import events
from tools.metasim.webhooks.events import Event
from tools.metasim.webhooks.options import WebhookOptions

_CDN = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id="


async def post_message(request: web.Request) -> web.Response:
    """Let a person write; this opens their window."""
    sim, body = request.app[SIM], await read_body(request, MessageBody)
    contact = _contact(sim, body.account_id, body.username)
    mid, at_s = body.mid or sim.mint.mid(), _moment(sim, body.created_at)
    if mid in sim.world.messages:
        raise ProblemError("this message exists", field="mid", status=409)
    follows = contact.account_id in sim.world.person(contact.username).follows
    if body.quick_reply and not rules.is_chip_shown(contact, body.quick_reply, follows=follows):
        raise ProblemError("Requests show no quick replies", field="quick_reply", status=409)
    message = _received(sim, contact, mid, at_s, _written(body))
    trigger = _enter(sim, contact, "message", mid, at_s=at_s, expect=body.expect, opts=body.opts)
    webhook = await _tell(sim, events.message_event(message), trigger, body.webhook)
    return web.json_response({"mid": mid, "igsid": contact.igsid, "webhook": webhook})


async def post_postback(request: web.Request) -> web.Response:
    """Let a person tap a button; this opens their window."""
    sim, body = request.app[SIM], await read_body(request, PostbackBody)
    contact = _contact(sim, body.account_id, body.username)
    mid, at_s = body.mid or sim.mint.mid(), _moment(sim, body.created_at)
    postback: Json = {"mid": mid, "title": body.title, "payload": body.payload}
    if "mid" in body.model_fields_set and body.mid is None:
        del postback["mid"]
    if body.referral:
        postback["referral"] = body.referral
    _received(sim, contact, mid, at_s, {"text": body.title, "postback": postback})
    trigger = _enter(sim, contact, "postback", mid, at_s=at_s, expect=body.expect, opts=body.opts)
    event = events.postback_event(contact, at_s, postback)
    webhook = await _tell(sim, event, trigger, body.webhook)
    return web.json_response(
        {"mid": postback.get("mid"), "igsid": contact.igsid, "webhook": webhook}
    )


async def post_reaction(request: web.Request) -> web.Response:
    """Let a person react to a message, or take it back."""
    sim, body = request.app[SIM], await read_body(request, ReactionBody)
    reaction: Json = {"mid": body.mid, "action": body.action}
    if body.action == "react":
        reaction |= {"reaction": body.reaction, "emoji": body.emoji}
    contact, at_s = _contact_of(sim, body), _moment(sim, body.created_at)
    event = events.reaction_event(contact, at_s, reaction)
    return await _happened(sim, contact, "reaction", at_s, event=event, body=body)


async def post_seen(request: web.Request) -> web.Response:
    """Let a person see a message."""
    sim, body = request.app[SIM], await read_body(request, SeenBody)
    contact, at_s = _contact_of(sim, body), _moment(sim, body.created_at)
    event = events.seen_event(contact, at_s, body.mid)
    return await _happened(sim, contact, "seen", at_s, event=event, body=body)


async def post_referral(request: web.Request) -> web.Response:
    """Let a person enter the conversation through a link or an ad."""
    sim, body = request.app[SIM], await read_body(request, ReferralBody)
    account = require_account(sim.world, body.account_id)
    referral: Json = {
        "ref": body.ref,
        "source": body.source or f"https://ig.me/m/{account.username}",
        "type": body.type,
    }
    if body.ad_id:
        referral["ad_id"] = body.ad_id
    contact, at_s = _contact_of(sim, body), _moment(sim, body.created_at)
    event = events.referral_event(contact, at_s, referral)
    return await _happened(sim, contact, "referral", at_s, event=event, body=body)


async def post_edit(request: web.Request) -> web.Response:
    """Let a person rewrite a message."""
    sim, body = request.app[SIM], await read_body(request, EditBody)
    message = _own_message(sim, body.mid)
    message.message = {**message.message, "text": body.text}
    message.num_edit += 1
    event = events.edit_event(message, sim.clock.now_s())
    return await _changed(sim, "edit", message, event, body)


async def post_deletion(request: web.Request) -> web.Response:
    """Let a person unsend a message."""
    sim, body = request.app[SIM], await read_body(request, DeletionBody)
    message = _own_message(sim, body.mid)
    message.is_deleted, message.message = True, {}
    event = events.deletion_event(message, sim.clock.now_s())
    return await _changed(sim, "deletion", message, event, body)


async def post_hand_typed(request: web.Request) -> web.Response:
    """Let an account's owner write in the Instagram app; its echo is told."""
    sim, body = request.app[SIM], await read_body(request, HandTypedBody)
    contact = _contact(sim, body.account_id, body.username)
    mid, at_s = sim.mint.mid(), _moment(sim, body.created_at)
    message = Message(mid, contact.account_id, contact.igsid, {"text": body.text}, at_s, "hand")
    sim.show_message(contact, message)
    webhook = await _tell(sim, events.echo_event(message), None, body.webhook)
    return web.json_response({"mid": mid, "igsid": contact.igsid, "webhook": webhook})


async def _happened(
    sim: Simulator,
    contact: Contact,
    kind: str,
    at_s: float,
    *,
    event: Event,
    body: ReactionBody | SeenBody | ReferralBody,
) -> web.Response:
    trigger_id = sim.mint.webhook_id()
    trigger = _enter(sim, contact, kind, trigger_id, at_s=at_s, expect=body.expect, opts=body.opts)
    sim.timeline.add(
        kind, account_id=contact.account_id, username=contact.username, told=event.value
    )
    webhook = await _tell(sim, event, trigger, body.webhook)
    return web.json_response({"id": trigger.id, "igsid": contact.igsid, "webhook": webhook})


async def _changed(
    sim: Simulator, kind: str, message: Message, event: Event, body: EditBody | DeletionBody
) -> web.Response:
    contact = sim.world.contacts[message.igsid]
    trigger_id, now_s = f"{message.mid}#{kind}{message.num_edit}", sim.clock.now_s()
    trigger = _enter(sim, contact, kind, trigger_id, at_s=now_s, expect=body.expect)
    sim.timeline.add(
        kind,
        account_id=contact.account_id,
        username=contact.username,
        mid=message.mid,
        text=message.text,
    )
    webhook = await _tell(sim, event, trigger, body.webhook)
    return web.json_response({"mid": message.mid, "igsid": contact.igsid, "webhook": webhook})


async def _tell(
    sim: Simulator, event: Event, trigger: Trigger | None, options: WebhookOptions
) -> list[Json]:
    told = Event(event.account_id, event.field, event.value, event.is_messaging, options, trigger)
    return await sim.courier.tell(told)


def _enter(
    sim: Simulator,
    contact: Contact,
    kind: str,
    trigger_id: str,
    *,
    at_s: float,
    expect: MessageExpectation,
    opts: Opting | None = None,
) -> Trigger:
    trigger = Trigger(
        trigger_id,
        kind,
        contact.account_id,
        contact.username,
        at_s,
        expect.counts(),
        tuple(expect.in_order),
        opts,
        sim.config.opt_out_grace_s,
    )
    sim.ledger.expect_in_thread(trigger, contact.igsid)
    return trigger


def _received(sim: Simulator, contact: Contact, mid: str, at_s: float, told: Json) -> Message:
    message = Message(mid, contact.account_id, contact.igsid, told, at_s, "app")
    sim.show_message(contact, message)
    sim.world.open_window(contact, at_s)
    return message


def _written(body: MessageBody) -> Json:
    told: Json = body.model_dump(
        include={"text", "attachments", "referral"}, exclude_none=True, mode="json"
    )
    if body.story_id:
        told["reply_to"] = {"story": {"id": body.story_id, "url": f"{_CDN}{body.story_id}"}}
    if body.reply_to_mid:
        told["reply_to"] = {"mid": body.reply_to_mid}
    if body.story_mention:
        mention = {"type": "story_mention", "payload": {"url": f"{_CDN}mention"}}
        told["attachments"] = [*told.get("attachments", []), mention]
    if body.quick_reply:
        told["quick_reply"] = {"payload": body.quick_reply}
    if body.is_unsupported:
        told["is_unsupported"] = True
    if not told.keys() & {"text", "attachments", "is_unsupported"}:
        raise ProblemError(
            "a message needs text, attachments, story_mention or is_unsupported", field="text"
        )
    return told


def _own_message(sim: Simulator, mid: str) -> Message:
    message = require_message(sim.world, mid)
    if message.is_from_account:
        raise ProblemError("this message is not the person's", field="mid")
    return message


def _contact_of(sim: Simulator, body: ReactionBody | SeenBody | ReferralBody) -> Contact:
    return _contact(sim, body.account_id, body.username)


def _contact(sim: Simulator, account_id: str, username: str) -> Contact:
    return sim.world.contact(require_account(sim.world, account_id).id, username)


def _moment(sim: Simulator, created_at: datetime | None) -> float:
    return created_at.timestamp() if created_at else sim.clock.now_s()
