"""What the linter says of campaigns, code by code, and of those there is nothing to say about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import CampaignId
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, CampaignDefinition, Hours
from switchboard.rules.linter import CODES, Code, MediaFound, lint
from switchboard.rules.linter.windows import longest_closed
from tests.support.builders import (
    campaign,
    on_comment,
    on_message,
    private_reply,
    public_reply,
    text_message,
)

Raw = dict[str, Any]
OTHER = CampaignId(UUID(int=9))
SELF = CampaignId(UUID(int=5))


def defined(trigger: Raw | str, *steps: Raw, **conditions: Any) -> CampaignDefinition:
    """Return a definition; the trigger of that kind, without anything else, if it is a string."""
    told = {"kind": trigger} if isinstance(trigger, str) else trigger
    if told == {"kind": "intent"}:
        told = {"kind": "intent", "intent": "price"}
    raw = {"trigger": told, "conditions": conditions, "steps": steps}
    return CAMPAIGN_DEFINITION.validate_python(raw)


def leading(to: str, title: str = "Go on") -> Raw:
    return {"kind": "step", "title": title, "step": to}


def offering(kind: str, *buttons: Raw, **more: Any) -> Raw:
    return {"kind": kind, "variants": [{"text": "Tap", "buttons": list(buttons)}], **more}


def starting(campaign_id: CampaignId) -> Raw:
    return {"kind": "campaign", "title": "More", "campaign": str(campaign_id)}


def hours(*openings: tuple[str, str, str], outside: str = "wait") -> Raw:
    told = [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in openings]
    return {"open": told, "outside": outside}


def waiting(duration: str) -> Raw:
    return {"kind": "wait", "duration": duration}


def said(definition: CampaignDefinition, **told: Any) -> list[tuple[str, str]]:
    return [(str(one.code), one.path) for one in lint(definition, **told)]


THEN = {"id": "then", **text_message("Here it is")}
ASK = {"kind": "ask", "what": "email", "variants": [{"text": "Your e-mail?"}], "retry": ["Hm?"]}
GATE = {
    "kind": "follow_gate",
    "variants": ["Follow us"],
    "button_title": "Done",
    "when_unknown": "ask",
}
CHASE = {"kind": "follow_up", "after": "PT1H", "variants": [{"text": "Still there?"}]}
CHIPS = {"text": "Which?", "quick_replies": [leading("then")]}
PICTURE = {"media": {"kind": "image", "url": "https://shop.example/hat.png"}}
WORKDAYS = [(day, "09:00", "17:00") for day in ("mon", "tue", "wed", "thu", "fri")]
DAILY = [*WORKDAYS, ("sat", "09:00", "17:00"), ("sun", "09:00", "17:00")]


@pytest.mark.parametrize(
    "definition",
    [
        defined(
            "comment",
            public_reply("Sent!", "Done!"),
            offering("private_reply", leading("then")),
            THEN,
        ),
        defined("comment", waiting("P6D"), private_reply("Here it is")),
        defined("comment", ASK, GATE, THEN),
        defined("live_comment", offering("private_reply", leading("then")), {"id": "then", **GATE}),
        defined("message", offering("message", leading("then")), CHASE, THEN),
        defined("message", waiting("PT23H"), offering("message", leading("then")), THEN),
        defined("message", ASK, waiting("PT23H"), text_message("a"), ASK, waiting("PT23H"), THEN),
        defined("story_reply", {"kind": "message", "variants": [CHIPS]}, THEN),
        defined("story_mention", {"kind": "message", "variants": [PICTURE]}),
        defined("postback", GATE, THEN),
        defined("intent", public_reply("a", "b"), private_reply("a"), text_message("a")),
        defined("message", THEN, hours=hours(*DAILY)),
        defined("message", THEN, hours=hours(*WORKDAYS, outside="skip")),
        defined("comment", private_reply("a"), hours=hours(*WORKDAYS)),
        defined("message", waiting("P30D"), {"kind": "tag", "add": ["old"]}),
        defined("message", THEN, offering("message", leading("then", "Again"))),
    ],
)
def test_nothing_to_say(definition: CampaignDefinition) -> None:
    """What Meta allows and nobody will regret has no findings."""
    assert [] == lint(definition)


@pytest.mark.parametrize(
    ("delay_min", "expected"),
    [(59, []), (60, [("wait_outlives_window", "steps.1.duration")])],
)
def test_what_is_said_later_leaves_less_of_the_window(
    delay_min: int, expected: list[tuple[str, str]]
) -> None:
    """An account's delay is part of what a wait behind a message adds up to."""
    definition = defined("message", text_message("a"), waiting("PT22H55M"), text_message("b"))

    assert expected == said(definition, delay=timedelta(minutes=delay_min))


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (
            defined("comment", private_reply("a"), private_reply("b"), ASK),
            [("second_private_reply", "steps.1"), ("second_private_reply", "steps.2")],
        ),
        (defined("comment", THEN), [("message_without_window", "steps.0")]),
        (defined("intent", private_reply("a"), THEN, ASK), [("second_private_reply", "steps.2")]),
        (
            defined("message", private_reply("a"), THEN),
            [("private_reply_without_comment", "steps.0")],
        ),
        (
            defined(
                "comment",
                offering("private_reply", leading("then")),
                {"id": "then", **private_reply("b")},
            ),
            [("private_reply_without_comment", "steps.1")],
        ),
        (
            defined(
                "intent",
                offering("private_reply", leading("then")),
                {"id": "then", **public_reply("a", "b")},
                THEN | {"id": "m"},
            ),
            [("public_reply_without_comment", "steps.1")],
        ),
        (
            defined("live_comment", public_reply("a", "b"), private_reply("a")),
            [("public_reply_on_live", "steps.0")],
        ),
        (
            defined("comment", {"kind": "private_reply", "variants": [{"text": "a"}, PICTURE]}),
            [("media_in_private_reply", "steps.0.variants.1.media")],
        ),
        (
            defined("comment", {"kind": "private_reply", "variants": [CHIPS]}, THEN),
            [("quick_replies_in_first_dm", "steps.0.variants.0.quick_replies")],
        ),
        (
            defined("message", waiting("PT12H"), waiting("PT11H55M"), waiting("PT1H"), THEN),
            [("wait_outlives_window", "steps.1.duration")],
        ),
        (
            defined("comment", waiting("P7D"), private_reply("a")),
            [("wait_outlives_comment", "steps.0.duration")],
        ),
        (
            defined("live_comment", waiting("PT4H"), private_reply("a")),
            [("wait_outlives_comment", "steps.0.duration")],
        ),
        (
            defined("live_comment", waiting("PT1H"), private_reply("a")),
            [("wait_on_live", "steps.0.duration")],
        ),
        (
            defined("comment", waiting("P8D"), public_reply("a", "b")),
            [("public_reply_too_late", "steps.1")],
        ),
        (
            defined("comment", offering("private_reply", leading("then")), CHASE, CHASE, THEN),
            [("follow_up_without_window", "steps.1"), ("follow_up_without_window", "steps.2")],
        ),
        (
            defined(
                "message",
                offering("message", leading("then")),
                CHASE,
                CHASE | {"after": "PT23H"},
                THEN,
            ),
            [("follow_up_outlives_window", "steps.2.after")],
        ),
        (
            defined("comment", private_reply("a"), GATE, THEN),
            [("gate_without_consent", "steps.1")],
        ),
        (
            defined("message", THEN, hours=hours(*WORKDAYS)),
            [("hours_outlive_window", "conditions.hours")],
        ),
        (
            defined("message", waiting("PT8H"), THEN, hours=hours(*DAILY)),
            [("hours_outlive_window", "conditions.hours")],
        ),
        (
            defined(
                "message",
                {
                    "kind": "message",
                    "variants": [{"text": "a"}, {"text": "b", "buttons": [leading("then")]}],
                },
                THEN,
            ),
            [("variants_wait_differently", "steps.0.variants")],
        ),
        (defined("intent", private_reply("a")), [("intent_without_answer", "steps")]),
        (defined("intent", THEN), [("intent_without_answer", "steps")]),
        (
            defined("message", offering("message", leading("then")), text_message("never"), THEN),
            [("unreachable_step", "steps.1")],
        ),
        (
            defined("message", {"kind": "handover"}, THEN),
            [("unreachable_step", "steps.1")],
        ),
        (
            defined("message", offering("message", starting(OTHER))),
            [("starts_unknown_campaign", "steps.0.variants.0.buttons.0.campaign")],
        ),
        (
            defined(on_message("stop", "info", "\u200b"), THEN),
            [
                ("never_fires", "trigger.keywords.include.0"),
                ("never_fires", "trigger.keywords.include.2"),
            ],
        ),
        (
            defined(
                on_comment("no link", "link", keywords={"exclude": ["no"]}), private_reply("a")
            ),
            [("never_fires", "trigger.keywords.include.0")],
        ),
        (
            defined("comment", public_reply("Sent!", "Sent!"), private_reply("a")),
            [("one_public_variant", "steps.0.variants")],
        ),
        (
            defined(
                "message", offering("message", {"kind": "link", "title": "a", "url": "http://a.b"})
            ),
            [("link_not_https", "steps.0.variants.0.buttons.0.url")],
        ),
        (
            defined("referral", waiting("PT1H"), THEN, text_message("b")),
            [("referral_may_open_no_window", "steps.1")],
        ),
        (
            defined(
                "comment", private_reply("a"), follower={"follows": True, "when_unknown": "fail"}
            ),
            [("follower_unknown", "conditions.follower.when_unknown")],
        ),
    ],
)
def test_each_code(definition: CampaignDefinition, expected: list[tuple[str, str]]) -> None:
    """Each thing that is wrong is told once, at its place."""
    assert expected == said(definition)


