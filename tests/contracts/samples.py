"""
One whole value of every contract: what the golden file of its kind must parse to.

A sample may gain a field when its contract does; the files under `golden` are what was really
written once, and are never edited.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    Answer,
    Attachment,
    CampaignId,
    CommentId,
    CommentWritten,
    Contract,
    DeliveryDue,
    DeliveryId,
    Echoed,
    EventNotUnderstood,
    FlowDue,
    FollowerRead,
    IntentOption,
    LinkClicked,
    LiveCommentWritten,
    MediaId,
    Mentioned,
    MessageDeleted,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageSeen,
    OptedIn,
    PersonId,
    PostbackTapped,
    PostsRead,
    PublishedPost,
    Question,
    QuickReplyTapped,
    Reacted,
    Referral,
    Referred,
    StoryMentioned,
    StoryReplied,
    ThreadControlChanged,
    TraceId,
    WebhookUnreadable,
)

ACCOUNT: Final = AccountId("17841400000000123")
PERSON: Final = PersonId("987654321098765432109")
COMMENT: Final = CommentId("17858893269000001")
MEDIA: Final = MediaId("17920000000000042")
MID: Final = MessageId("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMTIz")
REPLIED_TO: Final = MessageId("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjk5")
STORY: Final = MediaId("18010000000000007")
TRACE: Final = TraceId("4bf92f3577b34da6a3ce929d0e0e4736")
OCCURRED: Final = datetime(2026, 11, 2, 9, 30, 15, 250_000, tzinfo=UTC)
RECEIVED: Final = datetime(2026, 11, 2, 9, 30, 16, 1_002, tzinfo=UTC)

_EVENT: Final[dict[str, Any]] = {
    "account_id": ACCOUNT,
    "occurred_at": OCCURRED,
    "received_at": RECEIVED,
    "trace_id": TRACE,
}
_COMMENT: Final = _EVENT | {
    "comment_id": COMMENT,
    "author_id": PERSON,
    "author_username": "zoë.writes",
    "text": "LINK bitte 🔗\n“sofort”",
    "media_id": MEDIA,
    "media_product_type": "REELS",
}
_PERSON: Final = _EVENT | {"sender_id": PERSON}
_MESSAGE: Final = _PERSON | {"message_id": MID, "text": "ціна? 🙂"}
_REFERRAL: Final = Referral(
    ref="spring-sale", source="ADS", type="OPEN_THREAD", ad_id="6045246247433", ad_title="Spring"
)
_PICTURE: Final = Attachment(
    type="share", url="https://lookaside.fbsbx.com/ig/1?a=b&c=d", media_id=MEDIA, title="A post"
)

COMMENT_WRITTEN: Final = CommentWritten(
    **_COMMENT
    | {"parent_id": CommentId("17858893269000000"), "original_media_id": MediaId("179100")}
    | {"ad_id": "6045246247433", "ad_title": "Spring"}
)

ANSWERED: Final = Answer(
    event=COMMENT_WRITTEN,
    intent="price",
    because="recognised",
    by="model",
    confidence=0.875,
    model="qwen2.5:3b",
    intents_version=12,
    answered_at=datetime(2026, 11, 2, 9, 30, 17, tzinfo=UTC),
)

SAMPLES: Final[tuple[Contract, ...]] = (
    COMMENT_WRITTEN,
    LiveCommentWritten(**_COMMENT | {"media_product_type": "LIVE", "own": True}),
    Mentioned(**_EVENT, media_id=MEDIA, comment_id=COMMENT),
    MessageReceived(
        **_MESSAGE, attachments=(_PICTURE,), reply_to=REPLIED_TO, referral=_REFERRAL, standby=True
    ),
    StoryReplied(
        **_MESSAGE,
        story_id=STORY,
        story_url="https://lookaside.fbsbx.com/ig/story",
        link_sticker_url="https://shop.example/spring",
    ),
    StoryMentioned(**_MESSAGE | {"text": None}, story_url="https://lookaside.fbsbx.com/ig/tag"),
    QuickReplyTapped(**_MESSAGE | {"text": "Sizes"}, payload="flow:7:sizes"),
    PostbackTapped(
        **_PERSON,
        message_id=MID,
        title="Get started",
        payload="flow:7:start",
        referral=_REFERRAL,
        self_message=True,
    ),
    Referred(**_PERSON, referral=_REFERRAL),
    Reacted(**_PERSON, message_id=MID, action="react", reaction="love", emoji="❤️"),
    MessageSeen(**_PERSON, message_id=MID),
    MessageEdited(**_PERSON, message_id=MID, text="ціни?", num_edit="2"),
    MessageDeleted(**_PERSON, message_id=MID),
    Echoed(
        **_EVENT,
        recipient_id=PERSON,
        message_id=MID,
        text="Here it is",
        attachments=(_PICTURE,),
        app_id="1217981644879628",
        metadata="d:1",
    ),
    ThreadControlChanged(
        **_PERSON,
        action="pass",
        previous_owner_app_id="1217981644879628",
        new_owner_app_id="263902037430900",
        metadata="over to a person",
    ),
    OptedIn(**_PERSON, type="notification_messages", payload="news", raw='{"type":"x"}'),
    LinkClicked(
        **_EVENT,
        click_id=UUID("018f7d9e-6c1a-7000-8000-000000000001"),
        delivery_id=UUID("3d5c1f5e-3a77-5d0c-9d35-000000000002"),
        url="https://shop.example/spring?a=b",
    ),
    FlowDue(
        **_EVENT,
        person_id=PERSON,
        delivery_id=DeliveryId(UUID("3d5c1f5e-3a77-5d0c-9d35-000000000003")),
        campaign_id=CampaignId(UUID("3d5c1f5e-3a77-4d0c-9d35-000000000004")),
        campaign_version=3,
        step=2,
    ),
    EventNotUnderstood(**_EVENT, what="changes.story_insights", raw='{"field":"story_insights"}'),
    WebhookUnreadable(
        **_EVENT | {"account_id": AccountId("")},
        because="not JSON",
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        part=1,
        parts=2,
        body_base64="eyJvYmplY3Qi",
    ),
    Question(
        event=COMMENT_WRITTEN,
        text="LINK bitte",
        intents=(
            IntentOption(name="price", description="Asks what it costs", examples=("how much?",)),
            IntentOption(name="sizes"),
        ),
        intents_version=12,
        asked_at=RECEIVED,
        answer_by=datetime(2026, 11, 2, 9, 31, 15, 250_000, tzinfo=UTC),
    ),
    ANSWERED,
    FollowerRead(
        event=COMMENT_WRITTEN,
        follows=True,
        earlier=ANSWERED,
        because="read",
        answered_at=datetime(2026, 11, 2, 9, 30, 18, tzinfo=UTC),
    ),
    PostsRead(
        event=COMMENT_WRITTEN,
        posts=(PublishedPost(media_id=MEDIA, posted_at=OCCURRED),),
        because="read",
        answered_at=datetime(2026, 11, 2, 9, 30, 18, tzinfo=UTC),
    ),
    DeliveryDue(
        delivery_id=DeliveryId(UUID("3d5c1f5e-3a77-5d0c-9d35-000000000002")),
        account_id=ACCOUNT,
        trace_id=TRACE,
    ),
)


def kind_of(contract: Contract) -> str:
    """Return the tag a contract travels under."""
    return str(contract.model_dump()["kind"])
