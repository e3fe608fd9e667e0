"""What sets a campaign off: one class for each kind of thing a person can do."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from switchboard.contracts.ids import MediaId
from switchboard.rules.campaigns.base import Rule
from switchboard.rules.campaigns.keywords import Keywords
from switchboard.rules.campaigns.unsure import WhenUnsure

Named = Annotated[tuple[MediaId, ...], Field(min_length=1)]
Payloads = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...], Field(min_length=1)
]


class CommentTrigger(Rule):
    """
    A comment: under one of `media_ids`, under the next post, or under any. Ads count as the post
    behind them.

    `next_post` is the first post published after this version of the campaign was. Without
    `keywords` any comment will do, also one without text. Answers people give each other under a
    comment set nothing off unless `include_replies`.
    """

    kind: Literal["comment"] = "comment"
    media_ids: Named | None = None
    next_post: bool = False
    keywords: Keywords | None = None
    include_replies: bool = False

    @model_validator(mode="after")
    def _names_posts_in_one_way(self) -> Self:
        if self.next_post and self.media_ids is not None:
            raise ValueError("next_post: the posts are named in media_ids already")
        return self


class LiveCommentTrigger(Rule):
    """A comment during a broadcast; any, or one with a keyword."""

    kind: Literal["live_comment"] = "live_comment"
    keywords: Keywords | None = None


class MessageTrigger(Rule):
    """
    A direct message with a keyword.

    Without `keywords` any message will do, and then it is what is left: campaigns with a keyword
    and intents come first.
    """

    kind: Literal["message"] = "message"
    keywords: Keywords | None = None


class StoryReplyTrigger(Rule):
    """An answer to a story: to one of `media_ids`, or to any; any text, or a keyword."""

    kind: Literal["story_reply"] = "story_reply"
    media_ids: Named | None = None
    keywords: Keywords | None = None


class StoryMentionTrigger(Rule):
    """Somebody tagged the account in their story."""

    kind: Literal["story_mention"] = "story_mention"


class PostbackTrigger(Rule):
    """
    A tap on an ice breaker or in the persistent menu: with one of `payloads`, or on any.

    Taps on buttons that a campaign of ours sent are the campaign's and set nothing else off.
    """

    kind: Literal["postback"] = "postback"
    payloads: Payloads | None = None


class QuickReplyTrigger(Rule):
    """A tap on a chip that no campaign of ours sent: with one of `payloads`, or on any."""

    kind: Literal["quick_reply"] = "quick_reply"
    payloads: Payloads | None = None


class ReferralTrigger(Rule):
    """
    Somebody came through an `ig.me` link or an ad, with one of `refs`, or with any.

    The `ref` may arrive by itself, with the first message or with a tap: Meta does not say which.
    """

    kind: Literal["referral"] = "referral"
    refs: Payloads | None = None


class IntentTrigger(Rule):
    """
    A comment or message no keyword matched, in which the classifier recognised `intent`.

    `when_unsure` says what is done instead where the text would be that, and that is not sure
    enough. Without it, what the account does with what nobody recognised.
    """

    kind: Literal["intent"] = "intent"
    intent: str = Field(min_length=1, max_length=64)
    when_unsure: WhenUnsure | None = Field(default=None, exclude_if=lambda value: value is None)


class UnrecognisedTrigger(Rule):
    """
    A comment or message no keyword matched, and in which no intent was recognised.

    It stands for the whole account: a default reply, or a handover. It comes before `message`
    campaigns without keywords.
    """

    kind: Literal["unrecognised"] = "unrecognised"


Trigger = Annotated[
    CommentTrigger
    | LiveCommentTrigger
    | MessageTrigger
    | StoryReplyTrigger
    | StoryMentionTrigger
    | PostbackTrigger
    | QuickReplyTrigger
    | ReferralTrigger
    | IntentTrigger
    | UnrecognisedTrigger,
    Field(discriminator="kind"),
]
