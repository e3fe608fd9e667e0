"""
Campaigns as hypothesis makes them up: any that make sense in themselves, sound or not.

Times are whole hours, so that no sum of them falls into the minutes the linter keeps as a margin.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, CampaignDefinition

Raw = dict[str, Any]

_COMMENTS = ("comment", "live_comment")
_TRIGGERS = (
    *("comment", "comment", "comment", "live_comment", "intent", "unrecognised", "message"),
    *("story_reply", "story_mention", "postback", "quick_reply", "referral"),
)
_KINDS = (
    *("public_reply", "private_reply", "message", "ask", "follow_gate", "wait", "follow_up"),
    *("tag", "handover", "webhook"),
)
_HOURS = (1, 2, 3, 5, 11, 12, 23, 24, 30, 7 * 24)
_OPENINGS: tuple[list[Raw], ...] = (
    [{"day": "mon", "opens": "09:00", "closes": "17:00"}],
    [
        {"day": day, "opens": "08:00", "closes": "20:00"}
        for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    ],
    [{"day": "mon", "opens": "00:00", "closes": "00:00"}],
)
_LINK = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}


def definitions() -> st.SearchStrategy[CampaignDefinition]:
    """Campaigns of any kind: half of them put together by somebody who knows what follows what."""
    return (_raw(careful=True) | _raw(careful=False)).map(CAMPAIGN_DEFINITION.validate_python)


@st.composite
def _raw(draw: st.DrawFn, *, careful: bool) -> Raw:
    trigger = draw(st.sampled_from(_TRIGGERS))
    size = draw(st.integers(1, 6))
    names = [f"s{number}" for number in range(size)]
    steps: list[Raw] = []
    for number, name in enumerate(names):
        kind = draw(st.sampled_from(_fitting(trigger, steps) if careful else _KINDS))
        if kind == "follow_up" and not (steps and _can_be_tapped(steps[-1])):
            kind = "tag"
        further = names[number + 1 :] if careful else names
        steps.append({"id": name, **draw(_step(kind, further, careful=careful))})
    return {
        "trigger": {"kind": trigger, **({"intent": "price"} if trigger == "intent" else {})},
        "conditions": draw(_conditions()),
        "steps": steps,
    }


def _fitting(trigger: str, earlier: list[Raw]) -> tuple[str, ...]:
    """Return the kinds of step that one would think of there."""
    has_replied = any(step["kind"] in {"private_reply", "ask"} for step in earlier)
    if trigger in _COMMENTS and not has_replied:
        public = "public_reply" if trigger == "comment" else "tag"
        return ("private_reply", "private_reply", "ask", "wait", public)
    if trigger in {"intent", "unrecognised"} and not has_replied:
        return ("private_reply", "ask")
    return ("message", "message", "ask", "follow_gate", "wait", "follow_up", "tag", "handover")


def _can_be_tapped(step: Raw) -> bool:
    if step["kind"] == "follow_up":
        return True
    taps = [
        isinstance(one, dict) and ("buttons" in one or "quick_replies" in one)
        for one in step.get("variants", ())
    ]
    return bool(taps) and all(taps)


def _conditions() -> st.SearchStrategy[Raw]:
    outside = st.sampled_from(["skip", "wait"])
    hours = st.builds(
        lambda opening, outside: {"hours": {"open": opening, "outside": outside}},
        st.sampled_from(_OPENINGS),
        outside,
    )
    return st.just({}) | st.just({}) | hours


def _step(kind: str, further: list[str], *, careful: bool) -> st.SearchStrategy[Raw]:
    made = {
        "public_reply": st.just({"variants": ["Sent!", "Look at your messages"]}),
        "private_reply": _said(further, chips=True, media=not careful, leads=careful),
        "message": _said(further, chips=True, media=True),
        "follow_up": _said(further, chips=True, media=True),
        "ask": st.just({"what": "email", "variants": [{"text": "Your e-mail?"}], "retry": ["Hm?"]}),
        "follow_gate": st.just(
            {"variants": ["Follow us first"], "button_title": "I do", "when_unknown": "ask"}
        ),
        "wait": st.builds(lambda hours: {"duration": hours * 3600}, st.sampled_from(_HOURS)),
        "tag": st.just({"add": ["asked"]}),
        "handover": st.just({}),
        "webhook": st.just({"url": "https://shop.example/hook"}),
    }[kind]
    after = st.sampled_from(_HOURS).map(lambda hours: {"after": hours * 3600})
    if kind == "follow_up":
        made = st.builds(lambda said, due: said | due, made, after)
    return made.map(lambda fields: {"kind": kind, **fields})


def _said(
    further: list[str], *, chips: bool, media: bool, leads: bool = False
) -> st.SearchStrategy[Raw]:
    """One or two variants; they agree, mostly, on whether they lead further."""
    leading = _leading(further, chips=chips)
    plain = _plain(media=media)
    if leads and further:
        return st.lists(leading, min_size=1, max_size=2).map(lambda said: {"variants": said})
    kinds = [plain] if not further else [plain, leading]
    return (
        st.sampled_from(kinds)
        .flatmap(lambda kind: st.lists(kind, min_size=1, max_size=2))
        .map(lambda said: {"variants": said})
    )


def _plain(*, media: bool) -> st.SearchStrategy[Raw]:
    files = [
        {"media": {"kind": "image", "url": "https://shop.example/hat.png"}},
        {"media": {"kind": "video", "url": "https://shop.example/hat.mp4"}},
        {"media": {"kind": "post", "media_id": "18000000000000001"}},
    ]
    texts: list[Raw] = [{"text": "Here it is"}, {"text": "Look", "buttons": [_LINK]}]
    return st.sampled_from(texts + files if media else texts)


def _leading(further: list[str], *, chips: bool) -> st.SearchStrategy[Raw]:
    if not further:
        return st.just({"text": "Here it is"})
    lead = st.sampled_from(further).map(lambda to: {"kind": "step", "title": "Go on", "step": to})
    buttons = st.lists(lead | st.just(_LINK), max_size=2)
    under = st.builds(lambda one, more: {"buttons": [one, *more]}, lead, buttons)
    several = st.lists(lead, min_size=1, max_size=3).map(lambda some: {"quick_replies": some})
    return (under | several if chips else under).map(lambda below: {"text": "Tap", **below})
