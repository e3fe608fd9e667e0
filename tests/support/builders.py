"""Whole, valid values from only what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    Answer,
    CampaignId,
    CommentId,
    CommentWritten,
    Echoed,
    FlowDue,
    FollowerRead,
    InboundEvent,
    IntentOption,
    LinkClicked,
    LiveCommentWritten,
    MediaId,
    MessageId,
    MessageReceived,
    PersonId,
    PostbackTapped,
    QuickReplyTapped,
    Referral,
    Referred,
    StoryMentioned,
    StoryReplied,
    TraceId,
)
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, Campaign
from switchboard.rules.decision import Draft
from switchboard.rules.rulebook import RuleBook, compile_rules

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ACCOUNT = AccountId("17841400000000001")
PERSON = PersonId("1234567890123456")
REEL = MediaId("18000000000000001")

_COMMON: dict[str, Any] = {
    "account_id": ACCOUNT,
    "occurred_at": NOON,
    "received_at": NOON,
    "trace_id": TraceId("0" * 32),
}


def comment(text: str | None = "LINK", **fields: Any) -> CommentWritten:
    """Return a comment by PERSON under REEL."""
    return CommentWritten(
        **_COMMON
        | {"comment_id": CommentId("17900000000000001"), "author_id": PERSON, "media_id": REEL}
        | {"text": text}
        | fields
    )


def message(text: str | None = "price", **fields: Any) -> MessageReceived:
    """Return a direct message from PERSON."""
    return MessageReceived(
        **_COMMON | {"message_id": MessageId("mid.1"), "sender_id": PERSON, "text": text} | fields
    )


def story_reply(text: str | None = "nice", **fields: Any) -> StoryReplied:
    """Return PERSON's answer to a story."""
    return StoryReplied(
        **_COMMON
        | {"message_id": MessageId("mid.2"), "sender_id": PERSON, "text": text}
        | {"story_id": MediaId("18000000000000070")}
        | fields
    )


def live_comment(text: str | None = "LINK", **fields: Any) -> LiveCommentWritten:
    """Return a comment by PERSON during a broadcast."""
    return LiveCommentWritten(
        **_COMMON
        | {"comment_id": CommentId("17900000000000002"), "author_id": PERSON, "media_id": REEL}
        | {"text": text}
        | fields
    )


def story_mention(**fields: Any) -> StoryMentioned:
    """Return PERSON's mention of the account in a story."""
    return StoryMentioned(
        **_COMMON | {"message_id": MessageId("mid.3"), "sender_id": PERSON} | fields
    )


def postback(payload: str, **fields: Any) -> PostbackTapped:
    """Return PERSON's tap on a button with this payload."""
    return PostbackTapped(
        **_COMMON
        | {"message_id": MessageId("mid.4"), "sender_id": PERSON, "payload": payload}
        | fields
    )


def quick_reply(payload: str, text: str = "Yes", **fields: Any) -> QuickReplyTapped:
    """Return PERSON's tap on a chip with this payload."""
    return QuickReplyTapped(
        **_COMMON
        | {"message_id": MessageId("mid.5"), "sender_id": PERSON, "payload": payload}
        | {"text": text}
        | fields
    )


def referred(ref: str | None, **fields: Any) -> Referred:
    """Return PERSON coming back through an `ig.me` link."""
    return Referred(**_COMMON | {"sender_id": PERSON, "referral": Referral(ref=ref)} | fields)


def echo(text: str = "hello", **fields: Any) -> Echoed:
    """Return a message that the account sent to PERSON."""
    return Echoed(
        **_COMMON
        | {"recipient_id": PERSON, "message_id": MessageId("mid.6"), "text": text}
        | fields
    )


def flow_due(timer: Draft, **fields: Any) -> FlowDue:
    """Return what happens when `timer` goes off."""
    moment = {"occurred_at": timer.not_before, "received_at": timer.not_before}
    return FlowDue(
        **_COMMON
        | moment
        | {
            "person_id": PERSON,
            "delivery_id": timer.id,
            "campaign_id": timer.campaign_id,
            "campaign_version": timer.campaign_version,
            "step": int(timer.step.split(".")[0]),
        }
        | fields
    )


def clicked(delivery: Draft, **fields: Any) -> LinkClicked:
    """Return somebody's click on a link of `delivery`."""
    return LinkClicked(
        **_COMMON
        | {"click_id": UUID(int=9), "delivery_id": delivery.id, "url": "https://shop.example/"}
        | fields
    )


def follower_read(event: InboundEvent, *, follows: bool | None, **fields: Any) -> FollowerRead:
    """Return what Meta says of the person behind `event`: whether they follow."""
    because = "not_told" if follows is None else "read"
    said = {"event": event, "follows": follows, "because": because, "answered_at": NOON}
    return FollowerRead.model_validate(said | fields)


def campaign(
    trigger: dict[str, Any],
    *steps: dict[str, Any],
    number: int = 1,
    rank: int = 100,
    version: int = 1,
    conditions: dict[str, Any] | None = None,
    **more: Any,
) -> Campaign:
    """Return a live campaign; without steps, one that fits the trigger."""
    first = {
        "comment": [private_reply("Here it is"), public_reply("Sent!")],
        "intent": [private_reply("Here it is"), text_message("Here it is")],
    }.get(trigger["kind"], [text_message("Here it is")])
    definition = {"trigger": trigger, "steps": list(steps) or first}
    definition |= {"conditions": conditions} if conditions else {}
    return Campaign(
        id=CampaignId(UUID(int=number)),
        version=version,
        rank=rank,
        definition=CAMPAIGN_DEFINITION.validate_python(definition),
        **more,
    )


def on_comment(*include: str, **fields: Any) -> dict[str, Any]:
    """Return a comment trigger for these keywords."""
    keywords = {"include": include, **fields.pop("keywords", {})}
    return {"kind": "comment", "keywords": keywords, **fields}


def on_message(*include: str, **keywords: Any) -> dict[str, Any]:
    """Return a message trigger for these keywords."""
    return {"kind": "message", "keywords": {"include": include, **keywords}}


def private_reply(*texts: str) -> dict[str, Any]:
    """Return a private-reply step with a variant for each text."""
    return {"kind": "private_reply", "variants": [{"text": text} for text in texts]}


def public_reply(*texts: str) -> dict[str, Any]:
    """Return a public-reply step with these variants."""
    return {"kind": "public_reply", "variants": list(texts)}


def text_message(*texts: str) -> dict[str, Any]:
    """Return a message step with a variant for each text."""
    return {"kind": "message", "variants": [{"text": text} for text in texts]}


def rules(*campaigns: Campaign, intents: tuple[str, ...] = ()) -> RuleBook:
    """Return the rule book of these campaigns, and of intents with these names."""
    return compile_rules(7, campaigns, [IntentOption(name=name) for name in intents])


def answer(event: InboundEvent, intent: str | None) -> Answer:
    """Return the classifier's answer about `event`."""
    return Answer(
        event=event,
        intent=intent,
        because="recognised" if intent else "none_fits",
        by="model",
        intents_version=7,
        answered_at=NOON,
    )
