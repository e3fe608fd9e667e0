"""What an owner gets wrong is told with the path of the JSON they wrote."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.rules.publishing import Invalid, check, read_definition
from tests.support.builders import campaign, on_message, private_reply, text_message

Raw = dict[str, Any]
LINK = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
FINE = {"trigger": {"kind": "message"}, "steps": [text_message("Here it is")]}


def saying(content: Raw) -> Raw:
    return {"trigger": {"kind": "message"}, "steps": [{"kind": "message", "variants": [content]}]}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (5, ["Input should be an object"]),
        ({}, ["trigger: Field required", "steps: Field required"]),
        (FINE | {"steps": []}, ["steps: List should have at least 1 item after validation, not 0"]),
        (FINE | {"steps": 5}, ["steps: Input should be a list"]),
        (FINE | {"steps": [{}]}, ["steps.0.kind: Field required"]),
        (
            FINE | {"trigger": {"kind": "postcard"}},
            [
                (
                    "trigger.kind: there is no 'postcard'; there are 'comment', 'live_comment', "
                    "'message', 'story_reply', 'story_mention', 'postback', 'quick_reply', "
                    "'referral', 'intent', 'unrecognised'"
                )
            ],
        ),
        (
            saying({"text": "é" * 512}),
            ["steps.0.variants.0.text: 1024 bytes of UTF-8; Meta takes 1000"],
        ),
        (
            saying({"text": "a", "txt": 1}),
            ["steps.0.variants.0.txt: Extra inputs are not permitted"],
        ),
        (
            saying({"text": "a", "buttons": [LINK | {"title": "t" * 21}]}),
            ["steps.0.variants.0.buttons.0.title: String should have at most 20 characters"],
        ),
        (
            saying({"media": {"kind": "image", "url": "https://shop.example/a.webp"}}),
            ["steps.0.variants.0.media.url: .webp is no image; Meta takes .gif, .jpeg, .jpg, .png"],
        ),
        (
            saying({"text": "a", "buttons": [{"kind": "step", "title": "b", "step": "none"}]}),
            ["steps.0.variants.0.buttons.0.step: no step has the id 'none'"],
        ),
        (
            saying({"text": "a", "media": {"kind": "post", "media_id": "1"}}),
            ["steps.0.variants.0: text, media: exactly one of them makes a message"],
        ),
        (
            FINE | {"trigger": {"kind": "comment", "keywords": {"include": ["("], "how": "regex"}}},
            ["trigger.keywords.include.0: at 0: missing ); RE2 syntax is wanted"],
        ),
        (
            FINE | {"steps": [{"kind": "message", "message": 1, "variants": [{"text": ""}]}]},
            [
                "steps.0.variants.0.text: String should have at least 1 character",
                "steps.0.message: Extra inputs are not permitted",
            ],
        ),
        (
            FINE | {"conditions": {"once": {"per": "period"}}},
            ["conditions.once.period: needed with per=period, and with nothing else"],
        ),
    ],
)
def test_every_fault_has_its_path(raw: object, told: list[str]) -> None:
    """The path has what is in the JSON and nothing else, also where parts don't go together."""
    with pytest.raises(Invalid) as caught:
        read_definition(raw)

    assert told == [str(fault) for fault in caught.value.faults]


def test_the_first_form_of_a_button_can_be_read() -> None:
    """What was published when a message had one link is still a definition."""
    button = {"title": "Shop", "url": "https://shop.example/"}

    then = read_definition(saying({"text": "a", "button": button}))

    assert read_definition(saying({"text": "a", "buttons": [LINK]})) == then


@pytest.mark.parametrize(
    ("steps", "blocked", "codes"),
    [
        ([private_reply("a")], True, ["overlap", "private_reply_without_comment"]),
        ([text_message("a")], False, ["overlap"]),
    ],
)
def test_errors_block_and_warnings_do_not(
    steps: list[Raw], *, blocked: bool, codes: list[str]
) -> None:
    """What Meta would refuse is not published; what is unwise is the owner's to decide."""
    raw = {"trigger": on_message("link"), "steps": steps}

    checked = check(raw, [campaign(on_message("link"), number=2)])

    assert blocked is checked.blocked
    assert codes == [one.code for one in checked.findings]
