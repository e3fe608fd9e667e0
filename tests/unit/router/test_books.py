"""A book says all that an account's rules are, but for what was published and never changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.router.books import book_of
from switchboard.contracts import AccountId, IntentOption, MediaId, WorkspaceId
from switchboard.db.rules import AccountRules
from switchboard.rules.rulebook import AccountSettings
from tests.support.builders import NOON, campaign, on_comment

RULES = AccountRules(
    id=UUID(int=1),
    workspace_id=WorkspaceId(UUID(int=2)),
    instagram_id=AccountId("1"),
    status="connected",
    version=7,
    campaigns=(
        campaign(on_comment("link"), number=1, rank=2, published_at=NOON),
        campaign(on_comment("größe"), number=2, rank=1, version=4, next_media_id=MediaId("18")),
    ),
    intents=(
        IntentOption(name="size", description="Which size?"),
        IntentOption(name="price", examples=("how much",)),
    ),
    settings=AccountSettings(
        time_zone="Europe/Lisbon",
        takeover=timedelta(hours=2),
        paused_until=datetime(2026, 12, 1, tzinfo=UTC),
        reply_delay_max=timedelta(seconds=90),
    ),
    posts={MediaId("18"): NOON},
)


def test_a_book_has_everything_in_order() -> None:
    """Campaigns as they are tried, intents by name, posts, and settings."""
    assert {
        "campaigns": [
            {
                "id": str(UUID(int=2)),
                "version": 4,
                "rank": 1,
                "published_at": None,
                "next_media_id": "18",
            },
            {
                "id": str(UUID(int=1)),
                "version": 1,
                "rank": 2,
                "published_at": "2026-11-02T12:00:00Z",
                "next_media_id": None,
            },
        ],
        "intents": [
            {"name": "price", "description": "", "examples": ["how much"]},
            {"name": "size", "description": "Which size?", "examples": []},
        ],
        "posts": {"18": "2026-11-02T12:00:00+00:00"},
        "settings": {
            "time_zone": "Europe/Lisbon",
            "takeover": "PT2H",
            "paused_until": "2026-12-01T00:00:00Z",
            "reply_delay_min": "PT0S",
            "reply_delay_max": "PT1M30S",
        },
    } == json.loads(book_of(RULES))


def test_the_same_rules_give_the_same_bytes() -> None:
    """In whatever order the database gave them."""
    other = replace(
        RULES,
        campaigns=tuple(reversed(RULES.campaigns)),
        intents=tuple(reversed(RULES.intents)),
    )

    assert book_of(RULES) == book_of(other)
