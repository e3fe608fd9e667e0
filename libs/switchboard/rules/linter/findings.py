"""
The linter's codes: a closed list, each with its severity, a sentence for owners, and its source.

A code once published keeps its name and its meaning: dashboards and owners' scripts know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, NamedTuple

Severity = Literal["error", "warning"]
# refused: Meta says no, or shows the person nothing.   never: it cannot come about, whatever Meta
# says.   limit: more than one account may have.          unwise: works, and will be regretted.
Sort = Literal["refused", "never", "limit", "unwise"]


class Code(StrEnum):
    """The name of what is wrong, as in docs/linter.md."""

    SECOND_PRIVATE_REPLY = "second_private_reply"
    MESSAGE_WITHOUT_WINDOW = "message_without_window"
    PRIVATE_REPLY_WITHOUT_COMMENT = "private_reply_without_comment"
    PUBLIC_REPLY_WITHOUT_COMMENT = "public_reply_without_comment"
    PUBLIC_REPLY_ON_LIVE = "public_reply_on_live"
    MEDIA_IN_PRIVATE_REPLY = "media_in_private_reply"
    QUICK_REPLIES_IN_FIRST_DM = "quick_replies_in_first_dm"
    WAIT_OUTLIVES_WINDOW = "wait_outlives_window"
    WAIT_OUTLIVES_COMMENT = "wait_outlives_comment"
    FOLLOW_UP_WITHOUT_WINDOW = "follow_up_without_window"
    FOLLOW_UP_OUTLIVES_WINDOW = "follow_up_outlives_window"
    GATE_WITHOUT_CONSENT = "gate_without_consent"
    HOURS_OUTLIVE_WINDOW = "hours_outlive_window"
    MEDIA_REFUSED = "media_refused"
    PUBLIC_REPLY_TOO_LATE = "public_reply_too_late"
    VARIANTS_WAIT_DIFFERENTLY = "variants_wait_differently"
    INTENT_WITHOUT_ANSWER = "intent_without_answer"
    UNKNOWN_INTENT = "unknown_intent"
    INTENT_WITHOUT_EXAMPLES = "intent_without_examples"
    STARTS_UNKNOWN_CAMPAIGN = "starts_unknown_campaign"
    STARTS_SILENT_CAMPAIGN = "starts_silent_campaign"
    FUZZY_LIMIT = "fuzzy_limit"
    TOO_MANY_PATTERNS = "too_many_patterns"
    UNREACHABLE_STEP = "unreachable_step"
    STARTS_ITSELF = "starts_itself"
    NEVER_FIRES = "never_fires"
    ONE_PUBLIC_VARIANT = "one_public_variant"
    OVERLAP = "overlap"
    LINK_NOT_HTTPS = "link_not_https"
    REFERRAL_MAY_OPEN_NO_WINDOW = "referral_may_open_no_window"
    WAIT_ON_LIVE = "wait_on_live"
    FOLLOWER_UNKNOWN = "follower_unknown"


class About(NamedTuple):
    """What a code means: its sort, a sentence for owners, and who says so."""

    sort: Sort
    sentence: str
    source: str

    @property
    def severity(self) -> Severity:
        """Whether it keeps a campaign from being published."""
        return "warning" if self.sort == "unwise" else "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong, and where: `path` leads from the definition's root.

    `step` is the position of the step it is about, if it is about one.
    """

    code: Code
    severity: Severity
    path: str
    step: int | None
    message: str


def finding(code: Code, path: str, message: str | None = None) -> Finding:
    """Return a finding at `path`; without a `message`, with the code's own sentence."""
    about = CODES[code]
    return Finding(code, about.severity, path, _step_in(path), message or about.sentence)


def _step_in(path: str) -> int | None:
    parts = path.split(".")
    return int(parts[1]) if parts[0] == "steps" and len(parts) > 1 else None


_PRIVATE_REPLIES: Final = "Meta: Private replies"
_MESSAGING: Final = "Meta: Messaging API"
_INTEGRATORS: Final = "what integrators report"
_OURS: Final = "how campaigns run"

