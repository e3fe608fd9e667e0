"""What holds of remembering answers, in any order and number."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts import CampaignId, EventId, MediaId
from switchboard.rules.conditions import answered
from switchboard.rules.contact import AnsweredBefore, Contact
from tests.support.builders import NOON

ANSWERS = st.lists(
    st.builds(
        AnsweredBefore,
        campaign_id=st.integers(1, 3).map(lambda n: CampaignId(UUID(int=n))),
        media_id=st.none() | st.sampled_from([MediaId("1"), MediaId("2")]),
        at=st.integers(0, 100).map(lambda m: NOON + timedelta(minutes=m)),
        event_id=st.integers(1, 9).map(lambda n: EventId(UUID(int=n))),
    ),
    max_size=12,
)


def after(answers: list[AnsweredBefore]) -> Contact:
    """Return a contact who got these answers, one after the other."""
    contact = Contact()
    for one in answers:
        kept = answered(contact, one.campaign_id, one.media_id, one.at, one.event_id)
        contact = Contact(answered=kept)
    return contact


@given(ANSWERS)
def test_the_last_answer_of_each_place_is_kept(answers: list[AnsweredBefore]) -> None:
    """One entry for each campaign and post, the one given last; sorted."""
    last = {(one.campaign_id, one.media_id or ""): one for one in answers}

    assert tuple(last[place] for place in sorted(last)) == after(answers).answered


@given(ANSWERS)
def test_an_answer_told_again_changes_nothing(answers: list[AnsweredBefore]) -> None:
    """Deciding again because of the last event leaves the same contact."""
    assert after(answers) == after([*answers, *answers[-1:]])
