"""What must hold besides a campaign's trigger, and what of it is remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import CampaignId, Event, EventId, MediaId
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.conditions import (
    answered,
    failed,
    post_of,
    remembered_post,
    starts_at,
)
from switchboard.rules.contact import CONTACT, STRANGER, AnsweredBefore, Contact
from switchboard.rules.rulebook import AccountSettings
from tests.support.builders import NOON, REEL, campaign, comment, message, on_comment, story_reply

USUAL = AccountSettings()
OTHER_REEL = MediaId("18000000000000002")
OURS = CampaignId(UUID(int=1))
EARLIER = EventId(UUID(int=99))
# NOON is a Monday's, in UTC.
OPEN = [{"day": "mon", "opens": "09:00", "closes": "17:00"}]
CLOSED = [{"day": "mon", "opens": "13:00", "closes": "17:00"}]


def under(**conditions: Any) -> Campaign:
    """Return campaign 1, with these conditions."""
    plain = campaign(on_comment("link"))
    written = plain.definition.model_dump(mode="json") | {"conditions": conditions}
    definition = CampaignDefinition.model_validate(written)
    return plain.model_copy(update={"definition": definition})


def had(
    media_id: MediaId | None = None,
    *,
    campaign_id: CampaignId = OURS,
    at: datetime = NOON - timedelta(days=1),
    event_id: EventId = EARLIER,
) -> AnsweredBefore:
    """Return that the campaign answered before."""
    return AnsweredBefore(campaign_id=campaign_id, media_id=media_id, at=at, event_id=event_id)


def reason(
    conditions: dict[str, Any],
    contact: Contact = STRANGER,
    event: Event | None = None,
    text: str = "LINK",
    settings: AccountSettings = USUAL,
) -> str | None:
    """Return which of the conditions fails at NOON."""
    return failed(under(**conditions), event or comment(), contact, text, NOON, settings)


def test_without_conditions_nothing_fails() -> None:
    """A campaign without conditions is for everybody, at any time."""
    assert reason({}, Contact(answered=(had(REEL),), tags=("vip",), follows=False)) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (had(REEL), "once"),
        (had(OTHER_REEL), None),
        (had(None), None),
        (had(REEL, campaign_id=CampaignId(UUID(int=2))), None),
        (had(REEL, event_id=comment().event_id), None),
    ],
)
def test_once_per_post(before: AnsweredBefore, expected: str | None) -> None:
    """What this campaign answered under this post counts, but for this very comment's answer."""
    assert expected == reason({"once": {"per": "post"}}, Contact(answered=(before,)))


def test_an_ad_is_the_post_behind_it() -> None:
    """Somebody answered under the post is not answered again under its ad."""
    ad = comment(media_id=MediaId("18000000000000009"), original_media_id=REEL)

    assert "once" == reason({"once": {"per": "post"}}, Contact(answered=(had(REEL),)), ad)


def test_a_story_is_a_post() -> None:
    """A reply to the same story fails, one to another story does not."""
    once, reply = {"once": {"per": "post"}}, story_reply()
    same, other = had(reply.story_id), had(REEL)

    assert "once" == reason(once, Contact(answered=(same,)), reply)
    assert reason(once, Contact(answered=(other,)), reply) is None


@pytest.mark.parametrize("per", ["post", "campaign"])
def test_where_there_is_no_post_the_campaign_counts(per: str) -> None:
    """A message is under no post, so any answer of the campaign's counts, wherever it was."""
    for before in (had(None), had(REEL)):
        assert "once" == reason({"once": {"per": per}}, Contact(answered=(before,)), message())


def test_once_per_campaign_is_for_ever_and_everywhere() -> None:
    """An answer under another post, years ago, still counts; this event's own never does."""
    once = {"once": {"per": "campaign"}}
    long_ago = had(OTHER_REEL, at=NOON - timedelta(days=3000))
    own = had(event_id=comment().event_id)

    assert "once" == reason(once, Contact(answered=(long_ago,)))
    assert reason(once, Contact(answered=(own,))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(days=7, microseconds=1), None),
        (timedelta(days=7), None),
        (timedelta(days=7, microseconds=-1), "once"),
        (timedelta(), "once"),
        (timedelta(days=-1), "once"),
    ],
)
def test_once_in_a_period(before: timedelta, expected: str | None) -> None:
    """An answer later than the period before the event counts, even one in its future."""
    once = {"once": {"per": "period", "period": "P7D"}}
    event = comment(occurred_at=NOON - timedelta(hours=3))
    contact = Contact(answered=(had(at=event.began_at - before),))

    assert expected == reason(once, contact, event)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [((), "tags"), (("a",), "tags"), (("b", "a"), None), (("a", "b", "x"), "tags")],
)
def test_tags(tags: tuple[str, ...], expected: str | None) -> None:
    """All of one kind must be there, none of the other."""
    conditions = {"tags_all": ["a", "b"], "tags_none": ["x", "y"]}

    assert expected == reason(conditions, Contact(tags=tags))


@pytest.mark.parametrize("follows", [True, False])
def test_following(*, follows: bool) -> None:
    """What Meta said decides; where it said nothing, the owner did."""
    wanted = {"follows": follows}
    for when_unknown, unknown in (("pass", None), ("fail", "follower")):
        conditions = {"follower": wanted | {"when_unknown": when_unknown}}
        assert reason(conditions, Contact(follows=follows)) is None
        assert "follower" == reason(conditions, Contact(follows=not follows))
        assert unknown == reason(conditions, Contact())


