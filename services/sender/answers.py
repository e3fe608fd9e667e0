"""What a lookup asks, and the answers it can get. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from switchboard.contracts import Answer, CampaignId, FollowerRead, InboundEvent, PostsRead
from switchboard.errors import Refused
from switchboard.graph import GraphFailure, Posts, Profile
from switchboard.queues import Outgoing

Read: TypeAlias = FollowerRead | PostsRead

_CONSENT_MISSING: Final = "consent_missing"  # as `switchboard.graph.errors` calls it


class ContentUnreadable(Refused):
    """A delivery whose content says nothing that could be done."""

    reason: ClassVar[str] = "content_unreadable"


class Lookup(BaseModel):
    """
    A lookup's content: what is asked, and because of which event.

    `earlier` is what the classifier had answered about it, `campaign_id` for whose sake it is
    asked; both travel on with the answer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    about: Literal["follower", "posts"]
    event: InboundEvent
    earlier: Answer | None = None
    campaign_id: CampaignId | None = None


def read_lookup(content: Mapping[str, Any]) -> Lookup:
    """
    Return what `content` asks.

    Raises:
        ContentUnreadable: Nothing that we know.
    """
    try:
        return Lookup.model_validate(content)
    except ValidationError as error:
        raise ContentUnreadable(f"a lookup's content: {error.error_count()} faults") from None


def follower(wanted: Lookup, profile: Profile, at: datetime) -> FollowerRead:
    """Return what a profile says of following."""
    if profile.follows is None:
        return _of_follower(wanted, "not_told", at)
    return _of_follower(wanted, "read", at, follows=profile.follows)


def posts(wanted: Lookup, read: Posts, at: datetime) -> PostsRead:
    """Return the posts there are."""
    return PostsRead(event=wanted.event, posts=read.posts, because="read", answered_at=at)


def refused(wanted: Lookup, failure: GraphFailure | None, at: datetime) -> Read:
    """Return that nobody can tell: Meta will not, or (without a `failure`) there is nobody."""
    if wanted.about == "posts":
        return PostsRead(event=wanted.event, because="refused", answered_at=at)
    no_consent = failure is not None and failure.why.reason == _CONSENT_MISSING
    return _of_follower(wanted, "no_consent" if no_consent else "refused", at)


def too_late(wanted: Lookup, at: datetime) -> Read:
    """Return that nobody could tell in time."""
    if wanted.about == "posts":
        return PostsRead(event=wanted.event, because="too_late", answered_at=at)
    return _of_follower(wanted, "too_late", at)


def outgoing(answer: Read) -> Outgoing:
    """Return `answer` as it goes on its queue."""
    return Outgoing(answer.to_json(), answer.account_id)


def _of_follower(
    wanted: Lookup,
    because: Literal["read", "not_told", "no_consent", "refused", "too_late"],
    at: datetime,
    *,
    follows: bool | None = None,
) -> FollowerRead:
    return FollowerRead(
        event=wanted.event,
        follows=follows,
        earlier=wanted.earlier,
        campaign_id=wanted.campaign_id,
        because=because,
        answered_at=at,
    )