CODES: Final[Mapping[Code, About]] = {
    Code.SECOND_PRIVATE_REPLY: About(
        "refused",
        "A comment can be answered with one private message, for ever; the next one must wait "
        "until the person has tapped or written.",
        _PRIVATE_REPLIES,
    ),
    Code.MESSAGE_WITHOUT_WINDOW: About(
        "refused",
        "A comment opens no conversation: until the person has tapped or written, a message cannot "
        "be sent, only a private reply.",
        _PRIVATE_REPLIES,
    ),
    Code.PRIVATE_REPLY_WITHOUT_COMMENT: About(
        "refused",
        "A private reply answers a comment, and here there is none; use a message.",
        _PRIVATE_REPLIES,
    ),
    Code.PUBLIC_REPLY_WITHOUT_COMMENT: About(
        "refused",
        "A public reply stands under a comment, and here there is none.",
        "Meta: Comment replies",
    ),
    Code.PUBLIC_REPLY_ON_LIVE: About(
        "refused",
        "Comments of a broadcast cannot be answered in public.",
        "Meta: Comment replies",
    ),
    Code.MEDIA_IN_PRIVATE_REPLY: About(
        "refused",
        "A private reply takes text and buttons; send files and posts once the person has tapped.",
        _INTEGRATORS,
    ),
    Code.QUICK_REPLIES_IN_FIRST_DM: About(
        "refused",
        "Who does not follow the account finds its first message among Requests, where chips are "
        "not shown: nobody could go on. Use buttons.",
        _INTEGRATORS,
    ),
    Code.WAIT_OUTLIVES_WINDOW: About(
        "refused",
        "After this wait the person's 24 hours are over, and what follows cannot be sent.",
        _MESSAGING,
    ),
    Code.WAIT_OUTLIVES_COMMENT: About(
        "refused",
        "After this wait a private reply is too late: 7 days after a comment, or the end of a "
        "broadcast, which lasts 4 hours at most.",
        _PRIVATE_REPLIES,
    ),
    Code.FOLLOW_UP_WITHOUT_WINDOW: About(
        "refused",
        "A private reply cannot be followed up: until the person has tapped or written, nothing "
        "more can be sent.",
        _PRIVATE_REPLIES,
    ),
    Code.FOLLOW_UP_OUTLIVES_WINDOW: About(
        "refused",
        "When this follow-up is due, the person's 24 hours are over.",
        _MESSAGING,
    ),
    Code.GATE_WITHOUT_CONSENT: About(
        "refused",
        "Meta tells whether somebody follows only of people who have tapped or written; put the "
        "gate behind a button.",
        "Meta: User profile",
    ),
    Code.HOURS_OUTLIVE_WINDOW: About(
        "refused",
        "Between closing and opening again more time can pass than Meta leaves for what follows.",
        _MESSAGING,
    ),
    Code.MEDIA_REFUSED: About(
        "refused",
        "Meta takes no file of this kind or size.",
        _MESSAGING,
    ),
    Code.PUBLIC_REPLY_TOO_LATE: About(
        "never",
        "A public reply later than 7 days after the comment is not sent any more.",
        _OURS,
    ),
    Code.VARIANTS_WAIT_DIFFERENTLY: About(
        "never",
        "Either all variants have a button or chip that leads further, or none has: otherwise "
        "chance would decide what happens next.",
        _OURS,
    ),
    Code.INTENT_WITHOUT_ANSWER: About(
        "never",
        "An intent is found in comments and in messages, and one of them would get no answer.",
        _OURS,
    ),
    Code.UNKNOWN_INTENT: About(
        "never",
        "The account has no intent of this name, so nothing is ever recognised as it.",
        _OURS,
    ),
    Code.INTENT_WITHOUT_EXAMPLES: About(
        "never",
        "The intent has no examples, so nothing is recognised as it without a chat model.",
        _OURS,
    ),
    Code.STARTS_UNKNOWN_CAMPAIGN: About(
        "never",
        "The button starts a campaign that is not live in this account.",
        _OURS,
    ),
    Code.STARTS_SILENT_CAMPAIGN: About(
        "never",
        "The button starts a campaign that does nothing without a comment.",
        _OURS,
    ),
    Code.FUZZY_LIMIT: About(
        "limit",
        "All live campaigns of an account together may have 5,000 fuzzy keywords.",
        "docs/matching.md",
    ),
    Code.TOO_MANY_PATTERNS: About(
        "limit",
        "All live campaigns of an account together may have 1,000 patterns.",
        "docs/matching.md",
    ),
    Code.UNREACHABLE_STEP: About(
        "unwise",
        "Nothing leads to this step: what stands before it waits for a tap that leads elsewhere, "
        "or ends the flow.",
        _OURS,
    ),
    Code.STARTS_ITSELF: About(
        "unwise",
        "The button starts this very campaign again; lead to a step instead.",
        _OURS,
    ),
    Code.NEVER_FIRES: About(
        "unwise",
        "No text with this keyword sets the campaign off.",
        "docs/matching.md",
    ),
    Code.ONE_PUBLIC_VARIANT: About(
        "unwise",
        "The same public reply over and over is what Meta blocks as spam (code 368); write some "
        "variants.",
        _INTEGRATORS,
    ),
    Code.OVERLAP: About(
        "unwise",
        "One text sets off this campaign and another; only one of them will answer.",
        "docs/matching.md",
    ),
    Code.LINK_NOT_HTTPS: About(
        "unwise",
        "This address is not encrypted; phones warn of it.",
        _OURS,
    ),
    Code.REFERRAL_MAY_OPEN_NO_WINDOW: About(
        "unwise",
        "Somebody who only came through a link may not be written to; this is sent only to those "
        "who wrote or tapped as they came.",
        "Meta does not say",
    ),
    Code.WAIT_ON_LIVE: About(
        "unwise",
        "The broadcast may be over after this wait, and then the comment cannot be answered.",
        _PRIVATE_REPLIES,
    ),
    Code.FOLLOWER_UNKNOWN: About(
        "unwise",
        "Of people who only comment nobody knows whether they follow, so the campaign answers "
        "none of them.",
        "Meta: User profile",
    ),
}
