"""Conversations, for those who want to know what was really sent."""

from __future__ import annotations

from itertools import islice

from tools.metasim import refusals
from tools.metasim.clock import graph_time
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.graph.fields import Fields, Node, Wanted, render
from tools.metasim.graph.paging import page, place_to_go_on
from tools.metasim.records import Contact, Json, Message
from tools.metasim.world import World, place_of_talk

READABLE_MESSAGES = 20  # the latest of a conversation; older ones answer as if deleted
_SCOPE = "instagram_business_manage_messages"
_PAGE = 25  # conversations, and messages of one, unless a limit is given


def list_conversations(call: Call) -> Answer:
    """`GET /{account}/conversations`: all, or the one with `user_id`; the latest first."""
    account = call.require_own_node()
    call.require_scope(_SCOPE)
    call.take("conversations_per_second")
    world, person_id, limit = call.sim.world, call.params.get("user_id"), call.limit(_PAGE)
    _require_affordable(call, conversations=limit if person_id is None else 1)
    if person_id is None:
        talks = world.talks_of(account.id, before=place_to_go_on(call))
    else:
        one = world.contacts.get(str(person_id))
        talks = iter([one] if one and one.account_id == account.id else [])
    found = list(islice((one for one in talks if _readable(call, one)), limit + 1))
    shown = found[:limit]
    last = place_of_talk(shown[-1]) if len(found) > limit else None
    return Answer(page(call, [_conversation_node(call, one) for one in shown], last=last))


def read_conversation(call: Call, contact: Contact) -> Answer:
    """`GET /{conversation}`: the one with that id."""
    call.take("conversations_per_second")
    _require_affordable(call, conversations=1)
    if not _readable(call, contact):
        raise refusals.not_found(call.node)
    return Answer(_conversation_node(call, contact))


def read_message(call: Call, message: Message) -> Answer:
    """`GET /{message}`; refused (9000001) when it was deleted or is not among the latest."""
    call.take("conversations_per_second")
    contact = call.sim.world.contacts[message.igsid]
    readable = _readable(call, contact)
    if message.mid not in {one.mid for one in readable} and not message.is_deleted:
        raise refusals.not_found(call.node)
    latest = {one.mid for one in readable[-READABLE_MESSAGES:]}
    if message.is_deleted or message.mid not in latest:
        raise refusals.unreadable_message()
    return Answer(_message_node(call.sim.world, contact, message, call.fields))


def _readable(call: Call, contact: Contact) -> list[Message]:
    """Return the messages Meta shows already: its reads lag behind what the account sends."""
    if not (lag_s := call.sim.config.read_lag_s):
        return contact.messages
    shown_until_s = call.now_s - lag_s
    return [
        message
        for message in contact.messages
        if not message.is_from_account or message.created_at_s <= shown_until_s
    ]


def _require_affordable(call: Call, *, conversations: int) -> None:
    """Refuse (500, code 1) a read that asks for more messages than Meta reads at once."""
    most, wanted = call.sim.config.limits.conversation_objects, call.fields.get("messages")
    if most is not None and wanted and conversations * (wanted.limit or _PAGE) > most:
        raise refusals.too_much_data()


def _conversation_node(call: Call, contact: Contact) -> Json:
    world, messages = call.sim.world, _readable(call, contact)
    node: Node = {
        "id": lambda _: contact.conversation_id,
        "updated_time": lambda _: graph_time(messages[-1].created_at_s),
        "participants": lambda _: {"data": list(_parties(world, contact))},
        "messages": lambda what: _messages(world, contact, messages, what),
    }
    return render(node, call.fields, kind="UnifiedThread", default=("id", "updated_time"))


def _messages(world: World, contact: Contact, messages: list[Message], wanted: Wanted) -> Json:
    newest_first = [message for message in reversed(messages) if not message.is_deleted]
    listed = newest_first[: wanted.limit]
    detailed = [
        _message_node(world, contact, message, wanted.fields)
        for message in listed[:READABLE_MESSAGES]
    ]
    return {"data": detailed + [_bare(message) for message in listed[READABLE_MESSAGES:]]}


def _message_node(world: World, contact: Contact, message: Message, fields: Fields) -> Json:
    account, person = _parties(world, contact)
    author, reader = (account, person) if message.is_from_account else (person, account)
    node: Node = {
        "id": lambda _: message.mid,
        "created_time": lambda _: graph_time(message.created_at_s),
        "from": lambda _: author,
        "to": lambda _: {"data": [reader]},
        "message": lambda _: message.text or "",
        "attachments": lambda _: _attachments(message),
        "shares": lambda _: None,
        "story": lambda _: (message.message.get("reply_to") or {}).get("story"),
        "reactions": lambda _: {"data": [message.reaction]} if message.reaction else None,
        "is_unsupported": lambda _: message.message.get("is_unsupported"),
    }
    return render(node, fields, kind="Message", default=("id", "created_time"))


def _bare(message: Message) -> Json:
    return {"id": message.mid, "created_time": graph_time(message.created_at_s)}


def _attachments(message: Message) -> Json | None:
    one = message.message.get("attachment")
    several = message.message.get("attachments") or ([one] if one else [])
    return {"data": several} if several else None


def _parties(world: World, contact: Contact) -> tuple[Json, Json]:
    account = world.accounts[contact.account_id]
    return (
        {"id": account.id, "username": account.username},
        {"id": contact.igsid, "username": contact.username},
    )
