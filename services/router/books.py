"""An account's rules at one version, written down: what they decided can be decided again."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter

from switchboard.db.rules import AccountRules
from switchboard.rules.campaigns import Campaign
from switchboard.rules.rulebook import AccountSettings


def book_of(rules: AccountRules) -> str:
    """
    Return the book of `rules` as JSON, the same bytes each time.

        {"campaigns": [{"id", "version", "rank", "published_at", "next_media_id"}],
         "intents": [{"name", "description", "examples"}],
         "posts": {media id: when it was published},
         "settings": {"time_zone", "takeover", "paused_until", "reply_delay_min",
                      "reply_delay_max"}}

    The campaigns are in the order they are tried; their definitions are found by id and version.
    """
    campaigns = sorted(rules.campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    intents = sorted(rules.intents, key=lambda intent: intent.name)
    book = {
        "campaigns": [_campaign(one) for one in campaigns],
        "intents": [intent.model_dump(mode="json") for intent in intents],
        "posts": {media_id: at.isoformat() for media_id, at in rules.posts.items()},
        "settings": _SETTINGS.dump_python(rules.settings, mode="json"),
    }
    return json.dumps(book, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return campaign.model_dump(mode="json", exclude={"definition"})


_SETTINGS: Final[TypeAdapter[AccountSettings]] = TypeAdapter(AccountSettings)
