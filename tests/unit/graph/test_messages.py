"""What we write to Meta."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.contracts import AttachmentId, CommentId, PersonId
from switchboard.graph import (
    File,
    NotSendable,
    attachment_of,
    by_attachment,
    file_of,
    message,
    private_reply,
)
from switchboard.rules.saying import Saying

PERSON, COMMENT = PersonId("1234567890123456"), CommentId("17900000000000001")
LINK = {"kind": "link", "title": "Open shop", "url": "https://shop.example/hat"}
TAP = {"kind": "postback", "title": "Send it", "payload": "sb1:0:1:2"}
CHIP = {"title": "Yes", "payload": "sb1:0:1:3"}
IMAGE = {"kind": "image", "url": "https://shop.example/hat.png"}
POST = {"kind": "post", "media_id": "18000000000000001"}


def saying(text: str | None = None, **fields: Any) -> Saying:
    """What is to be said."""
    return Saying.model_validate({"text": text} | fields)


def written(text: str | None = None, **fields: Any) -> Any:
    """What Meta gets of it."""
    return message(PERSON, saying(text, **fields)).body["message"]


def template(text: str, *buttons: dict[str, str]) -> dict[str, Any]:
    """A text with buttons under it, as Meta has it."""
    payload = {"template_type": "button", "text": text, "buttons": list(buttons)}
    return {"attachment": {"type": "template", "payload": payload}}


def test_text_to_a_person() -> None:
    """Plain text is a message with a text."""
    expected = {"recipient": {"id": PERSON}, "message": {"text": "Grüezi 🎩"}}

    assert expected == message(PERSON, saying("Grüezi 🎩")).body


def test_private_reply_names_the_comment() -> None:
    """A private reply is addressed to the comment, not to its author."""
    expected = {"recipient": {"comment_id": COMMENT}, "message": {"text": "Hello"}}

    assert expected == private_reply(COMMENT, saying("Hello")).body


def test_buttons_make_a_template() -> None:
    """Buttons show where strangers' messages land; quick replies do not."""
    link = {"type": "web_url", "title": "Open shop", "url": "https://shop.example/hat"}
    tap = {"type": "postback", "title": "Send it", "payload": "sb1:0:1:2"}

    assert template("Here", link) == written("Here", buttons=[LINK])
    assert template("Here", tap, link, tap) == written("Here", buttons=[TAP, LINK, TAP])
    assert template("Here", link) == written("Here", button=LINK)  # as an older release stored it


@pytest.mark.parametrize(
    ("chip", "expected"),
    [
        (CHIP, {"content_type": "text", "title": "Yes", "payload": "sb1:0:1:3"}),
        (
            {"kind": "email", "payload": "e"},
            {"content_type": "user_email", "title": "", "payload": "e"},
        ),
        (
            {"kind": "phone", "payload": "p"},
            {"content_type": "user_phone_number", "title": "", "payload": "p"},
        ),
    ],
)
def test_quick_replies(chip: dict[str, str], expected: dict[str, str]) -> None:
    """A chip carries a payload; the person's own address or number brings its own title."""
    expected_message = {"text": "Which?", "quick_replies": [expected]}

    assert expected_message == written("Which?", quick_replies=[chip])


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
def test_a_file_is_fetched_by_meta(kind: str) -> None:
    """One file, by its address, and nothing beside it."""
    url = "https://shop.example/hat"
    expected = {"attachment": {"type": kind, "payload": {"url": url}}}

    assert expected == written(media={"kind": kind, "url": url})


def test_a_post_of_our_own_is_shared() -> None:
    """A post is named by its id."""
    expected = {"attachment": {"type": "MEDIA_SHARE", "payload": {"id": POST["media_id"]}}}

    assert expected == written(media=POST)


@pytest.mark.parametrize("text", ["x" * 1000, "ü" * 500, "🎩" * 250])
def test_a_thousand_bytes_fit(text: str) -> None:
    """The limit is bytes of UTF-8, and is itself allowed."""
    assert text == written(text)["text"]
    assert text == written(text, quick_replies=[CHIP] * 13)["text"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1001, "ü" * 501, "🎩" * 251])
