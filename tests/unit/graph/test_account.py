"""What Meta tells of a connected account, whatever its answer looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from yarl import URL

from switchboard.contracts import CommentId
from switchboard.graph import App, MoreAnswers, Said
from switchboard.graph.account import (
    read_answers,
    read_comments,
    read_me,
    read_media,
    read_subscription,
)
from switchboard.graph.login import LONG_LIVED, SCOPES, _life, read_permissions

SAID = Said(http_status=200)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": "9", "user_id": "178", "username": "shop"}, ("178", "9")),
        ({"id": 9, "user_id": 178, "username": "shop"}, ("178", "9")),
        ({"data": [{"id": "9", "user_id": "178", "username": "shop"}]}, ("178", "9")),
        ({"user_id": "178", "username": "shop"}, ("178", None)),
    ],
)
def test_both_ids(body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """`user_id` is what webhooks carry, `id` is what the app alone is told; wrapped or not."""
    me = read_me(body, SAID)

    assert me is not None
    assert expected == (me.account_id, me.app_scoped_id)


@pytest.mark.parametrize("body", [{"id": "9", "username": "shop"}, {"user_id": "178"}, {}])
def test_nobody(body: dict[str, Any]) -> None:
    """Without the id of webhooks or a name it is not known whose token it is."""
    assert read_me(body, SAID) is None


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ([{"id": "1", "subscribed_fields": ["comments", "messages"]}], {"comments", "messages"}),
        (
            [{"id": "1", "subscribed_fields": [{"name": "comments", "version": "v2.0"}]}],
            {"comments"},
        ),
        ([{"id": "1"}, 7], set()),
        ([], set()),
    ],
)
def test_a_subscription(data: list[Any], fields: set[str]) -> None:
    """Fields are names, or objects with a name; no app is no field."""
    found = read_subscription({"data": data}, SAID)

    assert found is not None
    assert fields == found.fields


def test_posts_with_their_counts() -> None:
    """What is missing or of another type is not known; a post without an id is none."""
    data = [
        {"id": "1", "timestamp": "2026-01-02T03:04:05+0000", "comments_count": 7},
        {"id": 2, "comments_count": True},
        {"timestamp": "2026-01-02T03:04:05+0000"},
        None,
    ]
    paging = {"cursors": {"after": "c"}, "next": "https://next"}
    found = read_media({"data": data, "paging": paging}, SAID)

    assert found is not None
    assert [("1", 7), ("2", None)] == [(one.media_id, one.comments) for one in found.media]
    assert "c" == found.after


@pytest.mark.parametrize(
    ("told", "picture"),
    [
        ({"media_type": "IMAGE", "media_url": "https://a/still"}, "https://a/still"),
        ({"media_type": "VIDEO", "media_url": "https://a/film"}, None),
        ({"media_type": "VIDEO", "media_url": "b", "thumbnail_url": "https://a/t"}, "https://a/t"),
        ({"media_type": "CAROUSEL_ALBUM", "media_url": "https://a/first"}, "https://a/first"),
        ({"media_url": 7}, None),
    ],
)
def test_a_posts_picture(told: dict[str, Any], picture: str | None) -> None:
    """It is always a still one: a film is shown by its thumbnail, or by nothing."""
    found = read_media({"data": [{"id": "1", **told}]}, SAID)

    assert found is not None
    assert [picture] == [one.picture_url for one in found.media]


def test_comments_with_what_answers_them() -> None:
    """An answer follows its comment and is under it; the page goes back to its oldest comment."""
    reply = {"id": "12", "timestamp": "2026-01-05T00:00:00+0000", "from": {"id": "7"}}
    data = [
        {
            "id": "11",
            "text": "LINK",
            "timestamp": "2026-01-04T00:00:00+0000",
            "from": {"id": 6, "username": "ana"},
            "media": {"id": "1", "media_product_type": "REELS"},
            "replies": {"data": [reply]},
        },
        {"id": "10", "timestamp": "2026-01-03T00:00:00+0000", "username": "bo"},
        {"id": "9", "timestamp": "no time"},
        {"timestamp": "2026-01-01T00:00:00+0000"},
    ]
    found = read_comments({"data": data}, SAID)

    assert found is not None
    told = [(one.comment_id, one.author_id, one.parent_id) for one in found.comments]
    assert [("11", "6", None), ("12", "7", "11"), ("10", None, None)] == told
    assert ["REELS", "REELS", None] == [one.media_product_type for one in found.comments]
    assert "bo" == found.comments[2].author_username
    assert datetime(2026, 1, 3, tzinfo=UTC) == found.oldest_at
    assert found.after is None


def answers(*days: int) -> list[dict[str, Any]]:
    """Return answers as Meta shows them, written on these days of a month."""
    return [{"id": str(100 + day), "timestamp": f"2026-01-{day:02}T00:00:00+0000"} for day in days]


@pytest.mark.parametrize(
    ("days", "shown_to"),
    [
        ((9, 7, 4), 4),
        ((4, 7, 9), None),
        ((9, 4, 7), None),
        ((4, 4), None),
        ((4,), None),
        ((), None),
    ],
)
def test_how_far_back_answers_are_shown(days: tuple[int, ...], shown_to: int | None) -> None:
    """That they come newest first is believed where it can be seen, and nowhere else."""
    expected = None if shown_to is None else datetime(2026, 1, shown_to, tzinfo=UTC)
    going_on = {"paging": {"cursors": {"after": "x"}, "next": "https://graph.example/"}}
    inside = {"data": answers(*days), **going_on}
    top = {"id": "11", "timestamp": "2026-01-03T00:00:00+0000", "replies": inside}
    shown = read_comments({"data": [top]}, SAID)
    alone = read_answers({"data": answers(*days)}, SAID, CommentId("11"))

    assert shown is not None
    assert alone is not None
    more = MoreAnswers(comment_id=CommentId("11"), after="x", shown_to=expected)
    assert (more,) == shown.more
    assert expected == alone.oldest_at
    assert [CommentId("11")] * len(days) == [one.parent_id for one in alone.comments]


@pytest.mark.parametrize(
    ("paging", "more"),
    [
        ({}, []),
        ({"cursors": {"after": "x"}}, []),
        ({"next": "https://graph.example/"}, [None]),
        ({"next": "https://graph.example/", "cursors": {"after": "x"}}, ["x"]),
    ],
)
def test_whether_there_are_more_answers(paging: dict[str, Any], more: list[str | None]) -> None:
    """It is `next` that says so; where Meta does not say where they go on, all are read."""
    inside = {"data": answers(9, 4), "paging": paging}
    data = [
        {"id": "11", "timestamp": "2026-01-03T00:00:00+0000", "replies": inside},
        {"id": "9", "timestamp": "no time", "replies": inside},
    ]
    found = read_comments({"data": data}, SAID)

    assert found is not None
    assert more == [one.after for one in found.more]


@pytest.mark.parametrize("read", [read_subscription, read_media, read_comments])
def test_no_list_is_no_answer(read: Any) -> None:
    """An answer without a list does not mean that there is nothing."""
    assert read({"success": True}, SAID) is None


@pytest.mark.parametrize("written", ["a, b,", ["a", "b", 7]])
def test_permissions(written: object) -> None:
    """With commas or as a list, it is the same; what Meta does not say is not known."""
    assert frozenset({"a", "b"}) == read_permissions(written)
    assert read_permissions(None) is None


@pytest.mark.parametrize(
    ("expires_in", "lives"),
    [
        (5_183_944, timedelta(seconds=5_183_944)),
        (10**12, LONG_LIVED),
        (0, LONG_LIVED),
        (True, LONG_LIVED),
        ("60", LONG_LIVED),
        (None, LONG_LIVED),
    ],
)
def test_the_life_of_a_token(expires_in: object, lives: timedelta) -> None:
    """Never longer than Meta's 60 days, and those where it does not say."""
    assert lives == _life(expires_in)


def test_where_consent_is_given() -> None:
    """Our app, our address to the letter, the state, and a login that is asked for anew."""
    app = App(
        app_id="1",
        app_secret=SecretStr("s"),
        www_url="https://www.instagram.com",
        api_url="https://api.instagram.com",
        graph_url="https://graph.instagram.com",
    )
    url = URL(app.consent_address(redirect_uri="https://us.example/back?x=1&y", state="a+b/c="))

    assert ("www.instagram.com", "/oauth/authorize") == (url.host, url.path)
    assert {
        "client_id": "1",
        "redirect_uri": "https://us.example/back?x=1&y",
        "response_type": "code",
        "scope": ",".join(SCOPES),
        "state": "a+b/c=",
        "force_reauth": "true",
        "enable_fb_login": "false",
    } == dict(url.query)
