"""How the control API tells of comments, replies and messages."""

from __future__ import annotations

from tools.metasim.clock import iso
from tools.metasim.records import Comment, Json, Message, Reply


def tell_comment(comment: Comment) -> Json:
    """Return a comment."""
    return {
        "comment_id": comment.id,
        "account_id": comment.account_id,
        "media_id": comment.media_id,
        "username": comment.username,
        "igsid": comment.author_id,
        "text": comment.text,
        "parent_id": comment.parent_id,
        "created_at": iso(comment.created_at_s),
        "is_own": comment.is_own,
        "live": comment.is_live,
        "hidden": comment.is_hidden,
        "deleted": comment.is_deleted,
    }


def tell_reply(reply: Reply) -> Json:
    """Return an answer to a comment."""
    payload = (reply.message.get("attachment") or {}).get("payload") or {}
    return {
        "id": reply.id,
        "text": reply.message.get("text", payload.get("text")),
        "message": reply.message,
        "created_at": iso(reply.created_at_s),
        "latency_ms": reply.latency_ms,
    }


def tell_message(message: Message) -> Json:
    """Return a message of a conversation."""
    return {
        "mid": message.mid,
        "from": "account" if message.is_from_account else "person",
        "text": message.text,
        "message": message.message,
        "created_at": iso(message.created_at_s),
        "via": message.via if message.is_from_account else None,
        "latency_ms": message.latency_ms,
        "comment_id": message.comment_id,
        "num_edit": message.num_edit,
        "deleted": message.is_deleted,
    }
