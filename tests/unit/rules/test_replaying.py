"""A decision read back from what was stored is made again to the byte."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import Answer, AnyAnswer, CampaignId, FollowerRead, PostsRead
from switchboard.contracts.events import InboundEvent
from switchboard.contracts.questions import PublishedPost
from switchboard.rules.contact import AnsweredBefore, Contact, Flow, Origin
from switchboard.rules.decide import decide
from switchboard.rules.replaying import (
    Difference,
    again,
    can_be_decided_again,
    canonical,
    differences,
    read,
    read_book,
    versions_in,
)
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    NOON,
    REEL,
    answer,
    campaign,
    comment,
    message,
    on_comment,
    on_message,
    rules,
)

_BOOK = rules(
    campaign(on_comment("link"), number=1),
    campaign(on_message("price"), number=2),
    campaign({"kind": "intent", "intent": "shipping"}, number=3),
    intents=("shipping",),
)
_CONTACT = Contact(
    revision=4,
    tags=("vip",),
    follows=True,
    follows_at=NOON - timedelta(hours=1),
    email="a@example.org",
    fields={"size": "M"},
    flows=(
        Flow(
            campaign_id=CampaignId(UUID(int=1)),
            version=1,
            step=0,
            awaits="tap",
            since=NOON - timedelta(hours=2),
            event_id=comment("x").event_id,
        ),
    ),
    answered=(
        AnsweredBefore(
            campaign_id=CampaignId(UUID(int=2)),
            media_id=REEL,
            at=NOON - timedelta(days=3),
            event_id=comment("y").event_id,
        ),
    ),
    window_closes_at=NOON + timedelta(hours=3),
)


def _follower(event: InboundEvent, earlier: Answer | None = None) -> FollowerRead:
    return FollowerRead(
        event=event, follows=False, because="read", answered_at=NOON, earlier=earlier
    )


def _posts(event: InboundEvent) -> PostsRead:
    post = PublishedPost(media_id=REEL, posted_at=NOON)
    return PostsRead(event=event, posts=(post,), because="read", answered_at=NOON)


@pytest.mark.parametrize(
    "event", [comment("LINK"), comment("do you ship"), message("price?"), message(None)]
)
@pytest.mark.parametrize("contact", [Contact(), _CONTACT])
def test_without_an_answer(event: InboundEvent, contact: Contact) -> None:
    """Whatever the event, and whatever was known of the person, it comes out the same."""
    _assert_the_same_again(event, contact, None)


@pytest.mark.parametrize(
    "learnt",
    [
        answer(comment("do you ship"), "shipping"),
        answer(comment("do you ship"), None),
        _follower(comment("do you ship")),
        _follower(comment("do you ship"), answer(comment("do you ship"), "shipping")),
        _posts(comment("do you ship")),
        Origin(ours=True, person_id="12", campaign_id=CampaignId(UUID(int=1))),
    ],
)
def test_with_what_was_learnt(learnt: AnyAnswer | Origin) -> None:
    """Each kind of answer is rebuilt from what the decision kept of it."""
    _assert_the_same_again(comment("do you ship"), _CONTACT, learnt)


def test_a_difference_names_its_place() -> None:
    """What was stored otherwise is told with its path and both values."""
    event = comment("LINK")
    stored = _stored(event, Contact())
    stored["considered"][0]["failed"] = "other_post"
    del stored["stopped"]

    found = differences(stored, again(json.loads(event.to_json()), stored, _BOOK))

    assert [Difference("considered.0.failed", "other_post", None)] == [
        one for one in found if one.path != "stopped"
    ]
    assert ["considered.0.failed", "stopped"] == [one.path for one in found]


def test_jsonb_does_not_matter_and_moments_are_compared_as_such() -> None:
    """The order of keys and the way to write a moment in UTC are no difference; another is one."""
    stored = _stored(comment("LINK"), _CONTACT)
    turned = dict(reversed(stored.items()))
    turned["decided_at"] = "2026-11-02T13:00:00+01:00"
    later = stored | {"decided_at": "2026-11-02T12:00:00.000001Z"}

    assert canonical(stored) == canonical(turned)
    assert canonical(stored) != canonical(later)


@pytest.mark.parametrize(
    "decision", [{"rules_version": None, "contact": {}}, {"rules_version": 7, "paused_until": None}]
)
def test_what_cannot_be_decided_again(decision: dict[str, Any]) -> None:
    """Not what no rules decided, nor what a release recorded that kept no contact."""
    assert can_be_decided_again({"rules_version": 7, "contact": {}})
    assert not can_be_decided_again(decision)


def test_missing_fields_are_a_strangers() -> None:
    """What the decision does not say of the contact was not known."""
    decision = {"decided_at": NOON.isoformat(), "contact": {"revision": 2, "tags": ["vip"]}}

    stored = read(json.loads(comment().to_json()), decision)

    assert Contact(revision=2, tags=("vip",)) == stored.contact


def test_a_stored_book_is_the_book_it_was() -> None:
    """Ranks, bound posts, intents and settings are those of the book, definitions by version."""
    one = campaign(on_comment("link"), number=1, rank=50)
    book = {
        "campaigns": [
            {"id": str(one.id), "version": 1, "rank": 3, "published_at": None}
            | {"next_media_id": REEL}
        ],
        "intents": [{"name": "shipping", "description": "", "examples": []}],
        "posts": {REEL: "2026-11-01T00:00:00+00:00"},
        "settings": {"time_zone": "Asia/Tokyo", "takeover": "PT1H", "paused_until": None},
    }

    found = read_book(9, book, {(one.id, 1): one})

    assert [(one.id, 1)] == versions_in(book)
    assert (3, REEL) == (found.campaigns[0].rank, found.campaigns[0].next_media_id)
    assert one.definition == found.campaigns[0].definition
    assert (9, "Asia/Tokyo") == (found.rules.version, found.rules.settings.time_zone)
    assert NOON - timedelta(days=1, hours=12) == found.rules.posts[REEL]


def test_a_book_with_a_version_that_is_gone() -> None:
    """A book whose campaign cannot be found is not silently a smaller one."""
    gone = {"id": str(UUID(int=5)), "version": 2, "rank": 1}
    book = {"campaigns": [gone], "intents": [], "settings": {}}

    with pytest.raises(LookupError):
        read_book(9, book, {})


def _stored(
    event: InboundEvent,
    contact: Contact,
    learnt: AnyAnswer | Origin | None = None,
    book: RuleBook = _BOOK,
) -> dict[str, Any]:
    """Return the decision as it is stored."""
    stored: dict[str, Any] = json.loads(decide(event, book, contact, NOON, learnt).explanation())
    return stored


def _assert_the_same_again(
    event: InboundEvent, contact: Contact, learnt: AnyAnswer | Origin | None
) -> None:
    stored = _stored(event, contact, learnt)

    decided = again(json.loads(event.to_json()), stored, _BOOK)

    assert [] == differences(stored, decided)
    assert canonical(stored) == canonical(json.loads(decided.explanation()))
