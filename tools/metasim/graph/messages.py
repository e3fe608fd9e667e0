"""`POST /{account}/messages`: messages, private replies, typing and reactions."""

from __future__ import annotations

from tools.metasim import refusals, rules
from tools.metasim.composing import (
    is_audio_or_video,
    require_private_sendable,
    require_sendable,
)
from tools.metasim.graph.attachments import require_own_media
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.records import Contact, Json, Message, Reply
from tools.metasim.webhooks.events import echo_event

_SIGNS = {"typing_on", "typing_off", "mark_seen"}


def send(call: Call) -> Answer:
    """Send to a person (`recipient.id`) or in answer to a comment (`recipient.comment_id`)."""
    call.require_own_node()
    match call.params.get("recipient"):
        case {"comment_id": str(comment_id)}:
            return _reply_in_private(call, comment_id)
        case {"id": str(person_id)}:
            return _write(call, _contact(call, person_id))
        case _:
            raise refusals.invalid_parameter("recipient needs an id or a comment_id, as a string")


def _write(call: Call, contact: Contact) -> Answer:
    latest = call.sim.ledger.latest_trigger(contact.account_id, contact.igsid)
    call.require_scope("instagram_business_manage_messages")
    rules.require_allowed_tag(call.params)
    if "sender_action" in call.params:
        return _sign(call, contact)
    sendable = require_sendable(call.params.get("message"))
    _require_window(call, contact)
    if is_audio_or_video(sendable):
        call.take("media_per_second")
    call.take("sends_per_second")
    shown = require_own_media(call, sendable)
    message = _message(call, contact, shown)
    message.latency_ms = call.latency_ms(latest)
    call.sim.show_message(contact, message)
    call.sim.ledger.messaged(
        contact.account_id,
        contact.igsid,
        {"id": message.mid, "message": shown, "at_s": call.now_s},
    )
    return _sent(call, message)


def _reply_in_private(call: Call, comment_id: str) -> Answer:
    comment = call.sim.world.comments.get(comment_id)
    if comment is None or comment.account_id != call.account.id:
        raise refusals.not_found(comment_id)
    if "instagram_business_manage_comments" not in call.token.scopes:
        raise refusals.private_reply_scope_missing()
    rules.require_allowed_tag(call.params)
    sendable = require_private_sendable(call.params.get("message"))
    media = call.sim.world.media[comment.media_id]
    rules.require_private_reply(comment, is_broadcasting=media.is_live, now_s=call.now_s)
    call.take("live_private_replies_per_second" if comment.is_live else "private_replies_per_hour")
    contact = call.sim.world.contact(comment.account_id, comment.username)
    message = _message(call, contact, sendable)
    message.comment_id = comment.id
    message.latency_ms = call.latency_ms(call.sim.ledger.comment_trigger(comment.id))
    call.sim.show_message(contact, message)
    reply = Reply(message.mid, sendable, call.now_s, message.latency_ms)
    call.sim.show_reply("private_reply", comment, reply)
    return _sent(call, message)


def _sign(call: Call, contact: Contact) -> Answer:
    """Show typing or seen, or react: nothing that counts as a message."""
    match call.params:
        case {"message": _}:
            raise refusals.invalid_parameter("sender_action and message exclude each other")
        case {"sender_action": "react" | "unreact" as action, "payload": {"message_id": str(mid)}}:
            _require_window(call, contact)
            call.take("sends_per_second")
            _react(call, contact, mid, is_on=action == "react")
        case {"sender_action": str(sign)} if sign in _SIGNS:
            _require_window(call, contact)
            call.sim.timeline.add(
                "sender_action",
                account_id=contact.account_id,
                username=contact.username,
                action=sign,
            )
        case _:
            raise refusals.invalid_parameter("sender_action is not known here")
    return Answer({"recipient_id": contact.igsid})


def _react(call: Call, contact: Contact, mid: str, *, is_on: bool) -> None:
    message = call.sim.world.messages.get(mid)
    if message is None or message.igsid != contact.igsid:
        raise refusals.not_found(mid)
    reaction = call.params["payload"].get("reaction")
    message.reaction = {"reaction": reaction} if is_on else None
    call.sim.timeline.add(
        "account_reaction",
        account_id=contact.account_id,
        username=contact.username,
        mid=mid,
        reaction=reaction if is_on else None,
    )


def _contact(call: Call, person_id: str) -> Contact:
    contact = call.sim.world.contacts.get(person_id)
    if contact is None or contact.account_id != call.account.id:
        raise refusals.no_such_recipient()
    return contact


def _require_window(call: Call, contact: Contact) -> None:
    hours = call.sim.config.window_hours
    rules.require_open_window(contact, now_s=call.now_s, window_hours=hours)


def _message(call: Call, contact: Contact, sendable: Json) -> Message:
    mid = call.sim.mint.mid()
    return Message(mid, contact.account_id, contact.igsid, sendable, call.now_s, "api")


def _sent(call: Call, message: Message) -> Answer:
    echoes = [echo_event(message)] if call.sim.config.echoes else []
    return Answer({"recipient_id": message.igsid, "message_id": message.mid}, events=echoes)
