"""A definition that makes no sense in itself is none, whatever Meta would say of it."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.rules.publishing import Invalid, read_definition
from tests.support.builders import on_comment, private_reply, public_reply, text_message

Raw = dict[str, Any]


def refused(*steps: Raw, trigger: Raw | None = None, **conditions: Any) -> list[str]:
    """Return what is said against a definition of these parts; it must be refused."""
    raw = {
        "trigger": trigger or {"kind": "message"},
        "conditions": conditions,
        "steps": list(steps) or [text_message("a")],
    }
    with pytest.raises(Invalid) as caught:
        read_definition(raw)
    return [str(fault) for fault in caught.value.faults]


def message(**content: Any) -> Raw:
    return {"kind": "message", "variants": [content]}


def asking(**fields: Any) -> Raw:
    return {"kind": "ask", "what": "email", "variants": [{"text": "?"}], "retry": ["?"], **fields}


LINK = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
LEAD = {"kind": "step", "title": "Go on", "step": "then"}
CHASE = {"kind": "follow_up", "after": "PT1H", "variants": [{"text": "Still there?"}]}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([text_message("a") | {"id": "x"}] * 2, "steps.0.id: 'x' names another step too"),
        ([message(text="a", buttons=[LEAD])], "steps.0.variants.0.buttons.0.step: no step has"),
        ([message(text="a", quick_replies=[LEAD])], "steps.0.variants.0.quick_replies.0.step: no"),
        ([CHASE], "steps.0: it must stand behind a message with buttons or chips"),
        ([text_message("a"), CHASE], "steps.1: it must stand behind"),
        ([text_message("Hi {{nick}}")], "steps.0.variants.0.text: nothing is known by the name"),
        (
            [public_reply("Hi {{email}}")],
            "steps.0.variants.0: nothing is known by the name 'email'",
        ),
        ([text_message("Hi {{name")], "steps.0.variants.0.text: '{{' opens or closes no variable"),
        ([text_message("a" * 990 + "{{name}}")], "steps.0.variants.0.text: 1230 bytes of UTF-8"),
        ([text_message(" \n")], "steps.0.variants.0.text: nothing but white space"),
        ([message(text="a" * 641, buttons=[LINK])], "steps.0.variants.0.text: 641 characters"),
        ([message(text="a", buttons=[LINK] * 4)], "steps.0.variants.0.buttons: List should have"),
        ([asking(what="text")], "steps.0.field: needed for a text, and for nothing else"),
        ([asking(what="text", field="name")], "steps.0.field: name is known by itself"),
        ([{"kind": "wait", "duration": 0}], "steps.0.duration: must be longer than nothing"),
        ([{"kind": "tag"}], "steps.0: add, remove: one of them must name a tag"),
    ],
)
def test_steps_that_make_no_sense(steps: list[Raw], told: str) -> None:
    """Names, targets, variables and sizes are checked where they are written."""
    (fault,) = refused(*steps)

    assert fault.startswith(told)


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        (on_comment(), "trigger.keywords.include: at least 1 item is needed here"),
        ({"kind": "comment", "media_ids": []}, "trigger.media_ids: List should have at least 1"),
        (
            {"kind": "comment", "media_ids": ["1"], "next_post": True},
            "trigger.next_post: the posts are named in media_ids already",
        ),
        ({"kind": "intent", "intent": ""}, "trigger.intent: String should have at least 1"),
    ],
)
def test_triggers_that_make_no_sense(trigger: Raw, told: str) -> None:
    """A trigger says what it wants in one way."""
    (fault,) = refused(trigger=trigger)

    assert fault.startswith(told)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"languages": ["english"]}, "conditions.languages.0: String should match"),
        (
            {
                "hours": {
                    "open": [{"day": "mon", "opens": "20:00", "closes": "04:00"}],
                    "outside": "skip",
                }
            },
            "conditions.hours.open.0.closes: must be later than opens",
        ),
        ({"once": {"per": "post", "period": "P1D"}}, "conditions.once.period: needed with"),
    ],
)
def test_conditions_that_make_no_sense(conditions: Raw, told: str) -> None:
    """A condition that could never be told to hold is refused."""
    (fault,) = refused(**conditions)

    assert fault.startswith(told)


def test_what_meta_would_say_is_the_linters() -> None:
    """The model takes what cannot be sent: an owner may save a draft that is not finished."""
    raw = {"trigger": {"kind": "comment"}, "steps": [private_reply("a"), private_reply("b")]}

    assert 2 == len(read_definition(raw).steps)


def test_a_definition_is_its_json() -> None:
    """What is stored is read as what was written."""
    steps = [
        message(text="Hi {{first_name|there}}", buttons=[LEAD, LINK]),
        CHASE,
        asking(id="then", what="text", field="size"),
        text_message("Size {{size}}"),
        {"kind": "wait", "duration": "PT2H"},
        {"kind": "handover"},
    ]
    definition = read_definition({"trigger": {"kind": "postback"}, "steps": steps})

    assert definition == read_definition(definition.model_dump(mode="json"))
