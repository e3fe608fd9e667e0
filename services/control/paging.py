"""
Lists by pages: what comes after where the last page ended, however much was added meanwhile.

A cursor is opaque to its caller: the last row's place in the order, which the next page begins
after. It names no secret and needs no signature: the same policies hold for what follows it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from services.control.problems import Fault, invalid

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

MOST: Final = 100
_LONGEST: Final = 512

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
CursorWritten = Annotated[
    str | None,
    Query(max_length=_LONGEST, description="Where the last page ended: its `next_cursor`."),
]


class Page(BaseModel, Generic[T]):
    """A part of a list, and where the next part begins."""

    items: list[T]
    next_cursor: str | None = Field(None, description="For the next page; null: there is none.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return what clients call a page of these: `AccountPage`."""
        return f"{params[0].__name__}Page"


class Cursors(Generic[P]):
    """Cursors over rows whose place in the order is a `P`, such as `tuple[datetime, UUID]`."""

    def __init__(self, place: type[P]) -> None:
        self._places: TypeAdapter[P] = TypeAdapter(place)

    def read(self, written: str | None) -> P | None:
        """
        Return the place that a cursor stands for; `None`: the beginning.

        Raises:
            Declined: It is no cursor of this list's.
        """
        if written is None:
            return None
        try:
            padded = written.encode() + b"=" * (-len(written) % 4)
            return self._places.validate_json(base64.b64decode(padded, b"-_", validate=True))
        except (ValidationError, binascii.Error, UnicodeEncodeError):
            message = "It is not what a page of this list ended with."
            raise invalid(Fault(within="query", pointer="/cursor", message=message)) from None

    def write(self, place: P) -> str:
        """Return the cursor that stands for `place`."""
        return base64.urlsafe_b64encode(self._places.dump_json(place)).decode().rstrip("=")

    def page(
        self, rows: Sequence[R], limit: int, place: Callable[[R], P], show: Callable[[R], T]
    ) -> Page[T]:
        """Show the first `limit` of `rows`, of which one more was asked for than fits."""
        more = len(rows) > limit
        following = self.write(place(rows[limit - 1])) if more else None
        return Page(items=[show(row) for row in rows[:limit]], next_cursor=following)
