"""
What an event means within a conversation that is going on.

A tap on a button of ours leads where the button says, for ever: it names its campaign, version and
step. A text answers the question that was asked last. A timer goes on with the flow that set it,
if that flow still waits for it. A click on a link counts as the tap a follow-up waits for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from switchboard.contracts import (
    FlowDue,
    FollowerRead,
    InboundEvent,
    LinkClicked,
    MessageReceived,
    PersonId,
    PostbackTapped,
    QuickReplyTapped,
)
from switchboard.rules import asking, flow
from switchboard.rules.campaigns import Ask, Campaign, FollowUp
from switchboard.rules.contact import Contact, Flow, Origin
from switchboard.rules.decision import Because
from switchboard.rules.drafts import WINDOW
from switchboard.rules.flow import Ran, Start
from switchboard.rules.payloads import ToCampaign, ToStep, read_payload
from switchboard.rules.rulebook import RuleBook

OVER: Final = "flow_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Where the conversation goes on: what was run, from which step of which campaign, and why."""

    campaign: Campaign
    step: int
    because: Because
    ran: Ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """An event and what may be known about its conversation."""

    event: InboundEvent
    person_id: PersonId | None
    contact: Contact
    rules: RuleBook
    now: datetime
    follower: FollowerRead | None
    origin: Origin | None

    def start(self, campaign: Campaign) -> Start:
        """Return what `campaign`'s steps are run with, from now on."""
        return Start(
            campaign=campaign,
            event=self.event,
            person_id=self.person_id,
            contact=self.contact,
            now=self.now,
            base=self.now,
            delay=self.rules.settings.delay,
            follower=self.follower,
        )


def going_on(talk: Talk) -> Going | None:
    """Return how the conversation goes on with the event, if the event belongs to one."""
    match talk.event:
        case PostbackTapped():
            return _tapped(talk, talk.event.payload)
        case QuickReplyTapped():
            return _answered_by_chip(talk, talk.event) or _tapped(talk, talk.event.payload)
        case FlowDue():
            return _due(talk, talk.event)
        case LinkClicked():
            return _clicked(talk)
        case _:
            return None


def belongs(event: InboundEvent) -> bool:
    """Whether the event can only go on with a conversation, and sets off nothing of its own."""
    if isinstance(event, FlowDue | LinkClicked):
        return True
    return (
        isinstance(event, PostbackTapped | QuickReplyTapped)
        and read_payload(event.payload) is not None
    )


def asked(talk: Talk) -> tuple[Flow, Campaign, Ask] | None:
    """
    Return the question that the event may be the answer to: the last one asked.

    What was written before it was asked is no answer to it, whenever it arrives; nor is what is
    written after the window of that day has closed.
    """
    if not isinstance(talk.event, MessageReceived | QuickReplyTapped):
        return None
    for one in sorted(talk.contact.flows, key=lambda f: (f.since, f.campaign_id), reverse=True):
        campaign = talk.rules.published(one.campaign_id, one.version)
        step = _step(campaign, one.step)
        in_time = one.since < talk.event.began_at < one.since + WINDOW
        if one.awaits == "answer" and in_time and campaign and isinstance(step, Ask):
            return one, campaign, step
    return None


def answer(talk: Talk, question: tuple[Flow, Campaign, Ask]) -> Going | None:
    """Return how it goes on if the event's text is a valid answer; `None` if it is not."""
    waiting, campaign, step = question
    given = asking.read_answer(step, getattr(talk.event, "text", None) or "")
    if given is None:
        return None
    kept = replace(talk, contact=_with_answer(talk.contact, step, given))
    ran = flow.run(kept.start(campaign), waiting.step + 1)
    return Going(campaign=campaign, step=waiting.step, because="answer_given", ran=ran)


def not_an_answer(talk: Talk, question: tuple[Flow, Campaign, Ask]) -> Going:
    """Return how it goes on after an answer that will not do: asked again, or given up."""
    waiting, campaign, step = question
    tries = waiting.tries + 1
    start = talk.start(campaign)
    if tries < step.attempts:
        ran = flow.ask_again(start, waiting.step, tries=tries)
    elif step.otherwise == "continue":
        ran = flow.run(start, waiting.step + 1)
    else:
        ran = Ran((), flow.without_flow(talk.contact, campaign.id), "answer_missing")
    return Going(campaign=campaign, step=waiting.step, because="answer_given", ran=ran)


def _answered_by_chip(talk: Talk, event: QuickReplyTapped) -> Going | None:
    """Return how it goes on where the chip under a question gave the person's own address."""
    question = asked(talk)
    leads = read_payload(event.payload)
    if question is None or not isinstance(leads, ToStep):
        return None
    waiting = question[0]
    if (leads.campaign_id, leads.step) != (waiting.campaign_id, waiting.step):
        return None
    return answer(talk, question) or not_an_answer(talk, question)


def _tapped(talk: Talk, payload: str) -> Going | None:
    match read_payload(payload):
        case ToStep(campaign_id, version, step):
            campaign = talk.rules.published(campaign_id, version)
            position = step
        case ToCampaign(campaign_id):
            campaign, position = talk.rules.live(campaign_id), 0
        case _:
            return None
    if campaign is None or _step(campaign, position) is None:
        return None
    ran = flow.run(talk.start(campaign), position)
    return Going(campaign=campaign, step=position, because="tap", ran=ran)


def _due(talk: Talk, event: FlowDue) -> Going | None:
    waiting = next((one for one in talk.contact.flows if one.timer == event.delivery_id), None)
    campaign = talk.rules.published(event.campaign_id, event.campaign_version)
    step = _step(campaign, event.step)
    if waiting is None or campaign is None or step is None:
        return None
    start = talk.start(campaign)
    if isinstance(step, FollowUp):
        ran, position = flow.follow_up(start, event.step), event.step
    else:
        ran, position = flow.run(start, event.step + 1), event.step + 1
    return Going(campaign=campaign, step=position, because="time", ran=ran)


def _clicked(talk: Talk) -> Going | None:
    """Return how it goes on after a click, if a follow-up would have asked about it."""
    known = talk.origin or talk.follower  # the latter, where a gate has asked meanwhile
    if known is None:
        return None
    waiting = next(
        (one for one in talk.contact.flows if one.campaign_id == known.campaign_id), None
    )
    if waiting is None or waiting.awaits != "tap" or waiting.timer is None:
        return None
    campaign = talk.rules.published(waiting.campaign_id, waiting.version)
    if campaign is None or not isinstance(_step(campaign, waiting.step), FollowUp):
        return None
    ran = flow.tapped_past(talk.start(campaign), waiting.step)
    return Going(campaign=campaign, step=waiting.step, because="clicked", ran=ran)


def _with_answer(contact: Contact, step: Ask, given: str) -> Contact:
    match step.what:
        case "email":
            return replace(contact, email=given)
        case "phone":
            return replace(contact, phone=given)
        case _:
            fields = dict(contact.fields) | {step.field or "": given}
            return replace(contact, fields=dict(sorted(fields.items())))


def _step(campaign: Campaign | None, position: int) -> object | None:
    if campaign is None or not 0 <= position < len(campaign.definition.steps):
        return None
    return campaign.definition.steps[position]
