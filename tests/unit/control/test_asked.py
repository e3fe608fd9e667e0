"""What is sent is what it says it is: a number is no moment, and a text no number."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from services.control.asked import Body, Date, Id, Moment

MOMENTS: TypeAdapter[datetime] = TypeAdapter(Moment)
DATES: TypeAdapter[date] = TypeAdapter(Date)


class Wanted(Body):
    """Something that somebody sends."""

    times: int = 1
    share: float = 0.0
    loud: bool = False
    name: str = ""
    of: Id | None = None
    until: Moment | None = None
    parts: list[Wanted] = Field([])


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T09:00:00Z",
        "2026-01-31T09:00:00.000Z",
        "2026-01-31t10:00:00+01:00",
    ],
)
def test_a_moment(written: str) -> None:
    """RFC 3339 with an offset is read, as JavaScript and Python write it."""
    assert datetime(2026, 1, 31, 9, tzinfo=UTC) == MOMENTS.validate_python(written)


@pytest.mark.parametrize(
    "written", ["0.5", "1769850000", 1769850000, "2026-01-31", "2026-01-31T09:00:00", "now", None]
)
def test_no_moment(written: Any) -> None:
    """Seconds since 1970, a day, a time of no place: none is taken for a moment."""
    with pytest.raises(ValidationError):
        MOMENTS.validate_python(written)


def test_a_date() -> None:
    """A day is written as ISO 8601 has it."""
    assert date(2026, 1, 31) == DATES.validate_python("2026-01-31")


@pytest.mark.parametrize("written", ["0", "86400", 86400, "2026-01-31T00:00:00Z", "2026-02-30"])
def test_no_date(written: Any) -> None:
    """Nor is a number a day, nor a moment, nor one that no calendar has."""
    with pytest.raises(ValidationError):
        DATES.validate_python(written)


def test_a_body() -> None:
    """What JSON has no type for is read from text, in parts of a body too."""
    part = {"of": "8f14e45f-ceea-4672-8b5a-0d2f3b1c9a11", "until": "2026-01-31T09:00:00Z"}
    read = Wanted.model_validate({"times": 2, "share": 1, "loud": True, "parts": [part]})

    assert UUID("8f14e45f-ceea-4672-8b5a-0d2f3b1c9a11") == read.parts[0].of
    assert datetime(2026, 1, 31, 9, tzinfo=UTC) == read.parts[0].until


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("times", "2"),
        ("times", True),
        ("times", 2.5),
        ("share", "0.5"),
        ("loud", "yes"),
        ("loud", 1),
        ("name", 5),
        ("of", 5),
        ("until", 5),
        ("parts", [{"times": "2"}]),
    ],
)
def test_nothing_is_taken_for_something_else(name: str, sent: Any) -> None:
    """What is of another type than is described is refused, and not turned into it."""
    with pytest.raises(ValidationError):
        Wanted.model_validate({name: sent})
