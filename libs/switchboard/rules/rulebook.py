"""An account's live campaigns, made ready for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from switchboard.contracts.ids import CampaignId, MediaId
from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import Campaign, IntentTrigger, Keywords
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


@dataclass(frozen=True, slots=True)
class RuleBook:
    """
    What could answer an account's events, at one version of its rules.

    `campaigns` are those set off by an event, in the owner's order; `by_intent`, those set off by
    an intent. `intents` are the ones worth asking about: recognised by the classifier and used.
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


_USUAL: Final = AccountSettings()
_NO_POSTS: Final[Mapping[MediaId, datetime]] = {}


def compile_rules(
    version: int,
    campaigns: Iterable[Campaign],
    intents: Iterable[IntentOption],
    settings: AccountSettings = _USUAL,
    posts: Mapping[MediaId, datetime] = _NO_POSTS,
) -> RuleBook:
    """Return the rule book of these live campaigns and intents."""
    ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    by_intent = tuple(c for c in ordered if isinstance(c.definition.trigger, IntentTrigger))
    by_event = [c for c in ordered if not isinstance(c.definition.trigger, IntentTrigger)]
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
