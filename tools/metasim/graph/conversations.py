"""Conversations, for those who want to know what was really sent."""

from __future__ import annotations

from tools.metasim import refusals
from tools.metasim.clock import graph_time
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.graph.fields import Fields, Node, Wanted, render
from tools.metasim.records import Contact, Json, Message
from tools.metasim.world import World

READABLE_MESSAGES = 20  # the latest of a conversation; older ones answer as if deleted


def list_conversations(call: Call) -> Answer:
    """`GET /{account}/conversations`: all, or the one with `user_id`; the latest first."""
    account = call.require_own_node()
    take_conversation_call(call)
    world = call.sim.world
    person_id = call.params.get("user_id")
    if person_id is None:
        found = world.contacts_of(account.id)
    else:
        one = world.contacts.get(str(person_id))
        found = [one] if one and one.account_id == account.id and one.messages else []
    shown = found[: call.limit(25)]
    return Answer({"data": [conversation_node(world, one, call.fields) for one in shown]})


def take_conversation_call(call: Call) -> None:
    """Count a call of the Conversations API against its limit."""
    call.take("conversations_per_second")


def conversation_node(world: World, contact: Contact, fields: Fields) -> Json:
    """Return a conversation as the Graph API tells it."""
    node: Node = {
        "id": lambda _: contact.conversation_id,
        "updated_time": lambda _: graph_time(contact.messages[-1].created_at_s),
        "participants": lambda _: {"data": list(_parties(world, contact))},
        "messages": lambda what: _messages(world, contact, what),
    }
    return render(node, fields, kind="UnifiedThread", default=("id", "updated_time"))


def message_node(world: World, message: Message, fields: Fields) -> Json:
    """Return a message as the Graph API tells it; refuse (9000001) one that is out of reach."""
    contact = world.contacts[message.igsid]
    if message.is_deleted or message not in contact.messages[-READABLE_MESSAGES:]:
        raise refusals.unreadable_message()
    return _message_node(world, contact, message, fields)


def _messages(world: World, contact: Contact, wanted: Wanted) -> Json:
    newest_first = [message for message in reversed(contact.messages) if not message.is_deleted]
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
