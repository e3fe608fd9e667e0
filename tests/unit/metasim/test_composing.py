"""What a message may look like, at each limit and one beyond."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.composing import require_private_sendable, require_sendable
from tools.metasim.refusals import GraphError

_URL = "https://shop.example/hat"


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "postback", "title": "Get it", "payload": "P", **changes}


def template(**payload: Any) -> dict[str, Any]:
    whole = {"template_type": "button", "text": "Tap", "buttons": [button()], **payload}
    return {"attachment": {"type": "template", "payload": whole}}


def generic(**element: Any) -> dict[str, Any]:
    whole = {"template_type": "generic", "elements": [{"title": "Hat", **element}]}
    return {"attachment": {"type": "template", "payload": whole}}


def chips(count: int, title: str = "S") -> dict[str, Any]:
    chip = {"content_type": "text", "title": title, "payload": "SIZE"}
    return {"text": "Which?", "quick_replies": [chip] * count}


_SENDABLE = [
    {"text": "a" * 1000},
    template(text="t" * 640, buttons=[button()] * 3),
    template(buttons=[button(title="t" * 20)]),
    template(buttons=[{"type": "web_url", "title": "Shop", "url": _URL}]),
    generic(subtitle="s" * 80),
    generic(image_url=_URL),
    chips(13),
    {"text": "?", "quick_replies": [{"content_type": "user_email", "title": "", "payload": "E"}]},
    {"attachment": {"type": "image", "payload": {"url": _URL}}},
    {"attachment": {"type": "video", "payload": {"attachment_id": "1"}}},
    {"attachment": {"type": "like_heart"}},
    {"attachment": {"type": "MEDIA_SHARE", "payload": {"id": "1"}}},
    {"attachments": [{"type": "image", "payload": {"url": _URL}}] * 10},
]
_UNSENDABLE = [
    None,
    "text",
    {},
    {"text": ""},
    {"text": "a" * 1001},
    {"text": "both", "attachment": {"type": "like_heart"}},
    template(text="t" * 641),
    template(buttons=[]),
    template(buttons=[button()] * 4),
    template(buttons=[button(title="t" * 21)]),
    template(buttons=[button(type="phone_number")]),
    template(buttons=[{"type": "web_url", "title": "Shop", "url": "shop.example"}]),
    template(template_type="list"),
    generic(),
    generic(title="t" * 81, subtitle="s"),
    generic(subtitle="s" * 81),
    chips(14),
    chips(0),
    {"text": "?", "quick_replies": [{"content_type": "text", "title": "S"}]},
    {"attachment": {"type": "image", "payload": {"url": "hat.png"}}},
    {"attachments": [{"type": "image", "payload": {"url": _URL}}] * 11},
    {"attachments": [{"type": "video", "payload": {"url": _URL}}]},
]


@pytest.mark.parametrize("message", _SENDABLE)
def test_at_the_limit(message: dict[str, Any]) -> None:
    """What is within Meta's limits is delivered as it is."""
    assert message == require_sendable(message)


@pytest.mark.parametrize("message", _UNSENDABLE)
def test_beyond_the_limit(message: object) -> None:
    """What is beyond, or malformed, is refused with code 100."""
    with pytest.raises(GraphError) as refused:
        require_sendable(message)

    assert 100 == refused.value.code


def test_long_chips_are_cut() -> None:
    """A quick reply's title beyond 20 characters is cut, not refused."""
    shown = require_sendable(chips(1, title="t" * 25))

    assert "t" * 20 == shown["quick_replies"][0]["title"]


@given(st.text(min_size=1, max_size=1200))
def test_text_limit_is_in_bytes(text: str) -> None:
    """Text passes exactly when it says something and has at most 1000 bytes of UTF-8."""
    try:
        passes = require_sendable({"text": text}) == {"text": text}
    except GraphError:
        passes = False

    assert (0 < len(text.encode()) <= 1000 and bool(text.strip())) == passes


def test_private_reply_takes_no_media() -> None:
    """Pictures are refused as a private reply; text and templates are not."""
    assert template() == require_private_sendable(template())
    for message in (_SENDABLE[8], _SENDABLE[-1]):
        with pytest.raises(GraphError):
            require_private_sendable(message)