def test_outside_the_hours_it_is_skipped_or_waits() -> None:
    """Only hours that skip can fail; those that wait say when to start instead."""
    assert reason({"hours": {"open": OPEN, "outside": "skip"}}) is None
    assert "hours" == reason({"hours": {"open": CLOSED, "outside": "skip"}})
    assert reason({"hours": {"open": CLOSED, "outside": "wait"}}) is None


def test_the_hours_are_the_accounts() -> None:
    """At noon in London it is seven in New York, where the office is closed."""
    new_york = AccountSettings(time_zone="America/New_York")

    assert "hours" == reason({"hours": {"open": OPEN, "outside": "skip"}}, settings=new_york)


@pytest.mark.parametrize(
    ("text", "when_unknown", "expected"),
    [
        ("Könnt ihr mir den Link schicken?", "fail", None),
        ("Can you send me the link please?", "pass", "language"),
        ("link", "pass", None),
        ("link", "fail", "language"),
        ("ราคา", "pass", "language"),
    ],
)
def test_languages(text: str, when_unknown: str, expected: str | None) -> None:
    """A text in another language fails; one of no language passes if the owner says so."""
    conditions = {"languages": ["de", "fr"], "when_language_unknown": when_unknown}

    assert expected == reason(conditions, text=text)


def test_the_first_that_fails_is_the_reason() -> None:
    """Where all fail it is `once`; each one gone, the next: tags, follower, hours, language."""
    conditions: dict[str, Any] = {
        "once": {"per": "post"},
        "tags_all": ["vip"],
        "follower": {"follows": True, "when_unknown": "fail"},
        "hours": {"open": CLOSED, "outside": "skip"},
        "languages": ["th"],
        "when_language_unknown": "fail",
    }
    names = {"tags": "tags_all", "language": "languages"}
    for expected in ("once", "tags", "follower", "hours", "language"):
        assert expected == reason(conditions, Contact(answered=(had(REEL),)))
        del conditions[names.get(expected, expected)]


def test_when_it_starts() -> None:
    """At once, but for a campaign whose hours wait: when it opens."""
    opens = datetime(2026, 11, 2, 13, tzinfo=UTC)

    assert NOON == starts_at(under(), NOON, USUAL)
    assert NOON == starts_at(under(hours={"open": OPEN, "outside": "wait"}), NOON, USUAL)
    assert NOON == starts_at(under(hours={"open": CLOSED, "outside": "skip"}), NOON, USUAL)
    assert opens == starts_at(under(hours={"open": CLOSED, "outside": "wait"}), NOON, USUAL)


def test_an_unknown_time_zone_is_an_error() -> None:
    """Hours in a zone that does not exist are neither open nor closed."""
    nowhere = AccountSettings(time_zone="Europe/Atlantis")
    skips, waits = (under(hours={"open": OPEN, "outside": one}) for one in ("skip", "wait"))

    with pytest.raises(ValueError, match="Europe/Atlantis"):
        failed(skips, comment(), Contact(), "LINK", NOON, nowhere)
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        starts_at(waits, NOON, nowhere)


def test_an_answer_replaces_the_one_before_it() -> None:
    """There is one entry for a campaign and post, the latest; others stay."""
    other = had(OTHER_REEL)
    kept = answered(Contact(answered=(other, had(REEL))), OURS, REEL, NOON, comment().event_id)

    assert (had(REEL, at=NOON, event_id=comment().event_id), other) == kept


def test_the_same_answers_are_the_same_bytes() -> None:
    """The order they were given in does not show, with and without a post."""
    second = CampaignId(UUID(int=2))
    places = [(second, None), (OURS, REEL), (OURS, None), (second, OTHER_REEL), (OURS, OTHER_REEL)]

    def stored(order: list[tuple[CampaignId, MediaId | None]]) -> bytes:
        contact = Contact()
        for campaign_id, media_id in order:
            new = answered(contact, campaign_id, media_id, NOON, EARLIER)
            contact = Contact(answered=new)
        return CONTACT.dump_json(contact)

    assert stored(places) == stored(places[::-1])


@pytest.mark.parametrize(
    ("once", "expected"),
    [
        ({"per": "post"}, REEL),
        ({"per": "campaign"}, None),
        ({"per": "period", "period": "PT1H"}, None),
        (None, None),
    ],
)
def test_a_post_is_remembered_only_where_it_matters(
    once: dict[str, str] | None, expected: MediaId | None
) -> None:
    """A condition that doesn't ask for the post leaves one entry for all posts."""
    assert expected == remembered_post(under(once=once), comment())


@pytest.mark.parametrize("per", ["post", "campaign", "period"])
def test_what_was_remembered_is_found_again(per: str) -> None:
    """A comment answered once is followed by one that fails; deciding the first again is not."""
    once = under(once={"per": per} | ({"period": "P1D"} if per == "period" else {}))
    first, second = comment(), comment(comment_id="17900000000000002")
    post = remembered_post(once, first)
    after = Contact(answered=answered(Contact(), once.id, post, first.began_at, first.event_id))

    assert failed(once, first, after, "LINK", NOON, USUAL) is None
    assert "once" == failed(once, second, after, "LINK", NOON, USUAL)


def test_the_post_of_an_event() -> None:
    """A comment's post, the one behind an ad, a story; a message has none."""
    ad = comment(media_id=OTHER_REEL, original_media_id=REEL)

    assert [REEL, REEL, "18000000000000070", None] == [
        post_of(event) for event in (comment(), ad, story_reply(), message())
    ]
