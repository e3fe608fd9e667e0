"""Comments: reading them, answering in public, hiding, deleting."""

from __future__ import annotations

from tools.metasim import refusals, rules
from tools.metasim.clock import graph_time
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.graph.fields import Fields, Node, Wanted, pick, render
from tools.metasim.graph.paging import page, page_inside, place_to_go_on
from tools.metasim.records import Comment, Json, Media, Reply
from tools.metasim.webhooks.events import Event, account_as_author, comment_event
from tools.metasim.world import Place

PAGE_MAX = 50  # comments; Meta's page on a media's comments
_PAGE = 25
_SCOPE = "instagram_business_manage_comments"


def reply_in_public(call: Call) -> Answer:
    """`POST /{comment}/replies`: answer under a comment, or under the one it answers."""
    comment = require_comment(call, call.node)
    call.require_scope(_SCOPE)
    rules.require_public_reply(comment)
    text = _text(call)
    call.take_from_budget()
    own = _own_comment(call, comment.media_id, text)
    own.parent_id = call.sim.world.top_level(comment).id
    call.sim.show_comment(own)
    latency_ms = call.latency_ms(call.sim.ledger.comment_trigger(comment.id))
    reply = Reply(own.id, {"text": text}, call.now_s, latency_ms)
    call.sim.show_reply("public_reply", comment, reply)
    return _created(call, own)


def comment_on_own_media(call: Call) -> Answer:
    """`POST /{media}/comments`: a comment of the account's own."""
    media = call.sim.world.media.get(call.node)
    if media is None or media.account_id != call.account.id:
        raise refusals.not_found(call.node)
    call.require_scope(_SCOPE)
    text = _text(call)
    call.take_from_budget()
    own = _own_comment(call, media.id, text)
    call.sim.show_comment(own)
    return _created(call, own)


def hide(call: Call) -> Answer:
    """`POST /{comment}?hide=true`: hide a comment, or show it again."""
    comment = require_comment(call, call.node)
    call.take_from_budget()
    if comment.is_live or str(call.params.get("hide")).lower() not in {"true", "false"}:
        raise refusals.invalid_parameter("hide must be true or false, and not during a broadcast")
    comment.is_hidden = str(call.params["hide"]).lower() == "true" and not comment.is_own
    return Answer({"success": True})


def delete(call: Call) -> Answer:
    """`DELETE /{comment}`: remove a comment under one's own media."""
    comment = require_comment(call, call.node)
    call.take_from_budget()
    call.sim.world.remove_comment(comment)
    return Answer({"success": True})


def list_comments(call: Call) -> Answer:
    """`GET /{media}/comments`: top-level comments, newest first, 50 at most."""
    media = call.sim.world.media.get(call.node)
    if media is None or media.account_id != call.account.id:
        raise refusals.not_found(call.node)
    call.require_scope(_SCOPE)
    call.take_from_budget()
    limit = min(call.limit(_PAGE), PAGE_MAX)
    before = place_to_go_on(call)
    found = call.sim.world.comments_under(media.id, limit=limit + 1, before=before)
    shown = found[:limit]
    last = _place(shown[-1]) if len(found) > limit else None
    listed = [comment_node(call, comment, call.fields) for comment in shown]
    return Answer(page(call, listed, last=last))


def list_replies(call: Call) -> Answer:
    """`GET /{comment}/replies`: what stands under a comment, newest first, 50 at most."""
    comment = require_comment(call, call.node)
    call.take_from_budget()
    shown, last = _answers(call, comment, call.limit(_PAGE), before=place_to_go_on(call))
    return Answer(page(call, [comment_node(call, one, call.fields) for one in shown], last=last))


def require_comment(call: Call, comment_id: str) -> Comment:
    """Return the comment under this account's media; refuse (100/33) any other."""
    comment = call.sim.world.comments.get(comment_id)
    if comment is None or comment.account_id != call.account.id or comment.is_deleted:
        raise refusals.not_found(comment_id)
    return comment


def comment_node(call: Call, comment: Comment, fields: Fields) -> Json:
    """Return a comment as the Graph API tells it."""
    media: Media = call.sim.world.media[comment.media_id]
    node: Node = {
        "id": lambda _: comment.id,
        "text": lambda _: comment.text,
        "timestamp": lambda _: graph_time(comment.created_at_s),
        "username": lambda _: comment.username,
        "from": lambda what: pick({"id": comment.author_id, "username": comment.username}, what),
        "user": lambda _: {"id": comment.author_id} if comment.is_own else None,
        "media": lambda what: pick(
            {"id": media.id, "media_product_type": media.product_type}, what
        ),
        "parent_id": lambda _: comment.parent_id,
        "hidden": lambda _: comment.is_hidden,
        "like_count": lambda _: 0,
        "replies": lambda what: _replies(call, comment, what) if comment.children else None,
    }
    return render(node, fields, kind="IGComment", default=("id", "text", "timestamp"))


def _replies(call: Call, comment: Comment, wanted: Wanted) -> Json:
    shown, last = _answers(call, comment, wanted.limit or _PAGE)
    listed = [comment_node(call, one, wanted.fields) for one in shown]
    return page_inside(call, listed, path=f"{comment.id}/replies", last=last)


def _answers(
    call: Call, comment: Comment, limit: int, *, before: Place | None = None
) -> tuple[list[Comment], Place | None]:
    """
    Return what stands under a comment, newest first, and if there is more the place of the last.

    Meta says of no order; answers captured by others come so (python-facebook, "replies").
    """
    children = (call.sim.world.comments[child_id] for child_id in comment.children)
    placed = {_place(child): child for child in children if not child.is_deleted}
    places = [place for place in sorted(placed, reverse=True) if not before or place < before]
    shown = places[: min(limit, PAGE_MAX)]
    last = shown[-1] if len(shown) < len(places) else None
    return [placed[place] for place in shown], last


def _place(comment: Comment) -> Place:
    return comment.created_at_s, comment.id


def _own_comment(call: Call, media_id: str, text: str) -> Comment:
    account = call.account
    return Comment(
        call.sim.mint.comment_id(),
        account.id,
        media_id,
        account.id,
        account.username,
        text,
        call.now_s,
        is_own=True,
    )


def _created(call: Call, own: Comment) -> Answer:
    events = _own_events(call, own)
    if "fields" in call.params:  # Meta creates the comment first and refuses to show it then
        error = refusals.created_but_unreadable()
        return Answer(error.body(call.sim.mint.trace_id()), error.status, events)
    return Answer({"id": own.id}, events=events)


def _own_events(call: Call, own: Comment) -> list[Event]:
    if not call.sim.config.own_reply_webhooks:
        return []
    media = call.sim.world.media[own.media_id]
    return [comment_event(own, media, account_as_author(call.account))]


def _text(call: Call) -> str:
    text = call.params.get("message")
    if not isinstance(text, str) or not text.strip():
        raise refusals.invalid_parameter("message must not be empty")
    return text
