"""What we write to Meta."""

from __future__ import annotations

import pytest

from switchboard.contracts import CommentId, PersonId
from switchboard.graph import Link, NotSendable, message, private_reply

PERSON, COMMENT = PersonId("1234567890123456"), CommentId("17900000000000001")
LINK = Link("Open shop", "https://shop.example/hat")


def test_text_to_a_person() -> None:
    """Plain text is a message with a text."""
    expected = {"recipient": {"id": PERSON}, "message": {"text": "Grüezi 🎩"}}

    assert expected == message(PERSON, "Grüezi 🎩").body


def test_private_reply_names_the_comment() -> None:
    """A private reply is addressed to the comment, not to its author."""
    expected = {"recipient": {"comment_id": COMMENT}, "message": {"text": "Hello"}}

    assert expected == private_reply(COMMENT, "Hello").body


def test_a_link_makes_a_button_template() -> None:
    """Buttons show where strangers' messages land; quick replies do not."""
    expected = {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "button",
                "text": "Here it is",
                "buttons": [
                    {"type": "web_url", "title": "Open shop", "url": "https://shop.example/hat"}
                ],
            },
        }
    }

    assert expected == message(PERSON, "Here it is", LINK).body["message"]


@pytest.mark.parametrize("text", ["x" * 1000, "ü" * 500, "🎩" * 250])
def test_a_thousand_bytes_fit(text: str) -> None:
    """The limit is bytes of UTF-8, and is itself allowed."""
    assert text == message(PERSON, text).body["message"]["text"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1001, "ü" * 501, "🎩" * 251])
def test_what_meta_would_refuse_costs_no_call(text: str) -> None:
    """Empty and over-long texts are found here: a refused private reply may use up the only one."""
    with pytest.raises(NotSendable):
        message(PERSON, text)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("x" * 641, LINK),
        ("Hello", Link("", LINK.url)),
        ("Hello", Link("x" * 21, LINK.url)),
        ("Hello", Link("Open", "shop.example/hat")),
        ("Hello", Link("Open", "javascript:alert(1)")),
        ("Hello", Link("Open", "https://")),
    ],
)
def test_a_template_has_limits_of_its_own(text: str, link: Link) -> None:
    """640 characters above a button, 20 on it, and a real address behind it."""
    with pytest.raises(NotSendable):
        message(PERSON, text, link)
