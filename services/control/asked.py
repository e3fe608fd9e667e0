"""
What callers send: bodies and queries of which everything is understood.

A field or a filter that nobody knows is a misspelt one, and whoever sent it believes it to count.
So it is refused, with its place. Answers are not so strict: clients read what they know of them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.control.problems import Fault, invalid, pointer


class Body(BaseModel):
    """What was sent with a request; a number in quotation marks is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _moment(written: Any) -> Any:
    if not isinstance(written, str) or _MOMENT.fullmatch(written) is None:
        raise ValueError("it is no moment with its offset, such as 2026-01-31T09:00:00Z")
    return written


def _day(written: Any) -> Any:
    if not isinstance(written, str) or _DAY.fullmatch(written) is None:
        raise ValueError("it is no day, such as 2026-01-31")
    return written


# What stands for a number of seconds since 1970 elsewhere is a mistake here: RFC 3339 and no other.
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    rf"{_DAY.pattern}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"
)
# JSON has no ids, moments or days of its own: these are read from text, in bodies too.
Id = Annotated[UUID, Field(strict=False)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]
Date = Annotated[date, Field(strict=False), BeforeValidator(_day)]


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
