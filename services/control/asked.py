"""
What callers send: bodies and queries of which everything is understood.

A field or a filter that nobody knows is a misspelt one, and whoever sent it believes it to count.
So it is refused, with its place. Answers are not so strict: clients read what they know of them.
"""

from __future__ import annotations

from typing import Final, cast

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from services.control.problems import Fault, invalid, pointer


class Body(BaseModel):
    """What was sent with a request."""

    model_config = ConfigDict(extra="forbid")


async def _require_known(request: Request) -> None:
    """
    See that all of a request's query is understood.

    Raises:
        Declined: Something in it is not.
    """
    if not request.query_params:
        return
    known = _asked_of(cast("APIRoute", request.scope["route"]))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        message = "Nothing is asked by this name here."
        raise invalid(
            *(Fault(within="query", pointer=pointer([name]), message=message) for name in unknown)
        )


def _asked_of(route: APIRoute) -> frozenset[str]:
    """Return the names in a query that an operation understands."""
    params = get_flat_params(route.dependant)
    return frozenset(one.alias for one in params if isinstance(one.field_info, Query))


KNOWN_QUERY: Final = Depends(_require_known)
