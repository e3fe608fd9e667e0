"""Wrong requests to the control API: found early, answered once, with the field named."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from tools.metasim.records import Account, Comment, Media, Message
from tools.metasim.webhooks.parcels import NoSecretError
from tools.metasim.world import World

Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProblemError(Exception):
    """The request cannot be carried out, because of `field`."""

    def __init__(self, detail: str, *, field: str | None = None, status: int = 400) -> None:
        super().__init__(detail)
        self.detail, self.field, self.status = detail, field, status


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a problem into its answer."""
    try:
        return await handler(request)
    except ProblemError as problem:
        return _answer(problem)
    except ValidationError as error:
        return _answer(_problem_of(error))
    except NoSecretError as error:
        return _answer(ProblemError(str(error), field="webhook.secret"))


async def read_body(request: web.Request, model: type[Body]) -> Body:
    """Return the request's JSON body as a `model`; no body counts as `{}`."""
    return model.model_validate(await read_object(request))


async def read_object(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON body, which must be an object; no body counts as `{}`."""
    text = await request.text()
    try:
        body = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ProblemError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ProblemError("the body must be a JSON object")
    return body


def read_query(query: Mapping[str, str], model: type[Body]) -> Body:
    """Return the query as a `model`."""
    return model.model_validate(dict(query))


def require_account(world: World, account_id: str) -> Account:
    """Return the account, or say that there is none."""
    return _found(world.accounts.get(account_id), "account", account_id, "account_id")


def require_media(world: World, account_id: str, media_id: str) -> Media:
    """Return the account's media, or say that there is none."""
    media = world.media.get(media_id)
    mine = media if media and media.account_id == account_id else None
    return _found(mine, f"media of account {account_id}", media_id, "media_id")


def require_comment(world: World, comment_id: str, field: str = "comment_id") -> Comment:
    """Return the comment, or say that there is none."""
    return _found(world.comments.get(comment_id), "comment", comment_id, field)


def require_message(world: World, mid: str) -> Message:
    """Return the message, or say that there is none."""
    return _found(world.messages.get(mid), "message", mid, "mid")


Thing = TypeVar("Thing")


def _found(thing: Thing | None, kind: str, thing_id: str, field: str) -> Thing:
    if thing is None:
        raise ProblemError(f"there is no {kind} {thing_id}", field=field, status=404)
    return thing


def _problem_of(error: ValidationError) -> ProblemError:
    faults = error.errors(include_url=False, include_context=False)
    told = [(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in faults]
    detail = "; ".join(f"{field or 'body'}: {message}" for field, message in told)
    return ProblemError(detail, field=told[0][0] or None)


def _answer(problem: ProblemError) -> web.Response:
    body = {
        "type": "about:blank",
        "title": "Not found" if problem.status == 404 else "Wrong request",
        "status": problem.status,
        "detail": problem.detail,
        "field": problem.field,
    }
    return web.json_response(body, status=problem.status, content_type="application/problem+json")
