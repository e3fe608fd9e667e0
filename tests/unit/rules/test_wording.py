"""What we said is recognised by what it says, as far as Meta tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from switchboard.rules.decision import DeliveryKind
from switchboard.rules.wording import Told, attachment, likeness, wording


@dataclass(frozen=True)
class Person:
    """What is known of somebody."""

    name: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


ANA = Person(name="Ana Lima", username="ana")
LINK = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
CHIP = {"title": "Yes", "payload": "y"}
PICTURE = {"media": {"kind": "image", "url": "https://shop.example/hat.png"}}
SHARED = {"media": {"kind": "post", "media_id": "18"}}


def told(text: str | None = None, *attached: str) -> Told:
    """Return what Meta tells of a message."""
    return Told(text, frozenset(map(attachment, attached)))


def like(
    content: dict[str, Any],
    seen: Told,
    *,
    person: Person = ANA,
    kind: DeliveryKind = "message",
) -> str:
    """Return how like `seen` is to what `content` says to `person`."""
    return likeness(wording(kind, content, person), seen)


@pytest.mark.parametrize(
    ("said", "seen", "expected"),
    [
        ("Here you are", "Here you are", "same"),
        ("Here  you\nare ", " Here you are", "same"),  # white space is Meta's to change
        ("Caf\u00e9", "Cafe\u0301", "same"),  # and so is how an accent is written
        ("Here you are", "here you are", "other"),
        ("Here you are", "Here you are!", "other"),
        ("Here you are", None, "untold"),
        ("Here you are", "", "untold"),
        ("Hi {{first_name|there}}, welcome", "Hi Ana, welcome", "same"),
        # a name that was not known then, or is not known now
        ("Hi {{first_name|there}}, welcome", "Hi there, welcome", "same"),
        ("Hi {{first_name}}, welcome", "Hi , welcome", "same"),
        ("Hi {{first_name|there}}, welcome", "Hi Bo, welcome", "fits"),
        ("Hi {{first_name|there}}, welcome", "Hi Bo, good bye", "other"),
        ("Hi {{first_name|there}}, welcome", "Hey Bo, welcome", "other"),
        ("{{name}}: your code for {{username}} is here", "X: your code for Y is here", "fits"),
        ("{{name}}: your code for {{username}} is here", "X: is here", "other"),
        # words that could stand in any message tell nothing
        ("{{first_name}}!", "Sure!", "untold"),
        ("{{first_name}}", "Anything at all", "untold"),
    ],
)
def test_a_text(said: str, seen: str | None, expected: str) -> None:
    """A text is the same word for word; of one with variables the words around them must stand."""
    assert expected == like({"text": said}, told(seen))


@pytest.mark.parametrize(
    ("content", "seen", "expected"),
    [
        ({"text": "Look", "buttons": [LINK]}, told("Look"), "same"),
        ({"text": "Look", "buttons": [LINK]}, told("Look", "template"), "same"),
        ({"text": "Look", "buttons": [LINK]}, told(None, "template"), "fits"),
        ({"text": "Look", "buttons": [LINK]}, told(None, "generic_template"), "fits"),
        ({"text": "Look", "buttons": [LINK]}, told(None), "untold"),
        ({"text": "Look", "buttons": [LINK]}, told(None, "image"), "other"),
        ({"text": "Look", "buttons": [LINK]}, told("Well", "template"), "other"),
        ({"text": "Which?", "quick_replies": [CHIP]}, told("Which?"), "same"),
        ({"text": "Which?"}, told(None, "image"), "other"),
        ({"text": "Which?"}, told(None, "unsupported_type"), "untold"),
        (PICTURE, told(None, "image"), "fits"),
        (PICTURE, told(None, "image_data"), "fits"),
        (PICTURE, told(None, "video"), "other"),
        (PICTURE, told("Hello"), "other"),
        (PICTURE, told(None), "untold"),
        (PICTURE, told(None, "something new"), "untold"),
        (SHARED, told(None, "share"), "fits"),
        (SHARED, told(None, "MEDIA_SHARE"), "fits"),
        (SHARED, told(None, "image"), "other"),
        ({"strange": 1}, told("Hello"), "untold"),
        ({"strange": 1}, told(None, "image"), "untold"),
    ],
)
def test_what_is_attached(content: dict[str, Any], seen: Told, expected: str) -> None:
    """Where no text is told the kind of attachment may fit, and never more than that."""
    assert expected == like(content, seen)


def test_what_was_known_when_deciding() -> None:
    """A value of then is recognised, though another is known now."""
    content = {"text": "Sent to {{email}}", "values": {"email": "old@b.c"}}

    assert "same" == like(content, told("Sent to old@b.c"), person=Person(email="new@b.c"))
    assert "same" == like(content, told("Sent to new@b.c"), person=Person(email="new@b.c"))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("Thanks, ana", "same"),
        ("@ana.example Thanks, ana", "same"),
        ("Thanks @ana.example, ana", "other"),
    ],
)
def test_under_a_comment(seen: str, expected: str) -> None:
    """Whom an answer is addressed to, which Instagram may put before it, is no part of it."""
    content = {"text": "Thanks, {{username}}"}

    assert expected == like(content, told(seen), kind="public_reply")


def test_nothing_private_is_recognised_in_public() -> None:
    """Under a comment a name is never written, so it is not looked for."""
    content = {"text": "Thanks {{first_name|you}}"}

    assert "same" == like(content, told("Thanks you"), kind="public_reply")
    assert "same" != like(content, told("Thanks Ana"), kind="public_reply")