def test_a_button_starts_a_live_campaign_that_does_something() -> None:
    """Starting what is live is fine; itself, or what only answers comments, is not."""
    definition = defined(
        "message", offering("message", *map(starting, (OTHER, SELF, CampaignId(UUID(int=7)))))
    )
    others = [campaign(on_message("x"), number=9), campaign(on_comment("y"), number=7)]

    found = said(definition, others=others, own=SELF)

    path = "steps.0.variants.0.buttons"
    assert [
        ("starts_itself", f"{path}.1.campaign"),
        ("starts_silent_campaign", f"{path}.2.campaign"),
    ] == found


def test_an_overlap_names_both_campaigns_and_the_text() -> None:
    """The owner sees with which campaign it competes, and what to type to see it."""
    others = [campaign(on_message("Link please"), number=9), campaign(on_comment("link"), number=7)]

    (found,) = lint(defined(on_message("link"), THEN), others=others, own=SELF)

    assert ("overlap", "warning", "trigger.keywords") == (found.code, found.severity, found.path)
    assert all(part in found.message for part in ("'Link please'", str(SELF), str(OTHER)))


def test_the_version_that_is_replaced_is_no_neighbour() -> None:
    """A new version of a campaign doesn't compete with the old one."""
    before = campaign(on_message("link"), number=5)

    assert [] == lint(defined(on_message("link"), THEN), others=[before], own=SELF)


