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
    InboundEvent,
    IntentOption,
    MediaId,
    MessageId,
    MessageReceived,
    PersonId,
    StoryReplied,
    TraceId,
)
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, Campaign
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


def campaign(
    trigger: dict[str, Any], *steps: dict[str, Any], number: int = 1, rank: int = 100
) -> Campaign:
    """Return a live campaign; without steps, one that fits the trigger."""
    first = {
        "comment": [private_reply("Here it is"), public_reply("Sent!")],
        "intent": [private_reply("Here it is"), text_message("Here it is")],
    }.get(trigger["kind"], [text_message("Here it is")])
    definition = {"trigger": trigger, "steps": list(steps) or first}
    return Campaign(
        id=CampaignId(UUID(int=number)),
        version=1,
        rank=rank,
        definition=CAMPAIGN_DEFINITION.validate_python(definition),
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
