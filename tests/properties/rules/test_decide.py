"""What holds of decisions for whatever happens: the same ones, once, whoever comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.contracts import CampaignId, EventId, InboundEvent, PersonId
from switchboard.contracts.events import Comment
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.contact import CONTACT, Contact
from switchboard.rules.decide import decide, opens_window_until
from switchboard.rules.decision import Decision
from switchboard.rules.rulebook import RuleBook, compile_rules
from tests.support.builders import NOON, flow_due
from tests.support.campaigns import definitions
from tests.support.corpus import definitions as shop
from tests.support.corpus import happenings

IDS = {name: CampaignId(UUID(int=number)) for number, name in enumerate(shop(), start=1)}
HAPPENED = list(happenings(1500, campaigns=IDS))
MOMENTS = st.lists(st.sampled_from(HAPPENED), min_size=1, max_size=60, unique=True)


def book(made: Mapping[CampaignId, CampaignDefinition]) -> RuleBook:
    """Return the rule book of these campaigns, all live."""
    campaigns = [
        Campaign(id=one, version=1, rank=rank, definition=definition, published_at=NOON)
        for rank, (one, definition) in enumerate(made.items())
    ]
    return compile_rules(7, campaigns, [])


BY_KIND: defaultdict[str, list[InboundEvent]] = defaultdict(list)
for _one in HAPPENED:
    BY_KIND[_one.kind.removesuffix(".v1")].append(_one)
# Campaigns with something that may set them off.
SET_OFF = (
    definitions()
    .filter(lambda made: made.trigger.kind in BY_KIND)
    .flatmap(lambda made: st.tuples(st.just(made), st.sampled_from(BY_KIND[made.trigger.kind])))
)

SHOP = book({IDS[name]: definition for name, definition in shop().items()})


class People:
    """Contacts as a router keeps them: each decision leaves the contact the next one meets."""

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._known: defaultdict[PersonId | None, Contact] = defaultdict(Contact)
        self.decisions: dict[EventId, Decision] = {}

    def all(self, events: Iterable[InboundEvent]) -> Mapping[EventId, Decision]:
        """Decide all of them, one after the other; return the decisions."""
        for event in events:
            self.one(event)
        return self.decisions

    def one(self, event: InboundEvent) -> Decision:
        """Decide one event; what was remembered has been written and read again."""
        before = CONTACT.validate_json(CONTACT.dump_json(self._known[event.person]))
        times = (opens_window_until(event), before.window_closes_at)
        before = replace(before, window_closes_at=max((t for t in times if t), default=None))
        decision = decide(event, self._rules, before, event.received_at)
        self._known[event.person] = decision.after or before
        self.decisions[event.event_id] = decision
        return decision


def in_time(events: Sequence[InboundEvent]) -> list[InboundEvent]:
    """Return the events in the order in which they came."""
    return sorted(events, key=lambda event: (event.received_at, event.event_id))


@given(MOMENTS)
@settings(deadline=None, max_examples=60)
def test_the_same_things_get_the_same_decisions_to_the_byte(events: list[InboundEvent]) -> None:
    """Nothing but the arguments matters, and a contact survives being stored."""
    once, again = People(SHOP).all(in_time(events)), People(SHOP).all(in_time(events))

    assert [one.explanation() for one in once.values()] == [
        one.explanation() for one in again.values()
    ]


@given(MOMENTS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_people_do_not_decide_for_each_other(
    events: list[InboundEvent],
    shuffled: st.randoms,  # type: ignore[valid-type]
) -> None:
    """However the events of different people are mixed, each of them gets the same."""
    by_person: defaultdict[str, list[InboundEvent]] = defaultdict(list)
    for event in in_time(events):
        by_person[str(event.person)].append(event)
    mixed: list[InboundEvent] = []
    lanes = list(by_person.values())
    while lanes:
        lane = shuffled.choice(lanes)  # type: ignore[attr-defined]
        mixed.append(lane.pop(0))
        lanes = [one for one in lanes if one]

    ordered = People(SHOP).all(in_time(events))

    assert ordered == People(SHOP).all(mixed)


@given(SET_OFF, st.integers(0, 3))
@settings(deadline=None, max_examples=200)
def test_any_campaign_keeps_metas_rules(
    met: tuple[CampaignDefinition, InboundEvent], timers: int
) -> None:
    """
    Sound or not, no campaign says two private things to a comment, or one without a window.

    Nor after its time: each delivery may still be made when it is due, and waits that go on
    lead to nothing else.
    """
    definition, event = met
    people = People(book({CampaignId(UUID(int=77)): definition}))
    decisions = [people.one(event)]
    for _ in range(timers):
        due = [draft for draft in decisions[-1].drafts if draft.kind == "timer"]
        decisions += [people.one(flow_due(one, account_id=event.account_id)) for one in due[:1]]

    to_comment = [one for d in decisions for one in d.drafts if one.kind == "private_reply"]
    assert len(to_comment) <= isinstance(event, Comment)
    for draft in (one for decision in decisions for one in decision.drafts):
        if draft.kind == "message":
            assert not isinstance(event, Comment)
            assert draft.not_before < draft.deadline <= event.began_at + timedelta(hours=24)
        if draft.kind in {"private_reply", "public_reply"}:
            assert draft.deadline <= event.began_at + timedelta(days=7)
    ids = [one.id for decision in decisions for one in decision.drafts]
    assert len(ids) == len(set(ids))
