"""The linter against the simulator, whose rules are another's reading of Meta's pages."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, assume, given, settings

from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, CampaignDefinition
from switchboard.rules.linter import CODES, Code, lint
from tests.support.builders import private_reply, public_reply, text_message
from tests.support.campaigns import definitions
from tests.support.playing import Refusal, play
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


class Stage:
    """A simulator, and a loop of its own to play at it from tests that are not async."""

    def __init__(self, runner: asyncio.Runner, http: ClientSession) -> None:
        self._runner, self._http = runner, http

    def play(self, definition: CampaignDefinition) -> list[Refusal]:
        return self._runner.run(play(self._http, definition))


@pytest.fixture
def stage() -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        opened = _simulator()
        http = runner.run(anext(opened))
        yield Stage(runner, http)
        runner.run(opened.aclose())


async def _simulator() -> AsyncGenerator[ClientSession]:
    told = Settings(app_id="1000000000000001", app_secret="secret", verify_token="token")
    async with TestServer(create_app(told)) as server, ClientSession(server.make_url("/")) as http:
        yield http


# What the simulator says to each thing the linter forbids. It fetches no files, so it cannot refuse
# what is in them.
SAID: dict[Code, set[str]] = {
    Code.SECOND_PRIVATE_REPLY: {"100/2534025"},
    Code.MESSAGE_WITHOUT_WINDOW: {"10/2534022"},
    Code.PRIVATE_REPLY_WITHOUT_COMMENT: {"100/33"},
    Code.PUBLIC_REPLY_WITHOUT_COMMENT: {"100/33"},
    Code.PUBLIC_REPLY_ON_LIVE: {"100"},
    Code.MEDIA_IN_PRIVATE_REPLY: {"100"},
    Code.QUICK_REPLIES_IN_FIRST_DM: {"tap"},
    Code.WAIT_OUTLIVES_WINDOW: {"10/2534022"},
    Code.WAIT_OUTLIVES_COMMENT: {"100/2534025"},
    Code.FOLLOW_UP_WITHOUT_WINDOW: {"10/2534022"},
    Code.FOLLOW_UP_OUTLIVES_WINDOW: {"10/2534022"},
    Code.GATE_WITHOUT_CONSENT: {"230"},
    Code.HOURS_OUTLIVE_WINDOW: {"10/2534022", "100/2534025"},
}


def refusals_foreseen(definition: CampaignDefinition) -> set[Code]:
    """Return the codes of what the linter says that Meta would refuse."""
    return {one.code for one in lint(definition) if CODES[one.code].sort == "refused"}


def test_what_passes_is_never_refused_and_what_is_forbidden_is(stage: Stage) -> None:
    """Of any campaign the linter foresees refusals if and only if playing it meets one."""
    seen = Counter[str]()

    @settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=QUIET)
    @given(definitions())
    def judged(definition: CampaignDefinition) -> None:
        found = lint(definition)
        assume(Code.VARIANTS_WAIT_DIFFERENTLY not in {one.code for one in found})
        foreseen = refusals_foreseen(definition)
        refused = stage.play(definition)
        seen.update(foreseen or ["none"])

        assert bool(foreseen) == bool(refused)
        if refused:  # what comes after may follow from it
            assert refused[0].said in set[str]().union(*(SAID[code] for code in foreseen))

    judged()
    assert seen["none"] > 100
    assert len(seen) > 8


REPLY: dict[str, Any] = private_reply("Here it is")
LEADING = {"text": "Tap", "buttons": [{"kind": "step", "title": "Go on", "step": "then"}]}
OFFER: dict[str, Any] = {"kind": "private_reply", "variants": [LEADING]}
ONCE_A_WEEK = [{"day": "mon", "opens": "09:00", "closes": "17:00"}]


def waiting(hours: int) -> dict[str, Any]:
    return {"kind": "wait", "duration": f"PT{hours}H"}


def chasing(hours: int) -> dict[str, Any]:
    return {"kind": "follow_up", "after": f"PT{hours}H", "variants": [{"text": "Still there?"}]}


GATE = {
    "kind": "follow_gate",
    "variants": ["Follow us"],
    "button_title": "Done",
    "when_unknown": "ask",
}
SHOWN = {"media": {"kind": "image", "url": "https://shop.example/hat.png"}}
CHIPS = {"text": "Tap", "quick_replies": LEADING["buttons"]}
THEN: dict[str, Any] = {"id": "then", **text_message("Here it is")}
THEN_ELSE: dict[str, Any] = text_message("Here it is")
TAPPABLE: dict[str, Any] = {"kind": "message", "variants": [LEADING]}


@pytest.mark.parametrize(
    ("code", "trigger", "steps"),
    [
        (Code.SECOND_PRIVATE_REPLY, "comment", [REPLY, REPLY]),
        (Code.MESSAGE_WITHOUT_WINDOW, "comment", [REPLY, THEN]),
        (Code.MESSAGE_WITHOUT_WINDOW, "comment", [THEN]),
        (Code.PRIVATE_REPLY_WITHOUT_COMMENT, "message", [REPLY]),
        (Code.PUBLIC_REPLY_WITHOUT_COMMENT, "message", [public_reply("a", "b")]),
        (
            Code.PUBLIC_REPLY_WITHOUT_COMMENT,
            "comment",
            [OFFER, {"id": "then", **public_reply("a", "b")}],
        ),
        (Code.PUBLIC_REPLY_ON_LIVE, "live_comment", [public_reply("a", "b"), REPLY]),
        (
            Code.MEDIA_IN_PRIVATE_REPLY,
            "comment",
            [{"kind": "private_reply", "variants": [{"text": "a"}, SHOWN]}],
        ),
        (
            Code.QUICK_REPLIES_IN_FIRST_DM,
            "comment",
            [{"kind": "private_reply", "variants": [CHIPS]}, THEN],
        ),
        (Code.WAIT_OUTLIVES_WINDOW, "message", [waiting(12), waiting(12), THEN]),
        (Code.WAIT_OUTLIVES_WINDOW, "comment", [OFFER, {**waiting(24), "id": "then"}, THEN_ELSE]),
        (Code.WAIT_OUTLIVES_COMMENT, "comment", [waiting(7 * 24), REPLY]),
        (Code.WAIT_OUTLIVES_COMMENT, "live_comment", [waiting(4), REPLY]),
        (Code.FOLLOW_UP_WITHOUT_WINDOW, "comment", [OFFER, chasing(1), THEN]),
        (Code.FOLLOW_UP_OUTLIVES_WINDOW, "message", [TAPPABLE, chasing(24), THEN]),
        (Code.GATE_WITHOUT_CONSENT, "comment", [GATE, THEN]),
        (Code.HOURS_OUTLIVE_WINDOW, "message", [THEN]),
    ],
)
def test_what_is_forbidden_is_refused(
    stage: Stage, code: Code, trigger: str, steps: list[dict[str, Any]]
) -> None:
    """Each thing the linter forbids, alone in a campaign, meets the refusal it stands for."""
    hours = {"hours": {"open": ONCE_A_WEEK, "outside": "wait"}}
    conditions = hours if code is Code.HOURS_OUTLIVE_WINDOW else {}
    raw = {"trigger": {"kind": trigger}, "conditions": conditions, "steps": steps}
    definition = CAMPAIGN_DEFINITION.validate_python(raw)

    assert {code} == refusals_foreseen(definition)
    assert {one.said for one in stage.play(definition)} <= SAID[code]
    assert stage.play(definition)


def test_every_refusal_is_tried() -> None:
    """No code stands for a refusal of Meta's that nobody has met here."""
    refused = {code for code, about in CODES.items() if about.sort == "refused"}

    assert {Code.MEDIA_REFUSED} == refused - SAID.keys()
