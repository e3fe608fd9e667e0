"""The linter walks campaigns as they run: what it says will be said is what running them says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings

from switchboard.contracts import CampaignId, InboundEvent
from switchboard.rules import flow
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.contact import STRANGER, Contact
from switchboard.rules.decision import Draft
from switchboard.rules.drafts import window_until
from switchboard.rules.flow import Ran, Start
from switchboard.rules.linter import CODES, lint
from switchboard.rules.linter.walking import walk
from switchboard.rules.linter.windows import starts
from switchboard.rules.payloads import ToStep, read_payload
from switchboard.rules.publishing import read_definition
from tests.support.builders import (
    NOON,
    PERSON,
    comment,
    flow_due,
    follower_read,
    live_comment,
    message,
    postback,
    quick_reply,
    story_mention,
    story_reply,
)
from tests.support.campaigns import definitions

BEGINNINGS: dict[str, list[InboundEvent]] = {
    "comment": [comment()],
    "live_comment": [live_comment()],
    "message": [message()],
    "story_reply": [story_reply()],
    "story_mention": [story_mention()],
    "postback": [postback("FAQ")],
    "quick_reply": [quick_reply("FAQ")],
    "intent": [comment(), message()],
}


class Running:
    """Runs a campaign along every way: taps what is sent, answers, lets time pass."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.campaign = Campaign(
            id=CampaignId(UUID(int=1)), version=1, rank=1, definition=definition
        )
        self.drafts: list[Draft] = []
        self.stopped: set[str | None] = set()
        self._begun: set[int] = set()

    def from_(self, event: InboundEvent, position: int, now: datetime, contact: Contact) -> None:
        for follows in (True, False):
            self._went(flow.run(self._start(event, now, contact, follows=follows), position), now)

    def _went(self, ran: Ran, now: datetime) -> None:
        self.drafts += ran.drafts
        self.stopped.add(ran.stopped)
        for kept in ran.contact.flows:
            timer = next((one for one in ran.drafts if one.id == kept.timer), None)
            if timer is not None:
                self._time_passed(timer, kept.step, kept.awaits == "time", ran.contact)
            elif kept.awaits == "answer":
                self._new(message("an answer"), kept.step + 1, now)
        for payload in _payloads(ran.drafts):
            leads = read_payload(payload)
            if isinstance(leads, ToStep):
                self._new(postback(payload), leads.step, now)

    def _time_passed(self, timer: Draft, step: int, waited: bool, contact: Contact) -> None:  # noqa: FBT001
        now = timer.not_before
        due = flow_due(timer, campaign_id=self.campaign.id, step=step)
        for follows in (True, False):
            start = self._start(due, now, contact, follows=follows)
            ran = flow.run(start, step + 1) if waited else flow.follow_up(start, step)
            self._went(ran, now)

    def _new(self, event: InboundEvent, position: int, now: datetime) -> None:
        if position not in self._begun:
            self._begun.add(position)
            moved: Any = event.model_copy(update={"occurred_at": now, "received_at": now})
            self.from_(moved, position, now, STRANGER)

    def _start(
        self, event: InboundEvent, now: datetime, contact: Contact, *, follows: bool
    ) -> Start:
        return Start(
            campaign=self.campaign,
            event=event,
            person_id=PERSON,
            contact=replace(contact, window_closes_at=window_until(event, contact)),
            now=now,
            base=now,
            follower=follower_read(event, follows=follows),
        )


def _payloads(drafts: tuple[Draft, ...]) -> Iterator[str]:
    for draft in drafts:
        for one in (*draft.content.get("buttons", ()), *draft.content.get("quick_replies", ())):
            if "payload" in one:
                yield one["payload"]


def with_one_variant(definition: CampaignDefinition) -> CampaignDefinition:
    """Return the campaign without chance in it, and without hours."""
    raw = definition.model_dump(mode="json")
    for step in raw["steps"]:
        if "variants" in step:
            step["variants"] = step["variants"][:1]
    return read_definition(raw | {"conditions": {}})


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(definitions().map(with_one_variant))
def test_what_the_linter_lets_pass_runs_as_it_says(definition: CampaignDefinition) -> None:
    """Each step that is said can be, in time; and no other is."""
    assume(definition.trigger.kind in BEGINNINGS)
    assume(not any(CODES[one.code].severity == "error" for one in lint(definition)))
    running = Running(definition)
    for event in BEGINNINGS[definition.trigger.kind]:
        running.from_(event, 0, NOON, STRANGER)
    said = {
        int(one.step.split(".")[0])
        for one in running.drafts
        if one.kind in {"public_reply", "private_reply", "message"}
    }

    walks = [
        walk(definition, one) for one in starts(definition.trigger.kind, definition.conditions)
    ]
    foreseen = frozenset[int]().union(*(walked.said for walked in walks))
    # Who has come through one gate comes through the next, unless they unfollow on the way.
    gates = {at for at, step in enumerate(definition.steps) if step.kind == "follow_gate"}
    assert foreseen - gates == said - gates
    assert said <= foreseen
    assert "no_window" not in running.stopped
    assert all(one.not_before + timedelta(minutes=5) <= one.deadline for one in running.drafts)
