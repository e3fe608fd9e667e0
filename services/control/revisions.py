"""
Editing at the same time as others: nobody writes over what they have not read.

What can be edited has a revision. Reading gives it as an ETag; writing says by `If-Match` which one
was read. If another is stored by then, nothing is written, and the answer says in what the stored
one differs from what was sent. A change that has been made already, by a call whose answer was lost
on its way, differs in nothing and succeeds.

The answer is 409, not 412: who gets it is to merge, and is told the differences to do so by.

Source: RFC 9110, 15.5.10, "409 Conflict".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from fastapi import Header, Response

from services.control.problems import (
    Declined,
    Difference,
    Fault,
    forbidden,
    invalid,
    pointer,
    responses,
)

_TAGS: Final = r'"[0-9]{1,18}"(\s*,\s*"[0-9]{1,18}")*'
_READ: Final = rf"^\s*(\*|{_TAGS})\s*$"

# What an operation that edits may be refused with, besides what all may.
EDITED: Final = responses(HTTPStatus.PRECONDITION_REQUIRED)

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='The ETag you have read, such as `"7"`; `*`: whatever is there.',
        json_schema_extra={"pattern": _READ},
    ),
]


def tag(response: Response, revision: int) -> None:
    """Say in `response` which revision it is of."""
    response.headers["ETag"] = f'"{revision}"'


def require(
    if_match: str | None,
    *,
    revision: int,
    stored: Mapping[str, Any],
    yours: Mapping[str, Any],
) -> None:
    """
    See that what is `stored`, at `revision`, is what the caller has read; both are JSON.

    `yours` is what they want to be there; what it does not mention stays as it is.

    Raises:
        Declined: They have not said what they read, or it is not what is there.
    """
    if if_match is None:
        raise Declined("revision_required", "Send the ETag you have read as If-Match.")
    if if_match.strip() == "*" or revision in _revisions(if_match):
        return
    found = list(differences(stored, yours))
    if found:
        raise Declined(
            "changed",
            f"It is at revision {revision} now, and differs from yours in {len(found)} parts.",
            differences=found,
            current_revision=revision,
        )


class Revised(Protocol):
    """Something that has a revision."""

    @property
    def revision(self) -> int:
        """Counts its changes."""
        ...


def unwritten(read: Revised, now: Revised | None, otherwise: str) -> Declined:
    """
    Return why nothing was written to what was `read`, and is `now` by now.

    Either somebody else came first, or, says the database, it is not the caller's to change.
    """
    if now is not None and now.revision != read.revision:
        what = f"It came to be at revision {now.revision} while you were writing; read it again."
        return Declined("changed", what, current_revision=now.revision)
    return forbidden(otherwise)


def differences(
    stored: Mapping[str, Any], yours: Mapping[str, Any], *within: str | int
) -> Iterator[Difference]:
    """Yield in what `stored` differs from `yours`, as deep as both are objects."""
    for name, mine in yours.items():
        there = stored.get(name)
        if isinstance(there, dict) and isinstance(mine, dict):
            gone = {key: None for key in there if key not in mine}
            yield from differences(there, {**mine, **gone}, *within, name)
        elif there != mine:
            yield Difference(pointer=pointer([*within, name]), stored=there, yours=mine)


def _revisions(if_match: str) -> list[int]:
    """Return the revisions that an If-Match names."""
    if re.fullmatch(_TAGS, if_match.strip()) is None:
        message = 'It is no ETag of ours; they look like "7".'
        raise invalid(Fault(within="header", pointer="/If-Match", message=message))
    return [int(number) for number in re.findall("[0-9]+", if_match)]
