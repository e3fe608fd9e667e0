"""
What must hold besides the trigger: once, tags, follower, hours, language, in this order.

The first that fails is the reason a campaign is passed over, so the order is part of what a
decision says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from switchboard.contracts.events import Comment, Event, StoryReplied
from switchboard.contracts.ids import CampaignId, EventId, MediaId
from switchboard.rules.campaigns import Campaign, Conditions, Follower, Once
from switchboard.rules.contact import AnsweredBefore, Contact
from switchboard.rules.hours import is_open, next_opening
from switchboard.rules.languages import is_one_of
from switchboard.rules.rulebook import AccountSettings

FailedCondition = Literal["once", "tags", "follower", "hours", "language"]


def failed(  # noqa: PLR0917 - all that a condition can be about
    campaign: Campaign,
    event: Event,
    contact: Contact,
    text: str,
    now: datetime,
    settings: AccountSettings,
) -> FailedCondition | None:
    """
    Return the first condition of `campaign` that does not hold, or `None`.

    `text` is as the person wrote it: case and accents help to tell its language. What the campaign
    answered because of this very event does not count, so deciding again says the same.

    Raises:
        ValueError: The campaign has hours, and the account's time zone does not exist.

    """
    wanted = campaign.definition.conditions
    if wanted.once is not None and _had_it(wanted.once, campaign.id, event, contact):
        return "once"
    if not _has_tags(wanted, contact):
        return "tags"
    if wanted.follower is not None and not _follows(wanted.follower, contact):
        return "follower"
    if not _is_in_time(wanted, now, settings):
        return "hours"
    if wanted.languages and not _is_spoken(wanted, text):
        return "language"
    return None


def starts_at(campaign: Campaign, now: datetime, settings: AccountSettings) -> datetime:
    """
    Return when the campaign's first step may go out, in UTC: `now`, or when it opens again.

    Raises:
        ValueError: The campaign has hours, and the account's time zone does not exist.

    """
    hours = campaign.definition.conditions.hours
    if hours is None or hours.outside == "skip":
        return now.astimezone(UTC)
    return next_opening(hours, now, settings.time_zone)


def answered(
    contact: Contact,
    campaign_id: CampaignId,
    media_id: MediaId | None,
    at: datetime,
    event_id: EventId,
) -> tuple[AnsweredBefore, ...]:
    """
    Return what the contact was answered, with this answer in place of one before it there.

    `media_id` is what `remembered_post` says. Sorted by campaign and post, so that the same
    answers are the same bytes.
    """
    new = AnsweredBefore(campaign_id=campaign_id, media_id=media_id, at=at, event_id=event_id)
    others = (one for one in contact.answered if _place(one) != _place(new))
    return tuple(sorted((*others, new), key=_place))


def remembered_post(campaign: Campaign, event: Event) -> MediaId | None:
    """
    Return the post to remember an answer under: none, unless the campaign is once per post.

    So a person has one entry for a campaign that asks about the campaign or a period, however many
    posts they comment on.
    """
    once = campaign.definition.conditions.once
    return post_of(event) if once is not None and once.per == "post" else None


def post_of(event: Event) -> MediaId | None:
    """Return the post or story the event belongs to; for an ad, the post behind it."""
    match event:
        case Comment():
            return event.original_media_id or event.media_id
        case StoryReplied():
            return event.story_id
        case _:
            return None


def _had_it(once: Once, campaign_id: CampaignId, event: Event, contact: Contact) -> bool:
    """Tell whether the person got this campaign for another event, as far as `once` looks back."""
    before = [
        one
        for one in contact.answered
        if one.campaign_id == campaign_id and one.event_id != event.event_id
    ]
    if once.period is not None:
        # Later than this event counts too: events come in disorder, and one answer is enough.
        return any(one.at > event.began_at - once.period for one in before)
    post = post_of(event) if once.per == "post" else None
    return any(post is None or one.media_id == post for one in before)


def _has_tags(wanted: Conditions, contact: Contact) -> bool:
    has = frozenset(contact.tags)
    return has.issuperset(wanted.tags_all) and has.isdisjoint(wanted.tags_none)


def _follows(wanted: Follower, contact: Contact) -> bool:
    if contact.follows is None:
        return wanted.when_unknown == "pass"
    return contact.follows == wanted.follows


def _is_in_time(wanted: Conditions, now: datetime, settings: AccountSettings) -> bool:
    if wanted.hours is None or wanted.hours.outside == "wait":
        return True
    return is_open(wanted.hours, now, settings.time_zone)


def _is_spoken(wanted: Conditions, text: str) -> bool:
    told = is_one_of(text, wanted.languages)
    return wanted.when_language_unknown == "pass" if told is None else told


def _place(one: AnsweredBefore) -> tuple[CampaignId, str]:
    return one.campaign_id, one.media_id or ""
