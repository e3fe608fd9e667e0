"""
A campaign: what sets it off, for whom, and what it does then.

    Campaign ── CampaignDefinition ─┬─ trigger     triggers, keywords
     (id, version, rank)            ├─ conditions  conditions
                                    └─ steps       steps, content

Published versions are stored as this model's JSON and never change; an owner's edit is a new
version, and what was published once can always be read. `docs/campaigns.md` tells it to owners.
"""

from switchboard.rules.campaigns.base import Rule
from switchboard.rules.campaigns.campaign import (
    CAMPAIGN_DEFINITION,
    Campaign,
    CampaignDefinition,
)
from switchboard.rules.campaigns.conditions import Conditions, Follower, Hours, Once, Opening
from switchboard.rules.campaigns.content import (
    MAX_BUTTON_TITLE_CHARACTERS,
    MAX_BUTTONS,
    MAX_QUICK_REPLIES,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEXT_BYTES,
    Button,
    CampaignButton,
    Chip,
    Content,
    LinkButton,
    Media,
    Post,
    StepButton,
)
from switchboard.rules.campaigns.keywords import (
    MAX_FUZZY_KEYWORDS,
    MAX_PATTERNS,
    Keywords,
)
from switchboard.rules.campaigns.steps import (
    Ask,
    FollowGate,
    FollowUp,
    Handover,
    Message,
    PrivateReply,
    PublicReply,
    Step,
    Tag,
    Wait,
    Webhook,
)
from switchboard.rules.campaigns.triggers import (
    CommentTrigger,
    IntentTrigger,
    LiveCommentTrigger,
    MessageTrigger,
    PostbackTrigger,
    QuickReplyTrigger,
    ReferralTrigger,
    StoryMentionTrigger,
    StoryReplyTrigger,
    Trigger,
    UnrecognisedTrigger,
)
from switchboard.rules.campaigns.unsure import (
    UnsureHandover,
    UnsureNothing,
    UnsureReply,
    WhenUnsure,
)

__all__ = [
    "CAMPAIGN_DEFINITION",
    "MAX_BUTTONS",
    "MAX_BUTTON_TITLE_CHARACTERS",
    "MAX_FUZZY_KEYWORDS",
    "MAX_PATTERNS",
    "MAX_QUICK_REPLIES",
    "MAX_TEMPLATE_CHARACTERS",
    "MAX_TEXT_BYTES",
    "Ask",
    "Button",
    "Campaign",
    "CampaignButton",
    "CampaignDefinition",
    "Chip",
    "CommentTrigger",
    "Conditions",
    "Content",
    "FollowGate",
    "FollowUp",
    "Follower",
    "Handover",
    "Hours",
    "IntentTrigger",
    "Keywords",
    "LinkButton",
    "LiveCommentTrigger",
    "Media",
    "Message",
    "MessageTrigger",
    "Once",
    "Opening",
    "Post",
    "PostbackTrigger",
    "PrivateReply",
    "PublicReply",
    "QuickReplyTrigger",
    "ReferralTrigger",
    "Rule",
    "Step",
    "StepButton",
    "StoryMentionTrigger",
    "StoryReplyTrigger",
    "Tag",
    "Trigger",
    "UnrecognisedTrigger",
    "UnsureHandover",
    "UnsureNothing",
    "UnsureReply",
    "Wait",
    "Webhook",
    "WhenUnsure",
]
