"""What a campaign's steps become for one event: rows to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from switchboard.contracts import CommentId, Event
from switchboard.contracts.events import Comment
from switchboard.contracts.ids import delivery_id
from switchboard.rules.campaigns import Campaign, Content, Message, Step
from switchboard.rules.decision import Draft

# Meta, "Private replies": within 7 days of the comment. A public reply has no deadline of Meta's;
# one that comes later than the private one could is of no use to anybody.
COMMENT_DEADLINE: Final = timedelta(days=7)
# Meta, "Messaging API": 24 hours from the person's message.
MESSAGE_DEADLINE: Final = timedelta(hours=24)


def drafts(campaign: Campaign, event: Event, now: datetime) -> tuple[Draft, ...]:
    """Return what `campaign` sends in answer to `event`: one draft for each step that fits it."""
    return tuple(
        _draft(campaign, str(position), step, event, now)
        for position, step in enumerate(campaign.definition.steps)
        if fits(step, event)
    )


def fits(step: Step, event: Event) -> bool:
    """Tell whether `step` can answer `event`: replies a comment, a message everything else."""
    return isinstance(event, Comment) != isinstance(step, Message)


def _draft(campaign: Campaign, position: str, step: Step, event: Event, now: datetime) -> Draft:
    ours = delivery_id(event.event_id, campaign.id, position)
    allowed = MESSAGE_DEADLINE if isinstance(step, Message) else COMMENT_DEADLINE
    return Draft(
        id=ours,
        campaign_id=campaign.id,
        campaign_version=campaign.version,
        step=position,
        kind=step.kind,
        person_id=event.person,
        comment_id=_comment(event),
        content=_content(step.variants[ours.int % len(step.variants)]),
        not_before=now,
        deadline=event.began_at + allowed,
    )


def _comment(event: Event) -> CommentId | None:
    return event.comment_id if isinstance(event, Comment) else None


def _content(variant: Content | str) -> Mapping[str, Any]:
    if isinstance(variant, str):
        return {"text": variant}
    return variant.model_dump(mode="json", exclude_none=True)
