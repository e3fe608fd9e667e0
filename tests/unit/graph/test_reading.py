"""What Meta tells of people and posts, whatever its answer looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.graph import Said
from switchboard.graph.reading import read_posts, read_profile

SAID = Said(http_status=200)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"name": "Ana", "username": "ana", "is_user_follow_business": True, "id": "1"},
            ("Ana", "ana", True),
        ),
        ({"name": " Ana ", "is_user_follow_business": False}, ("Ana", None, False)),
        ({"data": [{"name": "Ana", "id": "1"}]}, ("Ana", None, None)),
        ({"name": None, "username": "", "is_user_follow_business": None}, (None, None, None)),
        ({"name": 7, "username": ["x"], "is_user_follow_business": "true"}, (None, None, None)),
        ({"id": "1"}, (None, None, None)),
        ({"data": []}, (None, None, None)),
    ],
)
def test_a_profile(body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """What is missing, null or of another type is not known."""
    profile = read_profile(body, SAID)

    assert expected == (profile.name, profile.username, profile.follows)


def test_posts_are_newest_first() -> None:
    """Times are read as Meta writes them, and ids as text."""
    body = {
        "data": [
            {"id": "1", "timestamp": "2026-01-02T03:04:05+0000"},
            {"id": 3, "timestamp": "2026-01-04T03:04:05+0000"},
            {"id": "2", "timestamp": "2026-01-03T05:04:05+0200"},
        ]
    }
    found = read_posts(body, SAID)

    assert found is not None
    expected = [("3", datetime(2026, 1, 4, 3, 4, 5, tzinfo=UTC))]
    expected += [("2", datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC))]
    expected += [("1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))]
    assert expected == [(post.media_id, post.posted_at) for post in found.posts]


def test_what_cannot_be_read_is_left_out() -> None:
    """One odd entry costs that entry."""
    odd: list[Any] = [
        None,
        "x",
        {},
        {"id": "1"},
        {"id": "1", "timestamp": 5},
        {"id": "1", "timestamp": "yesterday"},
        {"id": "1", "timestamp": "2026-01-02T03:04:05"},
        {"timestamp": "2026-01-02T03:04:05+0000"},
    ]
    found = read_posts({"data": [*odd, {"id": "9", "timestamp": "2026-01-02T03:04:05+0000"}]}, SAID)

    assert found is not None
    assert ["9"] == [post.media_id for post in found.posts]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "1"}}])
def test_no_list_is_no_answer(body: dict[str, Any]) -> None:
    """An account without posts has an empty list; no list at all says nothing."""
    assert read_posts(body, SAID) is None
