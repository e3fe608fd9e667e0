"""
What travels between the services.

Every message is one of these models as JSON, tagged with its kind and version
(`"kind": "comment.v1"`). Readers ignore fields they do not know, so during a deploy an old router
reads what a new ingress wrote. A change that is not additive is a new `kind`, and both are read
until the old messages are gone. `tests/contracts/golden` holds one file for each kind, kept for
ever: what was once written must always be readable.

Ids are text, each kind its own type: Meta's ids exceed 2^53, and an account is not a person.
"""

from switchboard.contracts.base import Contract
from switchboard.contracts.deliveries import DELIVERY_DUE, DeliveryDue
from switchboard.contracts.events import (
    INBOUND_EVENT,
    Attachment,
    Comment,
    CommentWritten,
    Echoed,
    Event,
    EventNotUnderstood,
    FlowDue,
    InboundEvent,
    LinkClicked,
    LiveCommentWritten,
    Mentioned,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSeen,
    OptedIn,
    PostbackTapped,
    QuickReplyTapped,
    Reacted,
    Referral,
    Referred,
    StoryMentioned,
    StoryReplied,
    ThreadControlChanged,
    WebhookUnreadable,
)
from switchboard.contracts.ids import (
    AccountId,
    AttachmentId,
    CampaignId,
    CommentId,
    DeliveryId,
    EventId,
    MediaId,
    MessageId,
    PersonId,
    TraceId,
    WorkspaceId,
)
from switchboard.contracts.questions import (
    ANSWER,
    QUESTION,
    Answer,
    AnyAnswer,
    FollowerRead,
    IntentOption,
    PostsRead,
    PublishedPost,
    Question,
)

__all__ = [
    "ANSWER",
    "DELIVERY_DUE",
    "INBOUND_EVENT",
    "QUESTION",
    "AccountId",
    "Answer",
    "AnyAnswer",
    "Attachment",
    "AttachmentId",
    "CampaignId",
    "Comment",
    "CommentId",
    "CommentWritten",
    "Contract",
    "DeliveryDue",
    "DeliveryId",
    "Echoed",
    "Event",
    "EventId",
    "EventNotUnderstood",
    "FlowDue",
    "FollowerRead",
    "InboundEvent",
    "IntentOption",
    "LinkClicked",
    "LiveCommentWritten",
    "MediaId",
    "Mentioned",
    "MessageDeleted",
    "MessageEdited",
    "MessageId",
    "MessageReceived",
    "MessageSeen",
    "OptedIn",
    "PersonId",
    "PostbackTapped",
    "PostsRead",
    "PublishedPost",
    "Question",
    "QuickReplyTapped",
    "Reacted",
    "Referral",
    "Referred",
    "StoryMentioned",
    "StoryReplied",
    "ThreadControlChanged",
    "TraceId",
    "WebhookUnreadable",
    "WorkspaceId",
]
