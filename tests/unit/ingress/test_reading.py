"""Reading Meta's JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingress.reading import NotThisShape, clean, flag, id_in, moment_in, raw_json, text_in

MOMENT = datetime(2025, 11, 1, 12, 28, 43, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        1_762_000_123,
        1_762_000_123_000,
        "1762000123",
        "1762000123000",
        1_762_000_123.0,
        "2025-11-01T12:28:43+0000",
        "2025-11-01T12:28:43Z",
        "2025-11-01T14:28:43+02:00",
        "2025-11-01T12:28:43",
    ],
)
def test_one_moment_in_all_its_spellings(told: Any) -> None:
    """Seconds, milliseconds, text and ISO 8601 are the same moment."""
    assert moment_in({"time": told}, "time") == MOMENT


def test_milliseconds_are_kept() -> None:
    """A time in milliseconds is not rounded to seconds."""
    moment = moment_in({"time": 1_762_000_123_456}, "time")

    assert moment is not None
    assert moment.microsecond == 456_000


@pytest.mark.parametrize(
    "told",
    [None, True, 0, -5, "", "soon", [], {}, 10**15, 10**400, "9" * 30, 253_402_300_799, 5e11,
     "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_what_is_no_time(told: Any) -> None:
    """What cannot be a time is as if it were not there."""
    assert moment_in({"time": told}, "time") is None


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("178414", "178414"),
        (178414, "178414"),
        (17841400000000000000001, "17841400000000000000001"),
        ("aWdf/ZAG+x=:", "aWdf/ZAG+x=:"),
        (True, None),
        (1.5, None),
        (None, None),
        ("", None),
        ("two words", None),
        ("é", None),
        ("x" * 513, None),
        ([], None),
    ],
)
def test_ids_are_text(told: Any, read: str | None) -> None:
    """An id is text whatever type it came in; what cannot be one is none."""
    assert read == id_in({"id": told}, "id")


def test_the_first_id_counts() -> None:
    """Of several keys for one id, the first that has one is read."""
    assert id_in({"id": None, "comment_id": 5}, "id", "comment_id") == "5"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("café ☕️", "café ☕️"),
        ("cut \ud83d", "cut \ufffd"),
        ("\udc00cut", "\ufffdcut"),
        ("a\x00b", "a\ufffdb"),
        ("a\uffffb\ufffec", "a\ufffdb\ufffdc"),
        ("tab\tline\n", "tab\tline\n"),
    ],
)
def test_text_that_every_store_can_hold(told: str, read: str) -> None:
    """Half an emoji, NUL and non-characters become U+FFFD; all else stays."""
    assert read == clean(told)


def test_text_of_another_type_is_another_shape() -> None:
    """What a person wrote is text, or the update is not what we took it for."""
    with pytest.raises(NotThisShape, match="text"):
        text_in({"text": {"body": "hi"}}, "text")


@pytest.mark.parametrize(("told", "set_"), [(True, True), ("true", True), (1, True), (False, False),
                                            (None, False), ("no", False), ([], False)])  # fmt: skip
def test_flags(told: Any, *, set_: bool) -> None:
    """Only a true flag is set."""
    assert set_ is flag({"is_echo": told}, "is_echo")


def test_raw_json_has_one_spelling() -> None:
    """The order of keys and the way of escaping do not matter to what is kept."""
    assert raw_json({"b": "é", "a": [1]}) == raw_json({"a": [1], "b": "\u00e9"})
    assert raw_json({"b": "é", "a": [1]}) == '{"a":[1],"b":"\\u00e9"}'
