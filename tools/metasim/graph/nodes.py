"""`GET /{id}` for every kind of id, and the account's own edges."""

from __future__ import annotations

from tools.metasim import refusals, rules
from tools.metasim.clock import graph_time
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.graph.comments import comment_node, require_comment
from tools.metasim.graph.conversations import read_conversation, read_message
from tools.metasim.graph.fields import Fields, Node, render
from tools.metasim.graph.paging import going_on
from tools.metasim.records import Account, Contact, Json, Media
from tools.metasim.world import World

ICE_BREAKERS_MAX = 4  # Meta's page on ice breakers
_PROFILE_SETTINGS = ("ice_breakers", "persistent_menu")


def read_node(call: Call) -> Answer:
    """Return the account, media, comment, message, conversation or person of that id."""
    own, world, node = call.account, call.sim.world, call.node
    if node == "me" or world.account(node) is own:
        call.take_from_budget()
        return Answer(_wrapped(call, _account_node(world, own, call.fields)))
    if (media := world.media.get(node)) and media.account_id == own.id:
        call.take_from_budget()
        return Answer(_media_node(world, own, media, call.fields))
    if (contact := world.contacts.get(node)) and contact.account_id == own.id:
        rules.require_consent(contact)
        return Answer(_person_node(world, contact, call.fields))
    if (talk := world.conversations.get(node)) and talk.account_id == own.id and talk.messages:
        return read_conversation(call, talk)
    if (message := world.messages.get(node)) and message.account_id == own.id:
        return read_message(call, message)
    comment = require_comment(call, node)
    call.take_from_budget()
    return Answer(comment_node(call, comment, call.fields))


def list_media(call: Call) -> Answer:
    """`GET /{account}/media`: newest first; `after` is the id to go on from."""
    return _list(call, [one for one in _media(call) if one.product_type != "STORY"])


def list_stories(call: Call) -> Answer:
    """`GET /{account}/stories`: those of the last 24 hours."""
    alive = (one for one in _media(call) if call.now_s - one.created_at_s < 86_400)
    return _list(call, [one for one in alive if one.product_type == "STORY"])


def subscribe(call: Call) -> Answer:
    """`POST /{account}/subscribed_apps`: be told of these fields from now on."""
    asked = call.params.get("subscribed_fields")
    names = asked.split(",") if isinstance(asked, str) else asked
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise refusals.invalid_parameter("subscribed_fields must name fields")
    own = call.require_own_node()
    call.take_from_budget()
    own.subscribed_fields = {name.strip() for name in names}
    return Answer({"success": True})


def unsubscribe(call: Call) -> Answer:
    """`DELETE /{account}/subscribed_apps`: be told of nothing."""
    own = call.require_own_node()
    call.take_from_budget()
    own.subscribed_fields = set()
    return Answer({"success": True})


def list_subscriptions(call: Call) -> Answer:
    """`GET /{account}/subscribed_apps`: the app and its fields, or nothing."""
    fields = sorted(call.require_own_node().subscribed_fields)
    call.take_from_budget()
    app = {"id": call.sim.settings.app_id, "name": "metasim", "subscribed_fields": fields}
    return Answer({"data": [app] if fields else []})


def put_profile(call: Call) -> Answer:
    """`POST /{account}/messenger_profile`: ice breakers and the persistent menu."""
    given = {name: call.params[name] for name in _PROFILE_SETTINGS if name in call.params}
    if not given:
        raise refusals.invalid_parameter("ice_breakers or persistent_menu is missing")
    for breakers in given.get("ice_breakers") or []:
        match breakers:
            case {"call_to_actions": list(questions)} if len(questions) <= ICE_BREAKERS_MAX:
                continue
            case _:
                raise refusals.invalid_parameter("ice_breakers takes lists of at most 4 questions")
    call.require_own_node().messenger_profile.update(given)
    return Answer({"success": True})


def read_profile(call: Call) -> Answer:
    """`GET /{account}/messenger_profile`: what was put there."""
    kept = call.require_own_node().messenger_profile
    shown = {name: value for name, value in kept.items() if not call.fields or name in call.fields}
    return Answer({"data": [shown] if shown else []})


def delete_profile(call: Call) -> Answer:
    """`DELETE /{account}/messenger_profile`: take `fields` away."""
    profile = call.require_own_node().messenger_profile
    names = call.params.get("fields") or []
    for name in names.split(",") if isinstance(names, str) else names:
        profile.pop(str(name), None)
    return Answer({"success": True})


def _media(call: Call) -> list[Media]:
    account = call.require_own_node()
    call.take_from_budget()
    return call.sim.world.media_of(account.id)


def _list(call: Call, found: list[Media]) -> Answer:
    limit = min(call.limit(25), 100)
    ids = [one.id for one in found]
    after = call.params.get("after")
    start = ids.index(after) + 1 if after in ids else 0
    shown = found[start : start + limit]
    body: Json = {
        "data": [_media_node(call.sim.world, call.account, one, call.fields) for one in shown]
    }
    if start + limit < len(found):
        body["paging"] = going_on(call, shown[-1].id)
    return Answer(body)


def _account_node(world: World, account: Account, fields: Fields) -> Json:
    node: Node = {
        "id": lambda _: account.app_scoped_id,
        "user_id": lambda _: account.id,
        "username": lambda _: account.username,
        "name": lambda _: account.username,
        "account_type": lambda _: "BUSINESS",
        "profile_picture_url": lambda _: None,
        "followers_count": lambda _: sum(
            account.id in person.follows for person in world.people.values()
        ),
        "follows_count": lambda _: 0,
        "media_count": lambda _: len(world.media_of(account.id)),
    }
    return render(node, fields, kind="IGUser", default=("id", "username"))


def _media_node(world: World, account: Account, media: Media, fields: Fields) -> Json:
    permalink = f"https://www.instagram.com/p/{media.id}/"
    media_type = "VIDEO" if media.product_type in {"REELS", "LIVE"} else "IMAGE"
    node: Node = {
        "id": lambda _: media.id,
        "caption": lambda _: media.caption or None,
        "media_type": lambda _: media_type,
        "media_product_type": lambda _: media.product_type,
        "media_url": lambda _: None,
        "thumbnail_url": lambda _: None,
        "permalink": lambda _: permalink,
        "timestamp": lambda _: graph_time(media.created_at_s),
        "username": lambda _: account.username,
        "owner": lambda _: {"id": account.id},
        "like_count": lambda _: 0,
        "comments_count": lambda _: world.count_of_comments(media.id),
    }
    return render(node, fields, kind="IGMedia")


def _person_node(world: World, contact: Contact, fields: Fields) -> Json:
    person = world.people[contact.username]
    node: Node = {
        "id": lambda _: contact.igsid,
        "name": lambda _: person.name,
        "username": lambda _: person.username,
        "profile_pic": lambda _: None,
        "follower_count": lambda _: 0,
        "is_user_follow_business": lambda _: contact.account_id in person.follows,
        "is_business_follow_user": lambda _: False,
        "is_verified_user": lambda _: False,
    }
    return render(node, fields, kind="User", default=("id", "name", "username"))


def _wrapped(call: Call, body: Json) -> Json:
    return {"data": [body]} if call.sim.config.wrap_answers else body
