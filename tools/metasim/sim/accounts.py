"""Setting the stage: accounts, their media, the people around them."""

from __future__ import annotations

from aiohttp import web

from tools.metasim.clock import iso
from tools.metasim.ids import igsid
from tools.metasim.keys import SIM
from tools.metasim.records import Account, Comment, Json, Media, Token
from tools.metasim.sim.bodies import AccountBody, MediaBody, PersonBody
from tools.metasim.sim.controls import ListQuery
from tools.metasim.sim.problems import (
    ProblemError,
    read_body,
    read_query,
    require_account,
    require_media,
)
from tools.metasim.sim.telling import tell_comment
from tools.metasim.simulator import Simulator
from tools.metasim.world import World

LONG_LIVED_S = 60 * 86_400  # 60 days, as Meta's "Business Login" page says
SCOPES = frozenset(
    {
        "instagram_business_basic",
        "instagram_business_manage_messages",
        "instagram_business_manage_comments",
    }
)


async def put_account(request: web.Request) -> web.Response:
    """Create or change the account of that id."""
    account_id = _numeric(request, "account_id")
    return _put(request.app[SIM], account_id, await read_body(request, AccountBody))


async def post_account(request: web.Request) -> web.Response:
    """Create an account with an id of ours."""
    sim = request.app[SIM]
    return _put(sim, sim.mint.account_id(), await read_body(request, AccountBody))


async def list_accounts(request: web.Request) -> web.Response:
    """Return all accounts."""
    sim = request.app[SIM]
    told = [_tell_account(sim, account) for account in sim.world.accounts.values()]
    return web.json_response({"accounts": told})


async def put_media(request: web.Request) -> web.Response:
    """Create or change the media of that id."""
    body = await read_body(request, MediaBody)
    return _put_media(request, _numeric(request, "media_id"), body)


async def post_media(request: web.Request) -> web.Response:
    """Create a media with an id of ours."""
    media_id = request.app[SIM].mint.media_id()
    return _put_media(request, media_id, await read_body(request, MediaBody))


async def list_media(request: web.Request) -> web.Response:
    """Return an account's media, newest first."""
    world = request.app[SIM].world
    account = require_account(world, request.match_info["account_id"])
    return web.json_response({"media": [_tell_media(one) for one in world.media_of(account.id)]})


async def list_comments(request: web.Request) -> web.Response:
    """Return the latest comments under a media, newest first, each with what stands under it."""
    world = request.app[SIM].world
    media = require_media(world, request.match_info["account_id"], request.match_info["media_id"])
    query = read_query(request.query, ListQuery)
    shown = world.latest_comments(media.id, limit=query.limit)
    return web.json_response({"comments": [_tell_thread(world, one) for one in shown]})


async def list_attachments(request: web.Request) -> web.Response:
    """Return what an account has uploaded, and how often each was sent."""
    world = request.app[SIM].world
    account = require_account(world, request.match_info["account_id"])
    told = [
        {"attachment_id": one.id, "type": one.kind, "url": one.url, "uses": one.uses}
        for one in world.attachments_of(account.id)
    ]
    return web.json_response({"attachments": told})


async def delete_attachments(request: web.Request) -> web.Response:
    """Let Meta forget what an account has uploaded; its ids are refused from then on."""
    world = request.app[SIM].world
    account = require_account(world, request.match_info["account_id"])
    forgotten = world.attachments_of(account.id)
    for one in forgotten:
        del world.attachments[one.id]
    return web.json_response({"forgotten": len(forgotten)})


async def put_person(request: web.Request) -> web.Response:
    """Name a person, and say whom they follow."""
    world = request.app[SIM].world
    body = await read_body(request, PersonBody)
    person = world.person(request.match_info["username"].lower())
    person.name, person.follows = body.name, set(body.follows)
    ids = {account_id: igsid(person.username, account_id) for account_id in world.accounts}
    return web.json_response(
        {
            "username": person.username,
            "name": person.name,
            "follows": sorted(person.follows),
            "igsids": ids,
        }
    )


