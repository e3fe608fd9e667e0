"""An account's live campaigns, made ready for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from switchboard.contracts.ids import CampaignId, MediaId
from switchboard.contracts.questions import Calibration, IntentOption
from switchboard.rules.campaigns import (
    Campaign,
    IntentTrigger,
    Keywords,
    UnrecognisedTrigger,
)
from switchboard.rules.delays import Delay
from switchboard.rules.matching import KeywordIndex


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign, and the number of its keywords in the index; none where any text will do."""

    campaign: Campaign
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """
    What an owner has set for all of an account's campaigns.

    `time_zone` is IANA's name. A message the owner types by hand makes the automation silent
    towards that person for `takeover`. Until `paused_until` it is silent towards everyone. What is
    said to people goes later than at once by between `reply_delay_min` and `reply_delay_max`.
    """

    time_zone: str = "UTC"
    takeover: timedelta = timedelta(hours=12)
    paused_until: datetime | None = None
    reply_delay_min: timedelta = timedelta()
    reply_delay_max: timedelta = timedelta()

    @property
    def delay(self) -> Delay:
        """How much later than at once people are answered."""
        return Delay(self.reply_delay_min, self.reply_delay_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """
    What the classifier is told besides the intents: how sure it must be, and what the account's
    labelled history says of its confidence. No decision depends on it but by the answer.
    """

    threshold: float | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """
    What could answer an account's events, at one version of its rules.

    `campaigns` are those set off by an event, in the owner's order; `by_intent`, those set off by
    an intent; `unrecognised`, those for what no keyword and no intent was found in. `intents` are
    the ones worth asking about: recognised by the classifier and used; `asking` goes with them.
    `keywords` finds those of all campaigns in one reading of a text. `others` are published
    versions that are not live, for people who are in the middle of one, or tap its buttons.
    `posts` says when posts were published, as far as Meta was asked.
    """

    version: int
    campaigns: tuple[Entry, ...]
    by_intent: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]
    keywords: KeywordIndex
    settings: AccountSettings = AccountSettings()
    unrecognised: tuple[Campaign, ...] = ()
    asking: Asking = Asking()
    others: Mapping[tuple[CampaignId, int], Campaign] = field(default_factory=dict)
    posts: Mapping[MediaId, datetime] = field(default_factory=dict)

    def live(self, campaign_id: CampaignId) -> Campaign | None:
        """Return the live version of a campaign, if it has one."""
        return next((one for one in self._all() if one.id == campaign_id), None)

    def published(self, campaign_id: CampaignId, version: int) -> Campaign | None:
        """Return one version of a campaign, live or brought along in `others`."""
        live = self.live(campaign_id)
        if live is not None and live.version == version:
            return live
        return self.others.get((campaign_id, version))

    def _all(self) -> Iterator[Campaign]:
        yield from (entry.campaign for entry in self.campaigns)
        yield from self.by_intent
        yield from self.unrecognised


_USUAL: Final = AccountSettings()
_NO_POSTS: Final[Mapping[MediaId, datetime]] = {}
_PLAIN: Final = Asking()


def compile_rules(
    version: int,
    campaigns: Iterable[Campaign],
    intents: Iterable[IntentOption],
    settings: AccountSettings = _USUAL,
    posts: Mapping[MediaId, datetime] = _NO_POSTS,
    *,
    asking: Asking = _PLAIN,
) -> RuleBook:
    """Return the rule book of these live campaigns and intents."""
    ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    by_intent = tuple(c for c in ordered if isinstance(c.definition.trigger, IntentTrigger))
    unrecognised = tuple(
        c for c in ordered if isinstance(c.definition.trigger, UnrecognisedTrigger)
    )
    by_event = [
        c
        for c in ordered
        if not isinstance(c.definition.trigger, IntentTrigger | UnrecognisedTrigger)
    ]
    wanted = {
        c.definition.trigger.intent
        for c in by_intent
        if isinstance(c.definition.trigger, IntentTrigger)
    }
    keywords: list[Keywords] = []
    return RuleBook(
        version=version,
        campaigns=tuple(_entries(by_event, keywords)),
        by_intent=by_intent,
        intents=tuple(intent for intent in intents if intent.name in wanted),
        keywords=KeywordIndex(keywords),
        settings=settings,
        unrecognised=unrecognised,
        asking=asking,
        posts=posts,
    )


def keywords_of(campaign: Campaign) -> Keywords | None:
    """Return the keywords that set `campaign` off; none where any text or an intent does."""
    return getattr(campaign.definition.trigger, "keywords", None)


def _entries(campaigns: Iterable[Campaign], keywords: list[Keywords]) -> Iterator[Entry]:
    """Yield the campaigns' entries, and append their keywords in the order they are numbered."""
    for campaign in campaigns:
        own = keywords_of(campaign)
        if own is not None:
            keywords.append(own)
        yield Entry(campaign, None if own is None else len(keywords) - 1)