@pytest.mark.parametrize(
    ("how", "size", "count", "code"),
    [("fuzzy", 1000, 5, "fuzzy_limit"), ("regex", 20, 50, "too_many_patterns")],
)
def test_an_account_has_so_many(how: str, size: int, count: int, code: str) -> None:
    """What costs an index its memory is counted over all campaigns; at the limit it passes."""
    others = [
        campaign(
            on_comment(*[f"word{other}x{n}" for n in range(size)], keywords={"how": how}),
            number=other + 20,
        )
        for other in range(count - 1)
    ]

    def codes(own_size: int) -> list[str]:
        words = [f"mine{n}" for n in range(own_size)]
        trigger = on_comment(*words[:size], keywords={"how": how})
        extra = (
            [campaign(on_comment(*words[size:], keywords={"how": how}), number=10)]
            if own_size > size
            else []
        )
        definition = defined(trigger, private_reply("a"))
        return [
            one.code for one in lint(definition, others=others + extra) if one.severity == "error"
        ]

    assert [] == codes(size)
    assert [code] == codes(size + 1)


def test_files_are_judged_by_what_their_server_says() -> None:
    """A picture that is none, or too large, is told; one nobody has looked at is not."""
    definition = defined("message", {"kind": "message", "variants": [PICTURE]})
    url = "https://shop.example/hat.png"

    wrong = lint(definition, media={url: MediaFound("text/html", 9 * 2**20)})

    assert ["steps.0.variants.0.media.url"] * 2 == [one.path for one in wrong]
    assert {"media_refused"} == {one.code for one in wrong}
    assert [] == lint(definition, media={url: MediaFound("image/png", 1000)})


@pytest.mark.parametrize(
    ("openings", "hours_closed"),
    [
        ([("mon", "00:00", "00:00")], 6 * 24),
        ([("mon", "09:00", "17:00")], 6 * 24 + 16),
        (DAILY, 16),
        (WORKDAYS, 64),
        ([("mon", "08:00", "20:00"), ("mon", "09:00", "10:00"), ("thu", "20:00", "00:00")], 80),
        ([(day, "00:00", "00:00") for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")], 0),
    ],
)
def test_the_longest_time_closed(openings: list[tuple[str, str, str]], hours_closed: int) -> None:
    """Over nights, weekends and the end of the week."""
    assert timedelta(hours=hours_closed) == longest_closed(Hours.model_validate(hours(*openings)))


def test_every_code_is_described_and_has_one_severity() -> None:
    """The list is closed: no code without its sentence, none without its name in it."""
    assert set(Code) == set(CODES)
    assert all(about.sentence.endswith(".") and about.source for about in CODES.values())


def test_findings_stand_in_the_order_of_the_definition() -> None:
    """Trigger, conditions, steps; the tenth step behind the second."""
    steps = [text_message("a") for _ in range(11)]
    found = lint(defined("comment", *steps, follower={"follows": True, "when_unknown": "fail"}))

    expected = ["conditions.follower.when_unknown", *(f"steps.{n}" for n in range(11))]
    assert expected == [one.path for one in found]
    assert [None, *range(11)] == [one.step for one in found]
