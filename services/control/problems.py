"""
What is told when a request is refused: RFC 9457's problem details, always.

`type` and `code` name the kind of problem and never change; `title` is its sentence, `detail` says
what is the matter this time. `errors` are the faults of what was sent, each with a JSON pointer
into the part of the request it is in. The trace id is the one in our log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from switchboard.errors import Failure

MEDIA_TYPE: Final = "application/problem+json"

Part = Literal["body", "query", "path", "header"]


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    within: Part = Field("body", description="The part of the request it is in.")
    pointer: str = Field(description="Where in that part, as a JSON pointer; empty: all of it.")
    message: str = Field(description="What is wrong, for people.")


class Difference(BaseModel):
    """One thing that is otherwise in what is stored than in what was sent."""

    pointer: str = Field(description="Where, as a JSON pointer.")
    stored: Any = Field(None, description="What is there now; null if nothing.")
    yours: Any = Field(None, description="What you sent; null if nothing.")


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(description="The kind of problem, as a URI.")
    title: str = Field(description="The kind of problem, in words.")
    status: int
    code: str = Field(
        description="The kind of problem, for programs.",
        json_schema_extra=lambda schema: schema.update(enum=list(KINDS)),
    )
    detail: str = Field(description="What is the matter this time.")
    trace_id: str = Field(description="Names this request in our log.")
    errors: list[Fault] = Field([], description="What is wrong with what was sent.")
    differences: list[Difference] = Field(
        [], description="What others have changed since you read it."
    )
    current_revision: int | None = Field(None, description="The revision that is stored now.")
    retry_after_s: float | None = Field(None, description="When it is worth trying again.")


# Each code, its status and its sentence. A code once told keeps its meaning: clients know it.
KINDS: Final[Mapping[str, tuple[HTTPStatus, str]]] = {
    "unreadable": (HTTPStatus.BAD_REQUEST, "The request is no HTTP that we read"),
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "You are not logged in"),
    "forbidden": (HTTPStatus.FORBIDDEN, "You may not do this"),
    "not_found": (HTTPStatus.NOT_FOUND, "There is no such thing"),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This cannot be done with it"),
    "conflict": (HTTPStatus.CONFLICT, "It does not go with what is there"),
    "changed": (HTTPStatus.CONFLICT, "Somebody has changed it meanwhile"),
    "too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too much at once"),
    "invalid": (HTTPStatus.UNPROCESSABLE_ENTITY, "Something is wrong with what was sent"),
    "revision_required": (HTTPStatus.PRECONDITION_REQUIRED, "Say which revision you have read"),
    "too_many_calls": (HTTPStatus.TOO_MANY_REQUESTS, "You call too often"),
    "failed": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong with us"),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "A part of us is away"),
}
# What a status alone means; of two codes that share one, the first.
_CODES: Final = {status: code for code, (status, _) in reversed(list(KINDS.items()))}


class Declined(Failure):
    """A request that is not done, for a reason its caller is told: `code` is one of `KINDS`."""

    reason: ClassVar[str] = "declined"

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        differences: Sequence[Difference] = (),
        current_revision: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail
        self.errors, self.differences = list(errors), list(differences)
        self.current_revision, self.retry_after_s = current_revision, retry_after_s

    def response(self, trace_id: str) -> Response:
        """Return what is answered."""
        status, title = KINDS[self.code]
        problem = Problem(
            type=f"urn:switchboard:problem:{self.code}",
            title=title,
            status=status,
            code=self.code,
            detail=self.detail,
            trace_id=trace_id,
            errors=self.errors,
            differences=self.differences,
            current_revision=self.current_revision,
            retry_after_s=self.retry_after_s,
        )
        return Response(
            problem.model_dump_json(), status, headers=self._headers(), media_type=MEDIA_TYPE
        )

    def _headers(self) -> dict[str, str]:
        headers = {}
        if self.code == "unauthenticated":
            headers["WWW-Authenticate"] = 'Bearer realm="switchboard"'
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s + 0.5)))
        return headers


def not_found(what: str) -> Declined:
    """Return the refusal for something that is not there, or not for this caller."""
    return Declined("not_found", f"There is no {what} of that id that you may see.")


def forbidden(detail: str = "Your role in this workspace does not allow it.") -> Declined:
    """Return the refusal for something that the caller may see and may not do."""
    return Declined("forbidden", detail)


def conflict(detail: str, *errors: Fault) -> Declined:
    """Return the refusal for something that does not go with what is there."""
    return Declined("conflict", detail, errors=errors)


def invalid(*errors: Fault) -> Declined:
    """Return the refusal for a request with `errors`."""
    more = "" if len(errors) == 1 else f" and {len(errors) - 1} more"
    return Declined("invalid", f"{errors[0].message}{more}", errors=errors)


def of_status(status: int, detail: str) -> Declined:
    """Return the refusal that has `status`, or the one that has its class's."""
    fallback = "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "unreadable"
    return Declined(_CODES.get(HTTPStatus(status), fallback), detail)


def code_of(status: HTTPStatus) -> str:
    """Return the code of a problem with `status`; of two that share it, the first."""
    return _CODES[status]


def pointer(parts: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) that leads along `parts`."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(f"/{part}" for part in escaped)


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what an operation's description says of its refusals with `statuses`."""
    return {
        int(status): {"model": Problem, "description": KINDS[_CODES[status]][1]}
        for status in statuses
    }
