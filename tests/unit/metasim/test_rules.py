"""The windows, at their edges."""

from __future__ import annotations

import pytest

from tools.metasim import rules
from tools.metasim.records import Comment, Contact, Message, Reply
from tools.metasim.refusals import GraphError

_DAY_S = 86_400.0


def comment(**changes: object) -> Comment:
    """Return a comment written at second 0."""
    made = Comment("1", "2", "3", "4", "ana", "LINK", 0.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def contact(opened_at_s: float | None) -> Contact:
    return Contact("2", "ana", "4", "t", window_opened_at_s=opened_at_s)


@pytest.mark.parametrize("now_s", [0.0, _DAY_S - 1])
def test_window_is_open_for_24_hours(now_s: float) -> None:
    """Within 24 hours of the person's last word a message may be sent."""
    rules.require_open_window(contact(0.0), now_s=now_s, window_hours=24)


@pytest.mark.parametrize(("opened_at_s", "now_s"), [(None, 0.0), (0.0, _DAY_S)])
def test_window_is_closed(opened_at_s: float | None, now_s: float) -> None:
    """Never opened or 24 hours over: 10/2534022, and a violation."""
    with pytest.raises(GraphError) as refused:
        rules.require_open_window(contact(opened_at_s), now_s=now_s, window_hours=24)

    error = refused.value
    assert (10, 2534022, 403, "outside_window") == (
        error.code,
        error.subcode,
        error.status,
        error.book,
    )


@pytest.mark.parametrize("made", [comment(), comment(is_live=True)])
def test_private_reply_is_allowed(made: Comment) -> None:
    """Up to seven days, and during the broadcast."""
    rules.require_private_reply(made, is_broadcasting=True, now_s=7 * _DAY_S - 1)


@pytest.mark.parametrize(
    ("made", "now_s", "reason"),
    [
        (comment(), 7 * _DAY_S, "too_late"),
        (comment(is_own=True), 1.0, "own_comment"),
        (comment(is_deleted=True), 1.0, "deleted_comment"),
        (comment(is_live=True), 1.0, "broadcast_over"),
        (comment(private_replies=[Reply("r", {}, 0.0, None)]), 1.0, "already_replied"),
    ],
)
def test_private_reply_is_refused(made: Comment, now_s: float, reason: str) -> None:
    """Too late, to oneself, after the broadcast, or again: 100/2534025."""
    with pytest.raises(GraphError) as refused:
        rules.require_private_reply(made, is_broadcasting=False, now_s=now_s)

    error = refused.value
    assert (100, 2534025, reason) == (error.code, error.subcode, error.reason)


@pytest.mark.parametrize("tag", ["HUMAN_AGENT", "ACCOUNT_UPDATE"])
def test_no_tag_is_allowed(tag: str) -> None:
    """No message tag gets a bot around the window."""
    with pytest.raises(GraphError):
        rules.require_allowed_tag({"tag": tag})


@pytest.mark.parametrize(
    ("payload", "follows", "has_consented", "shown"),
    [
        ("SIZE", False, False, False),
        ("SIZE", True, False, True),
        ("SIZE", False, True, True),
        ("NEVER SENT", False, False, True),
    ],
)
def test_requests_show_no_quick_replies(
    payload: str, *, follows: bool, has_consented: bool, shown: bool
) -> None:
    """A chip the account sent is seen by who follows it, or has ever written or tapped."""
    someone = contact(None)
    someone.has_consented = has_consented
    chips = {"text": "Which?", "quick_replies": [{"payload": "SIZE", "title": "S"}]}
    someone.messages.append(Message("m", "2", "4", chips, 0.0, "api"))

    assert shown is rules.is_chip_shown(someone, payload, follows=follows)
