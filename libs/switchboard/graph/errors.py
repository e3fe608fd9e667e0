"""
Meta's errors, as data: what each code and subcode means, and what we do about it.

Meta has no table for Instagram messaging. This one is put together from the pages named in
`Source` and from what public code and operators report. Messages are translated and HTTP statuses
vary, so the two numbers decide alone. docs/errors.md is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0


class Action(Enum):
    """What to do about an error."""

    RETRY = "retry"  # refused for now: again after `wait_s`
    HOLD = "hold"  # nothing of this account is sent for `wait_s`, and then one thing alone
    REAUTH = "reauth"  # the token is no good; the owner must connect again
    OWNER = "owner"  # held likewise, until the owner has done something at Instagram
    WINDOW = "window"  # the person's messaging window has closed
    DROP = "drop"  # never, for this person or comment
    DONE = "done"  # it was answered before
    AMBIG = "ambig"  # it may have been done: look it up, never repeat it
    FIX = "fix"  # a mistake of ours
    UNKNOWN = "unknown"  # a pair this table does not have


class Source(Enum):
    """Who says so."""

    MESSENGER = "Meta: Messenger Platform, Error codes"
    GRAPH = "Meta: Graph API, Handle errors"
    PUBLISHING = "Meta: Instagram Platform, Error codes"
    LIMITS = "Meta: Graph API, Rate limits"
    SEND_API = "Meta: Send API reference, the older table of errors"
    OBSERVED = "answers that public code handles or operators captured"
    NONE = "nobody: not in this table"


class _Any:
    """Stands for any number that no other row names."""


ANY: Final = _Any()


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """
    What an error means to us.

    `reason` is its name in metrics and in SQL. `wait_s` is given for `RETRY`, `HOLD` and `OWNER`:
    the least wait, unless Meta states its own. `is_limit` says that we were too fast; `app_wide`
    errors concern every account.

    A hold that comes again doubles, up to `longest_s`; met `reconnect_after` times in a row, it
    means that the owner must connect again. `may_have_begun`: of what is retried, Meta may have
    begun it, so what may be done only once is not tried again. `at_first` is what the same two
    numbers mean while Meta has taken nothing of the account since it was connected.
    """

    action: Action
    reason: str
    meaning: str
    source: Source
    wait_s: float | None = None
    app_wide: bool = False
    is_limit: bool = False
    longest_s: float | None = None
    reconnect_after: int | None = None
    may_have_begun: bool = False
    at_first: Classified | None = None


def classify(code: int, subcode: int | None, *, is_send: bool) -> Classified:
    """
    Return what Meta's `code` and `subcode` mean.

    Where Meta may have acted before it failed, a send is `AMBIG`; a read, which changes nothing,
    is simply made again.
    """
    candidates = ((code, subcode), (ANY, subcode), (code, ANY))
    row = next((_TABLE[key] for key in candidates if key in _TABLE), _UNKNOWN)
    if row.action is Action.AMBIG and not is_send:
        return replace(row, action=Action.RETRY, wait_s=_MINUTE_S)
    return row


def every_row() -> Iterator[tuple[int | _Any, int | _Any | None, Classified]]:
    """Yield the table, row by row with its code and subcode; what is true at first is a row too."""
    for (code, subcode), row in _TABLE.items():
        yield code, subcode, row
        if row.at_first is not None:
            yield code, subcode, row.at_first
    yield ANY, ANY, _UNKNOWN


_UNKNOWN: Final = Classified(
    action=Action.UNKNOWN,
    reason="unknown_error",
    meaning="an error we have never seen",
    source=Source.NONE,
)

_Key = tuple[int | _Any, int | _Any | None]


def _row(
    action: Action,
    reason: str,
    meaning: str,
    source: Source,
    wait_s: float | None = None,
    *,
    app_wide: bool = False,
    may_have_begun: bool = False,
) -> Classified:
    return Classified(
        action=action,
        reason=reason,
        meaning=meaning,
        source=source,
        wait_s=wait_s,
        app_wide=app_wide,
        may_have_begun=may_have_begun,
    )


def _hold(
    action: Action,
    reason: str,
    meaning: str,
    source: Source,
    *,
    first_s: float,
    longest_s: float,
    reconnect_after: int | None = None,
) -> Classified:
    return Classified(
        action=action,
        reason=reason,
        meaning=meaning,
        source=source,
        wait_s=first_s,
        longest_s=longest_s,
        reconnect_after=reconnect_after,
    )


_MAYBE_SENT: Final[dict[_Key, Classified]] = {
    (1, ANY): _row(
        Action.AMBIG,
        "unknown_failure",
        "failed for no stated reason; two private replies at once came back so, one sent; of a "
        "read: perhaps too much was asked for",
        Source.GRAPH,
    ),
    (1, 1357046): _row(
        Action.AMBIG, "answer_lost", "sent, but Meta could not word its answer", Source.MESSENGER
    ),
    (2, ANY): _row(
        Action.AMBIG, "service_failure", "a passing fault, or the person blocks us", Source.GRAPH
    ),
    # Reported for publishing, where it may be tried again. A server error says nothing about what
    # was done before it, so for a message it is unclear.
    (-1, ANY): _row(
        Action.AMBIG, "server_failure", "a fault of Instagram's servers", Source.PUBLISHING
    ),
    (20, 1772107): _row(
        Action.AMBIG,
        "created_then_failed",
        "the comment was created and the answer's form refused; calls with `fields` get it",
        Source.OBSERVED,
    ),
    (1200, ANY): _row(
        Action.AMBIG, "send_failure", "a passing failure while sending", Source.SEND_API
    ),
}

_PASSING: Final[dict[_Key, Classified]] = {
    (-2, ANY): _row(
        Action.RETRY,
        "media_timeout",
        "media took too long to fetch",
        Source.PUBLISHING,
        30.0,
        may_have_begun=True,
    ),
}

_LIMITED: Final[dict[_Key, Classified]] = {
    (4, ANY): _row(
        Action.RETRY,
        "app_limited",
        "the app's own limit of requests",
        Source.LIMITS,
        5 * _MINUTE_S,
        app_wide=True,
    ),
    (4, 2018022): _row(
        Action.RETRY, "too_many_sends", "too many sends", Source.OBSERVED, _MINUTE_S
    ),
    (17, ANY): _row(
        Action.RETRY, "account_limited", "the user's limit of requests", Source.LIMITS, _MINUTE_S
    ),
    (32, ANY): _row(
        Action.RETRY, "page_limited", "the Page's limit of requests", Source.LIMITS, _MINUTE_S
    ),
    (341, ANY): _row(
        Action.RETRY,
        "app_limited",
        "the app's limit, for a while; also said while Meta is down",
        Source.OBSERVED,
        5 * _MINUTE_S,
        app_wide=True,
        may_have_begun=True,
    ),
    (613, ANY): _row(Action.RETRY, "rate_limited", "a rate limit", Source.LIMITS, _MINUTE_S),
    (613, 1996): _row(
        Action.RETRY,
        "irregular_volume",
        "calls came in an unusual pattern",
        Source.LIMITS,
        10 * _MINUTE_S,
        app_wide=True,
    ),
    (613, 2534040): _row(
        Action.RETRY,
        "messaging_limited",
        "the account's limit of Instagram messages",
        Source.MESSENGER,
        10 * _MINUTE_S,
    ),
    (80001, ANY): _row(
        Action.RETRY, "budget_spent", "the Page's budget of calls", Source.LIMITS, 15 * _MINUTE_S
    ),
    (80002, ANY): _row(
        Action.RETRY,
        "budget_spent",
        "the Instagram account's budget of calls",
        Source.LIMITS,
        15 * _MINUTE_S,
    ),
    (80006, ANY): _row(
        Action.RETRY, "budget_spent", "the messaging budget", Source.LIMITS, 15 * _MINUTE_S
    ),
}

_RESTRICTED: Final[dict[_Key, Classified]] = {
    (4, 2207051): _hold(
        Action.HOLD,
        "suspected_spam",
        "an action stopped as suspected spam",
        Source.PUBLISHING,
        first_s=2 * _HOUR_S,
        longest_s=12 * _HOUR_S,
    ),
    # The first wait and the longest are those of a provider that serves many accounts.
    (10, 1893063): _hold(
        Action.HOLD,
        "sending_restricted",
        "the account may not send for a while",
        Source.MESSENGER,
        first_s=_HOUR_S / 2,
        longest_s=4 * _HOUR_S,
    ),
    (200, None): _hold(
        Action.HOLD,
        "permission_denied",
        "a permission is missing, or access is blocked for a moment",
        Source.OBSERVED,
        first_s=15 * _MINUTE_S,
        longest_s=_HOUR_S,
        reconnect_after=3,
    ),
    (368, ANY): _hold(
        Action.HOLD,
        "policy_block",
        "blocked for a while for policy or repetition",
        Source.OBSERVED,
        first_s=_HOUR_S,
        longest_s=8 * _HOUR_S,
    ),
    # The whole account, not only what has links: it is also listed as the account's restriction.
    (508, 2534122): _hold(
        Action.HOLD,
        "link_restricted",
        "a link may not be shared at present",
        Source.OBSERVED,
        first_s=_HOUR_S / 2,
        longest_s=4 * _HOUR_S,
    ),
}

_OWNERS: Final[dict[_Key, Classified]] = {
    (25, 2207050): _hold(
        Action.OWNER,
        "account_restricted",
        "the account is restricted, inactive or must pass a check",
        Source.PUBLISHING,
        first_s=4 * _HOUR_S,
        longest_s=12 * _HOUR_S,
    ),
    (100, 2534029): _hold(
        Action.OWNER,
        "account_blocked",
        "the account may not use the messaging API",
        Source.MESSENGER,
        first_s=4 * _HOUR_S,
        longest_s=12 * _HOUR_S,
    ),
    (190, 459): _hold(
        Action.OWNER,
        "account_checkpointed",
        "the owner must pass Instagram's check",
        Source.GRAPH,
        first_s=_HOUR_S,
        longest_s=4 * _HOUR_S,
    ),
    (190, 464): _hold(
        Action.OWNER,
        "account_unconfirmed",
        "the owner must confirm",
        Source.GRAPH,
        first_s=_HOUR_S,
        longest_s=4 * _HOUR_S,
    ),
    (190, 492): _hold(
        Action.OWNER,
        "role_missing",
        "the owner has no role on the Page",
        Source.GRAPH,
        first_s=_HOUR_S,
        longest_s=4 * _HOUR_S,
    ),
    (200, 2534041): _hold(
        Action.OWNER,
        "message_access_off",
        "tools may not access messages: a switch in the Instagram app",
        Source.MESSENGER,
        first_s=_HOUR_S,
        longest_s=4 * _HOUR_S,
    ),
    (10904, 1893050): _hold(
        Action.OWNER,
        "messages_disabled",
        "messages are switched off in settings",
        Source.OBSERVED,
        first_s=_HOUR_S,
        longest_s=4 * _HOUR_S,
    ),
}

_REAUTH: Final[dict[_Key, Classified]] = {
    (10, None): _row(
        Action.REAUTH, "permission_missing", "a permission was not granted", Source.PUBLISHING
    ),
    (102, ANY): _row(Action.REAUTH, "session_over", "the session is no good", Source.OBSERVED),
    (190, ANY): _row(Action.REAUTH, "token_invalid", "the token is no good", Source.GRAPH),
    (190, 458): _row(Action.REAUTH, "app_removed", "the owner removed the app", Source.GRAPH),
    (190, 460): _row(Action.REAUTH, "password_changed", "the password was changed", Source.GRAPH),
    (190, 463): _row(Action.REAUTH, "token_expired", "expired, too late to refresh", Source.GRAPH),
    (190, 467): _row(Action.REAUTH, "token_revoked", "the token was revoked", Source.GRAPH),
    (200, 2534066): _row(
        Action.REAUTH,
        "private_replies_not_granted",
        "the scope for private replies was not granted",
        Source.OBSERVED,
    ),
}

_FINAL: Final[dict[_Key, Classified]] = {
    (10, 2534022): _row(
        Action.WINDOW, "window_closed", "outside the person's 24 hours", Source.MESSENGER
    ),
    (10, 2534044): _row(
        Action.WINDOW, "window_closed", "outside Instagram's window", Source.OBSERVED
    ),
    (10, 2018276): _row(Action.WINDOW, "window_closed", "outside the window", Source.OBSERVED),
    (10, 2018278): _row(Action.WINDOW, "window_closed", "outside the window", Source.OBSERVED),
    (10, 2018108): _row(
        Action.DROP, "person_unreachable", "this person cannot be written to", Source.OBSERVED
    ),
    (10, 2018300): _row(
        Action.DROP, "thread_taken", "another app controls the conversation", Source.OBSERVED
    ),
    (24, 2207006): _row(
        Action.DROP, "media_missing", "no such media, or no access to it", Source.PUBLISHING
    ),
    (100, 33): _row(
        Action.DROP, "object_missing", "deleted, not visible, or no such call", Source.OBSERVED
    ),
    (100, 2534001): _row(
        Action.DROP, "thread_missing", "the conversation is archived or deleted", Source.OBSERVED
    ),
    (100, 2534013): _row(Action.DROP, "person_missing", "nobody was found", Source.OBSERVED),
    (100, 2534014): _row(
        Action.DROP, "person_missing", "no such person for this account", Source.MESSENGER
    ),
    (551, ANY): _row(
        Action.DROP, "person_unreachable", "the person takes no messages now", Source.MESSENGER
    ),
    (10903, 1893049): _row(
        Action.DROP, "reply_not_allowed", "this account may not answer this", Source.OBSERVED
    ),
    (9000001, ANY): _row(
        Action.DROP, "message_missing", "deleted, or beyond the 20 readable", Source.OBSERVED
    ),
    (230, ANY): _row(
        Action.DROP, "consent_missing", "the person has not agreed to be read", Source.OBSERVED
    ),
    (100, 2534025): _row(
        Action.DONE,
        "comment_not_answerable",
        "answered before, older than 7 days, or deleted",
        Source.OBSERVED,
    ),
    (10900, ANY): _row(Action.DONE, "already_answered", "answered before", Source.OBSERVED),
}

_OURS: Final[dict[_Key, Classified]] = {
    (1, 99): _row(
        Action.FIX, "app_access_missing", "a permission or access is missing", Source.MESSENGER
    ),
    (3, ANY): _row(
        Action.FIX,
        "app_not_capable",
        "the app lacks a capability, or the node is wrong",
        Source.OBSERVED,
    ),
    (100, None): replace(
        _row(Action.FIX, "invalid_parameter", "a parameter is wrong or too long", Source.SEND_API),
        at_first=_hold(
            Action.OWNER,
            "app_role_missing",
            "every call since the login: the account has no role in the app",
            Source.OBSERVED,
            first_s=15 * _MINUTE_S,
            longest_s=4 * _HOUR_S,
        ),
    ),
    (200, 2018028): _row(
        Action.FIX, "app_not_live", "the app is not live, or has no role here", Source.OBSERVED
    ),
    (ANY, 2534068): _row(
        Action.FIX, "many_images_unavailable", "several images in one message", Source.MESSENGER
    ),
}

_TABLE: Final[dict[_Key, Classified]] = {
    **_MAYBE_SENT,
    **_PASSING,
    **{key: replace(row, is_limit=True) for key, row in _LIMITED.items()},
    **_RESTRICTED,
    **_OWNERS,
    **_REAUTH,
    **_FINAL,
    **_OURS,
}
