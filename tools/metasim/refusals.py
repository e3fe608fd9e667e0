"""
Meta's refusals: what the Graph API says instead of doing it.

Each carries Meta's `code` and `error_subcode`, the HTTP status seen with it, and the book the
judgement enters it in. Whoever reads an answer must go by the numbers: Meta translates the words.
"""

from __future__ import annotations

from typing import Literal

from tools.metasim.records import Json

Book = Literal["refused", "outside_window", "over_limit", "after_deadline", "while_held"]


class GraphError(Exception):
    """The Graph API understood and said no."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        subcode: int | None = None,
        status: int = 400,
        reason: str = "invalid",
        book: Book = "refused",
        is_transient: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.subcode, self.status = message, code, subcode, status
        self.reason, self.book, self.is_transient = reason, book, is_transient

    def body(self, fbtrace_id: str) -> Json:
        """Return the answer's body, as Meta writes it."""
        error: Json = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException" if self.subcode != 2534025 else "IGApiException",
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        return {"error": {**error, "fbtrace_id": fbtrace_id}}


def invalid_parameter(what: str) -> GraphError:
    """Return the refusal of a call that is put together wrongly."""
    return GraphError(f"Invalid parameter: {what}", code=100)


def not_found(node: str) -> GraphError:
    """Return the refusal of an id that does not exist, or that this token may not see."""
    return GraphError(
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation",
        code=100,
        subcode=33,
        reason="not_found",
    )


def bad_token(
    message: str = "Invalid OAuth access token.", subcode: int | None = None
) -> GraphError:
    """Return the refusal of a token that is missing, wrong or over."""
    return GraphError(message, code=190, subcode=subcode, reason="bad_token")


def permission_missing(scope: str) -> GraphError:
    """Return the refusal of a token that was not granted `scope`."""
    return GraphError(f"Application does not have permission {scope}", code=10, reason="permission")


def private_reply_scope_missing() -> GraphError:
    """Return the refusal of a private reply without the permission for comments."""
    return GraphError(
        "The token lacks the permission for private replies",
        code=200,
        subcode=2534066,
        reason="permission",
    )


def no_such_recipient() -> GraphError:
    """Return the refusal of an IGSID that is nobody's for this account."""
    return GraphError(
        "The requested user cannot be found.", code=100, subcode=2534014, reason="no_recipient"
    )


def outside_window() -> GraphError:
    """Return the refusal of a message the person's 24 hours do not allow. Seen as 403."""
    return GraphError(
        "This message is sent outside of allowed window.",
        code=10,
        subcode=2534022,
        status=403,
        reason="outside_window",
        book="outside_window",
    )


def invalid_comment(reason: str, *, book: Book = "refused") -> GraphError:
    """Return the refusal of a private reply: a second one, a late one, one to oneself."""
    return GraphError(
        "The comment is invalid for a private reply",
        code=100,
        subcode=2534025,
        reason=reason,
        book=book,
    )


def rate_limited(limit: str) -> GraphError:
    """Return the refusal of a call beyond one of the messaging limits."""
    return GraphError(
        "Calls to this api have exceeded the rate limit.",
        code=613,
        subcode=2534040,
        reason=limit,
        book="over_limit",
    )


def budget_exhausted() -> GraphError:
    """Return the refusal of a call beyond the account's daily budget of ordinary calls."""
    return GraphError(
        "There have been too many calls from this Instagram account. Wait a bit and try again.",
        code=80002,
        reason="other_calls_per_day",
        book="over_limit",
    )


def too_much_data() -> GraphError:
    """Return the refusal of a read that asks for too much at once. Seen as 500."""
    return GraphError(
        "Please reduce the amount of data you're asking for, then retry your request",
        code=1,
        status=500,
        reason="too_much_data",
    )


def created_but_unreadable() -> GraphError:
    """Return the answer to `fields` on a new comment: 400, though the comment was created."""
    return GraphError("Invalid response format", code=20, subcode=1772107, reason="after_creating")


def many_images_unavailable() -> GraphError:
    """Return the refusal of several images in one message, where they are not yet to be had."""
    return GraphError(
        "Sending multiple images is not available for this account",
        code=100,
        subcode=2534068,
        reason="many_images_unavailable",
    )


def without_consent() -> GraphError:
    """Return the refusal of a profile whose owner never wrote nor tapped."""
    return GraphError(
        "User consent is required to access user profile", code=230, reason="no_consent"
    )


def unreadable_message() -> GraphError:
    """Return the refusal of a message that was deleted, or is not among the latest 20."""
    return GraphError(
        "The message is deleted or too old to be read", code=9000001, reason="unreadable"
    )
