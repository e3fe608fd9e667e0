"""What Meta shows of conversations and replies is read tolerantly, and nothing is made of gaps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.graph import GraphFailure, Said, Thread, Written, wants_less
from switchboard.graph.conversations import read_replies, read_threads, thread_fields
from switchboard.graph.failures import no_answer, refusal
from switchboard.rules.wording import Told

SAID = Said(http_status=200)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MESSAGE = {
    "id": "mid.1",
    "created_time": "2026-11-02T12:00:00+0000",
    "from": {"id": "1784", "username": "shop"},
    "to": {"data": [{"id": "77", "username": "ana"}]},
    "message": "Hello",
}
HELLO = Written(id="mid.1", at=NOON, author_id="1784", author_name="shop", told=Told("Hello"))


def threads(*messages: Any, asked: int = 20, **more: Any) -> tuple[Thread, ...]:
    """Return what is read of a conversation with these messages."""
    one = {"id": "t", "messages": {"data": list(messages)}, **more}
    found = read_threads({"data": [one]}, SAID, messages=asked)
    assert found is not None
    return found.threads


def message(**changes: Any) -> Written:
    """Return what is read of a message with these keys."""
    ((written,),) = (thread.messages for thread in threads({**MESSAGE, **changes}))
    return written


def test_what_is_asked_for() -> None:
    """Meta's words for conversations with so many of their messages."""
    assert (
        "updated_time,participants,messages.limit(20){id,created_time,from,to,message,attachments}"
    ) == thread_fields(20)


def test_a_conversation() -> None:
    """Who is in it, when something was last said, and its newest messages."""
    people = {"data": [{"id": "1784", "username": "shop"}, {"id": 77}, {"username": "nobody"}]}
    (found,) = threads(MESSAGE, updated_time="2026-11-02T13:00:00+0100", participants=people)

    assert (
        Thread(people=("1784", "77"), updated_at=NOON, messages=(HELLO,), whole=True)  # type: ignore[arg-type]  # ids are text
        == found
    )


@pytest.mark.parametrize(
    ("listed", "whole"),
    [
        ({"data": [MESSAGE]}, True),
        ({"data": [MESSAGE, MESSAGE]}, False),
        ({"data": [MESSAGE], "paging": {"next": "https://next"}}, False),
        ({"data": [MESSAGE], "paging": {"cursors": {"after": "x"}}}, True),
        ({}, True),
    ],
)
def test_when_a_conversation_is_whole(listed: dict[str, Any], whole: bool) -> None:  # noqa: FBT001  a table's column
    """Only if fewer messages came than were asked for, and Meta says of no others."""
    found = read_threads({"data": [{"messages": listed}]}, SAID, messages=2)

    assert found is not None
    assert [whole] == [thread.whole for thread in found.threads]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"created_time": None}, {"at": None}),
        ({"created_time": "yesterday"}, {"at": None}),
        ({"from": None}, {"author_id": None, "author_name": None}),
        ({"from": {"id": 1784}}, {"author_id": "1784", "author_name": None}),
        ({"message": ""}, {"told": Told()}),
        ({"message": 7}, {"told": Told()}),
        ({"message": None, "attachments": "?"}, {"told": Told()}),
    ],
)
def test_gaps_in_a_message(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """What is missing, or is not what it should be, is not told."""
    found = message(**changes)

    assert expected == {name: getattr(found, name) for name in expected}


@pytest.mark.parametrize(
    ("attached", "told"),
    [
        (
            [{"type": "template", "payload": {"text": "Look"}}],
            Told("Look", frozenset({"template"})),
        ),
        ([{"generic_template": {"title": "Hat"}}], Told("Hat", frozenset({"template"}))),
        ([{"image_data": {"url": "https://x"}}], Told(None, frozenset({"image"}))),
        ([{"mime_type": "audio/mp4", "file_url": "x"}], Told(None, frozenset({"audio", "file"}))),
        ([{"type": "MEDIA_SHARE"}], Told(None, frozenset({"post"}))),
        ([{"id": "7"}], Told(None, frozenset({"unknown"}))),
        ([{"type": "image"}, "?"], Told(None, frozenset({"image"}))),
        ([], Told()),
    ],
)
def test_what_is_attached(attached: list[Any], told: Told) -> None:
    """The kind of each attachment, and a template's words where there are no others."""
    assert told == message(message="", attachments={"data": attached}).told


def test_a_messages_own_words_go_before_a_templates() -> None:
    """The text Meta shows is the text there is."""
    template = {"data": [{"type": "template", "payload": {"text": "Other"}}]}

    assert Told("Hello", frozenset({"template"})) == message(attachments=template).told


def test_replies() -> None:
    """A comment's author by id and name, wherever the name stands."""
    body = {
        "data": [
            {"id": "18", "text": "Thanks", "timestamp": "2026-11-02T12:00:00+0000"},
            {"id": "19", "from": {"id": "1784"}, "username": "shop"},
            {"text": "no id"},
            "?",
        ],
        "paging": {"next": "https://next", "cursors": {"after": "x"}},
    }
    found = read_replies(body, SAID)

    assert found is not None
    assert [
        Written(id="18", at=NOON, author_id=None, author_name=None, told=Told("Thanks")),
        Written(id="19", at=None, author_id="1784", author_name="shop", told=Told()),
    ] == list(found.replies)
    assert (False, "x") == (found.last, found.after)


@pytest.mark.parametrize(
    ("paging", "expected"),
    [
        (None, (True, None)),
        ({"cursors": {"after": "x"}}, (True, None)),
        ({"next": "https://next", "cursors": {"after": "x"}}, (False, "x")),
        # there is more, and no way there: not the last page
        ({"next": "https://next"}, (False, None)),
        ({"next": "https://next", "cursors": "?"}, (False, None)),
    ],
)
def test_which_page_is_the_last(paging: Any, expected: tuple[bool, str | None]) -> None:
    """The one without `next`, whatever cursors it has."""
    body = {"data": [], "paging": paging}
    pages = read_threads(body, SAID, messages=1), read_replies(body, SAID)

    assert [expected] * 2 == [(page.last, page.after) for page in pages if page is not None]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "1"}}])
def test_no_list_is_nothing(body: dict[str, Any]) -> None:
    """An answer without a list is not an empty list."""
    assert (None, None) == (read_threads(body, SAID, messages=1), read_replies(body, SAID))


@pytest.mark.parametrize(
    ("failure", "less"),
    [
        (refusal(Said(http_status=500, code=1), is_send=False), True),
        (refusal(Said(http_status=400, code=1), is_send=False), False),
        (refusal(Said(http_status=500, code=2), is_send=False), False),
        (no_answer("answer_unreadable", Said(http_status=500)), False),
    ],
)
def test_what_wants_less(failure: GraphFailure, less: bool) -> None:  # noqa: FBT001  a table's column
    """By its two numbers, because its words are translated."""
    assert less == wants_less(failure)