def _put(sim: Simulator, account_id: str, body: AccountBody) -> web.Response:
    account = _account(sim, account_id, body)
    namesake = sim.world.account(account.app_scoped_id)
    if namesake and namesake.id != account_id:
        raise ProblemError("another account has this id", field="app_scoped_id", status=409)
    sim.world.put_account(account)
    if body.token or not sim.world.token_of(account_id):
        sim.world.revoke_tokens(account_id)
        sim.world.put_token(_token(sim, account_id, body))
    sim.timeline.add("account", account_id=account_id, username=account.username)
    return web.json_response(_tell_account(sim, account))


def _account(sim: Simulator, account_id: str, body: AccountBody) -> Account:
    if known := sim.world.accounts.get(account_id):
        return Account(
            account_id,
            body.app_scoped_id or known.app_scoped_id,
            body.username,
            known.self_igsid,
            known.subscribed_fields,
            known.messenger_profile,
            known.may_send_many_images if body.many_images is None else body.many_images,
        )
    app_scoped_id = body.app_scoped_id or sim.mint.app_scoped_id()
    account = Account(account_id, app_scoped_id, body.username, igsid(body.username, account_id))
    account.may_send_many_images = body.many_images is not False
    return account


def _token(sim: Simulator, account_id: str, body: AccountBody) -> Token:
    issued_at_s = body.token_issued_at.timestamp() if body.token_issued_at else sim.clock.now_s()
    expires_at_s = (
        body.token_expires_at.timestamp() if body.token_expires_at else issued_at_s + LONG_LIVED_S
    )
    value = body.token or sim.mint.token()
    if (known := sim.world.tokens.get(value)) and known.account_id != account_id:
        raise ProblemError("another account has this token", field="token", status=409)
    scopes = SCOPES if body.token_scopes is None else frozenset(body.token_scopes)
    return Token(value, account_id, issued_at_s, expires_at_s, scopes, is_long_lived=True)


def _tell_account(sim: Simulator, account: Account) -> Json:
    token = sim.world.token_of(account.id)
    return {
        "account_id": account.id,
        "app_scoped_id": account.app_scoped_id,
        "username": account.username,
        "token": token.value if token else None,
        "token_expires_at": iso(token.expires_at_s) if token else None,
        "subscribed_fields": sorted(account.subscribed_fields),
        "many_images": account.may_send_many_images,
    }


def _put_media(request: web.Request, media_id: str, body: MediaBody) -> web.Response:
    sim = request.app[SIM]
    account = require_account(sim.world, request.match_info["account_id"])
    known = sim.world.media.get(media_id)
    if known:
        require_media(sim.world, account.id, media_id)
    media = Media(
        media_id,
        account.id,
        known.created_at_s if known else sim.clock.now_s(),
        caption=body.caption,
        product_type=body.media_product_type,
        original_media_id=body.original_media_id,
        ad_id=body.ad_id,
        ad_title=body.ad_title,
        is_live=body.is_live,
    )
    sim.world.put_media(media)
    sim.timeline.add("media", account_id=account.id, media_id=media_id, caption=media.caption)
    return web.json_response(_tell_media(media))


def _tell_media(media: Media) -> Json:
    return {
        "media_id": media.id,
        "account_id": media.account_id,
        "caption": media.caption,
        "media_product_type": media.product_type,
        "original_media_id": media.original_media_id,
        "ad_id": media.ad_id,
        "ad_title": media.ad_title,
        "is_live": media.is_live,
        "created_at": iso(media.created_at_s),
    }


def _tell_thread(world: World, comment: Comment) -> Json:
    children = [world.comments[child_id] for child_id in comment.children]
    return {
        **tell_comment(comment),
        "private_replies": len(comment.private_replies),
        "replies": [_tell_thread(world, child) for child in children],
    }


def _numeric(request: web.Request, name: str) -> str:
    value = request.match_info[name]
    if not value.isascii() or not value.isdigit():
        raise ProblemError("must be a numeric string", field=name)
    return value
