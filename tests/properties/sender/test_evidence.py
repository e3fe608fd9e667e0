"""Whatever Meta did and shows: no message is two deliveries', and none is sent that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sender.evidence import Absent, Found, Rival, Sighting, Sought, Span, judge
from switchboard.contracts import MessageId
from switchboard.rules.wording import Told, Wording
from tests.unit.sender.builders import NOON

SKEW, SETTLE = timedelta(seconds=10), timedelta(seconds=120)


@dataclass
class One:
    """A delivery in doubt to the one person there is, and what Meta made of it."""

    number: int
    private: bool
    text: str
    begin: datetime
    end: datetime
    made_at: datetime | None
    fate: Literal["open", "sent", "absent"] = "open"
    message: str | None = None

    @property
    def attempt(self) -> Span:
        return Span(self.begin - SKEW, self.end + SKEW)

    @property
    def wording(self) -> Wording:
        return Wording(frozenset({self.text}))

    def sought(self) -> Sought:
        return Sought(
            wording=self.wording,
            since=self.attempt.begin,
            until=self.end + SETTLE,
            attempt=self.attempt,
            one_for_each=self.private,
        )


@st.composite
def deliveries(draw: st.DrawFn, *, private: bool | None = None) -> list[One]:
    """Draw some deliveries to one person, begun within some minutes, made or not."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        begin = NOON + timedelta(seconds=draw(st.integers(0, 400)))
        end = begin + timedelta(seconds=draw(st.integers(0, 60)))
        # Meta acts while it is called, as far as clocks agree, or a little later.
        late_s = draw(st.one_of(st.floats(0, 1), st.floats(0, 110)))
        made_at = begin + (end - begin) * draw(st.floats(0, 1)) + timedelta(seconds=late_s)
        found.append(
            One(
                number=number,
                private=draw(st.booleans()) if private is None else private,
                text=draw(st.sampled_from(["Hello", "Welcome"])),
                begin=begin,
                end=end,
                made_at=made_at if draw(st.booleans()) else None,
            )
        )
    return found


def shown(ones: list[One], skew_s: float) -> list[Sighting]:
    """Return what Meta tells: whole seconds, by its own clock."""
    return [
        Sighting(
            source="conversation",
            message_id=MessageId(f"mid.{one.number}"),
            at=(one.made_at + timedelta(seconds=skew_s)).replace(microsecond=0),
            own=True,
            told=Told(one.text),
        )
        for one in ones
        if one.made_at is not None
    ]


def reconcile(
    ones: list[One], sightings: list[Sighting], order: list[int], hidden: set[str]
) -> None:
    """Look for each in `order`, taking what is found as the database does: once."""
    view = [one for one in sightings if one.message_id not in hidden]
    for place in order:
        one = ones[place % len(ones)]
        if one.fate != "open":
            continue
        rivals = [
            Rival(other.wording, other.attempt, one_for_each=other.private)
            for other in ones
            if other is not one and other.fate == "open"
        ]
        taken = {other.message for other in ones if other.message is not None}
        verdict = judge(one.sought(), view, taken=taken, rivals=rivals, complete=not hidden)
        match verdict:
            case Found(sighting):
                assert sighting.message_id not in taken
                one.fate, one.message = "sent", sighting.message_id
            case Absent():
                one.fate = "absent"


ORDERS = st.lists(st.integers(0, 4), max_size=30)
SKEWS = st.floats(-4, 4)


@settings(deadline=None, max_examples=400)
@given(ones=deliveries(), order=ORDERS, skew_s=SKEWS)
def test_nothing_is_sent_more_often_than_it_was_owed(
    ones: list[One], order: list[int], skew_s: float
) -> None:
    """Of the same words, no more are sent again than Meta did not make; none is found twice."""
    reconcile(ones, shown(ones, skew_s), order, hidden=set())

    messages = [one.message for one in ones if one.message is not None]
    assert len(set(messages)) == len(messages)
    for text in ("Hello", "Welcome"):
        alike = [one for one in ones if one.text == text]
        again = sum(one.fate == "absent" for one in alike)
        assert again <= sum(one.made_at is None for one in alike)


@settings(deadline=None, max_examples=400)
@given(
    ones=deliveries(),
    order=ORDERS,
    skew_s=SKEWS,
    hidden=st.sets(st.integers(0, 4).map("mid.{}".format), min_size=1),
)
def test_what_is_out_of_view_is_not_absent(
    ones: list[One], order: list[int], skew_s: float, hidden: set[str]
) -> None:
    """While not everything is seen, nothing is sent again."""
    reconcile(ones, shown(ones, skew_s), order, hidden)

    assert all(one.fate != "absent" for one in ones)


@settings(deadline=None, max_examples=400)
@given(ones=deliveries(private=True), order=ORDERS, skew_s=SKEWS)
def test_private_replies_are_not_mistaken_for_each_other(
    ones: list[One], order: list[int], skew_s: float
) -> None:
    """What is absent was not made; and unless Meta is late, what is found is that very one."""
    reconcile(ones, shown(ones, skew_s), order, hidden=set())
    in_time = all(
        one.made_at is None or one.made_at <= one.end + timedelta(seconds=1) for one in ones
    )

    for one in ones:
        if one.fate == "absent":
            assert one.made_at is None or not in_time
        if one.fate == "sent" and in_time:
            assert one.made_at is not None


@settings(deadline=None, max_examples=200)
@given(ones=deliveries(), skew_s=SKEWS)
def test_who_is_alone_is_always_decided(ones: list[One], skew_s: float) -> None:
    """A delivery with no other beside it is found if it was made, and absent if it was not."""
    one = ones[0]
    reconcile([one], shown([one], skew_s), [0], hidden=set())

    assert ("absent" if one.made_at is None else "sent") == one.fate