def test_what_meta_would_refuse_costs_no_call(text: str) -> None:
    """Empty and over-long texts are found here: a refused private reply may use up the only one."""
    with pytest.raises(NotSendable):
        message(PERSON, saying(text))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        # a template has limits of its own: 640 characters, three buttons, 20 characters on each
        ("x" * 641, {"buttons": [LINK]}),
        ("Hello", {"buttons": [LINK] * 4}),
        ("Hello", {"buttons": [LINK | {"title": ""}]}),
        ("Hello", {"buttons": [LINK | {"title": "  "}]}),
        ("Hello", {"buttons": [TAP | {"title": "x" * 21}]}),
        ("Hello", {"buttons": [TAP | {"payload": ""}]}),
        ("Hello", {"buttons": [TAP | {"payload": "x" * 1001}]}),
        # and a link leads to a page
        ("Hello", {"buttons": [LINK | {"url": "shop.example/hat"}]}),
        ("Hello", {"buttons": [LINK | {"url": "javascript:alert(1)"}]}),
        ("Hello", {"buttons": [LINK | {"url": "https://"}]}),
        ("Hello", {"buttons": [LINK | {"url": "https://[x/"}]}),
        # chips
        ("Hello", {"quick_replies": [CHIP] * 14}),
        ("Hello", {"quick_replies": [CHIP | {"title": ""}]}),
        ("Hello", {"quick_replies": [CHIP | {"title": "x" * 21}]}),
        ("Hello", {"quick_replies": [CHIP | {"payload": ""}]}),
        ("Hello", {"quick_replies": [{"kind": "email", "title": "Mail", "payload": "e"}]}),
        ("x" * 1001, {"quick_replies": [CHIP]}),
        # one thing at a time
        ("Hello", {"buttons": [LINK], "quick_replies": [CHIP]}),
        ("Hello", {"media": IMAGE}),
        (None, {"media": IMAGE, "buttons": [LINK]}),
        (None, {"media": IMAGE, "quick_replies": [CHIP]}),
        (None, {"buttons": [LINK]}),
        (None, {}),
        (None, {"media": POST | {"media_id": " "}}),
    ],
)
def test_what_no_message_is(text: str | None, fields: dict[str, Any]) -> None:
    """Sizes, titles, counts and combinations that Meta does not take are refused here."""
    with pytest.raises(NotSendable):
        message(PERSON, saying(text, **fields))
    with pytest.raises(NotSendable):
        private_reply(COMMENT, saying(text, **fields))


@pytest.mark.parametrize("media", [IMAGE, POST])
def test_no_media_in_a_private_reply(media: dict[str, str]) -> None:
    """Meta takes text and templates in answer to a comment, and this is its only answer."""
    with pytest.raises(NotSendable):
        private_reply(COMMENT, saying(media=media))


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
def test_an_uploaded_file_takes_its_addresss_place(kind: str) -> None:
    """What was to be fetched is named by its id; the person and the kind stay."""
    url = "https://shop.example/hat"
    fetched = message(PERSON, saying(media={"kind": kind, "url": url}))
    named = by_attachment(fetched, AttachmentId("1857"))

    attachment = {"type": kind, "payload": {"attachment_id": "1857"}}
    assert {"recipient": {"id": PERSON}, "message": {"attachment": attachment}} == named.body
    assert (File(kind, url), None) == (file_of(fetched), file_of(named))
    assert (None, "1857") == (attachment_of(fetched), attachment_of(named))


@pytest.mark.parametrize("said", [saying("Hi"), saying("Hi", buttons=[LINK]), saying(media=POST)])
def test_what_has_no_file_has_none_to_replace(said: Saying) -> None:
    """A link of a button is no file, nor is a post."""
    without = message(PERSON, said)

    assert (None, None) == (file_of(without), attachment_of(without))
    with pytest.raises(ValueError, match="without a file"):
        by_attachment(without, AttachmentId("1857"))
