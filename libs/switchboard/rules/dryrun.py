"""
What a campaign would have done with what happened lately, beside what the live ones would have.

Both are given the same stored events in the same order, to people of whom nothing is known at
first; what they decide changes what they know of a person, as it does in earnest. Waits and
follow-ups go off at their time. What the classifier and Meta had answered is used again where it
is stored with the event; where it is not, the event stays `asked`, and is counted so.

Nothing is sent. The candidate takes the place and the version number of the campaign it replaces,
so that a tap on what that one sent counts as one on the candidate's step at the same position.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from heapq import heappop, heappush
from typing import Any, Final, Literal

from pydantic_core import to_json

from switchboard.contracts import (
    INBOUND_EVENT,
    Answer,
    AnyAnswer,
    CampaignId,
    EventId,
    FlowDue,
    InboundEvent,
    IntentOption,
    PersonId,
)
from switchboard.contracts.ids import TraceId
from switchboard.contracts.questions import FollowerRead, PostsRead
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.ceilings import Ceiling
from switchboard.rules.contact import STRANGER, Contact, Origin
from switchboard.rules.decide import decide, opens_window_until
from switchboard.rules.decision import Decision, DeliveryKind, Draft, OriginAnswered
from switchboard.rules.forecast import Forecast, Job, forecast
from switchboard.rules.replaying import answer_of, classified
from switchboard.rules.rulebook import RuleBook, compile_rules

Json = Mapping[str, Any]
Change = Literal["gains", "loses", "changes"]

# What reaches a person, or the owner's server; the rest only moves a flow on.
_REACHES: Final = frozenset[DeliveryKind]({"public_reply", "private_reply", "message", "webhook"})
_MOST_ANSWERS: Final = 3  # classifier, following, posts: each once


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that would reach somebody; `content` is JSON."""

    campaign_id: CampaignId
    kind: DeliveryKind
    step: str
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One event that the two would have treated differently."""

    event_id: EventId
    person_id: PersonId | None
    at: datetime
    text: str | None
    live: tuple[Said, ...]
    candidate: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """How many events, and people, get something new, nothing any more, or something else."""

    events: int
    people: int
    examples: tuple[Example, ...]


@dataclass(slots=True)
class Totals:
    """
    What one set of rules would have done.

    `outcomes` counts events; `sends`, `by_campaign` and `by_day` (in UTC) what would be sent, by
    kind. `limited` is what the hourly limit does to the private replies.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    sends: Counter[str] = field(default_factory=Counter)
    by_campaign: dict[CampaignId, Counter[str]] = field(default_factory=dict)
    by_day: dict[date, Counter[str]] = field(default_factory=dict)
    people: int = 0
    limited: Forecast[EventId] | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """The two side by side. `unread` events could not be read by this release."""

    events: int
    unread: int
    live: Totals
    candidate: Totals
    changed: Mapping[Change, Changed]


def with_candidate(
    book: RuleBook,
    campaigns: Sequence[Campaign],
    intents: Sequence[IntentOption],
    candidate: CampaignDefinition,
    as_: CampaignId,
    *,
    published_at: datetime | None = None,
) -> RuleBook:
    """
    Return the rule book of `campaigns` with `candidate` in place of the campaign `as_`.

    `intents` are all of the account's: `book` has only those that its campaigns use. Without such a
    campaign the candidate is a new one, behind all others and published at `published_at`, which
    is what the next post is counted from. Posts that a campaign for the next post had found stay
    found.
    """
    others = [one for one in campaigns if one.id != as_]
    replaced = next((one for one in campaigns if one.id == as_), None)
    if replaced is None:
        rank = max((one.rank for one in others), default=0) + 1
        replaced = Campaign(
            id=as_, version=1, rank=rank, definition=candidate, published_at=published_at
        )
    new = replaced.model_copy(update={"definition": candidate})
    compiled = compile_rules(book.version, [*others, new], intents, book.settings, book.posts)
    return replace(compiled, others=book.others)


class DryRunning:
    """A dry run in progress: `take` each event, oldest first; then `result`."""

    def __init__(self, *, live: RuleBook, candidate: RuleBook) -> None:
        self._sides = _Side(live), _Side(candidate)
        self._answered: list[tuple[EventId, PersonId | None, datetime, str | None]] = []
        self._events = self._unread = 0

    def take(self, event: Json, decision: Json) -> None:
        """Decide one stored event, with the answers in its stored `decision`."""
        try:
            happened = INBOUND_EVENT.validate_python(event)
        except ValueError:
            self._unread += 1
            return
        self._events += 1
        answered = [side.take(happened, decision) for side in self._sides]
        if any(answered):
            text = getattr(happened, "text", None)
            self._answered.append((happened.event_id, happened.person, happened.received_at, text))

    def result(self, ceiling: Ceiling, *, examples: int) -> DryRun:
        """
        Let what still waits go off, and return what came of it.

        `ceiling` is the limit on private replies; of each kind of change at most `examples` are
        kept.
        """
        changes = Changes(examples)
        for side in self._sides:
            side.finish()
        for told in self._answered:
            changes.add(Example(*told, *(side.said.get(told[0], ()) for side in self._sides)))
        live, candidate = (side.result(ceiling) for side in self._sides)
        return DryRun(self._events, self._unread, live, candidate, changes.found())


class _Side:
    """One set of rules, and what it has come to know of people."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._contacts: dict[str, Contact] = {}
        self._timers: list[tuple[datetime, int, FlowDue, EventId]] = []
        self._set = 0
        self._contents: dict[str, str] = {}
        self._jobs: list[Job[EventId]] = []
        self._people: set[str] = set()
        self._totals = Totals()
        self._kinds: defaultdict[CampaignId, Counter[str]] = defaultdict(Counter)
        self._days: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self.said: dict[EventId, tuple[Said, ...]] = {}

    def take(self, event: InboundEvent, stored: Json) -> bool:
        """Let the timers go off that are due before, then decide; tell if a campaign answers."""
        if isinstance(event, FlowDue):
            return False  # of the version that was live then; this side has its own timers
        now = event.received_at
        self._go_off(until=now)
        decision = self._decided(event, stored, now)
        self._totals.outcomes[decision.outcome] += 1
        self._keep(event, decision, event.event_id)
        return decision.outcome == "matched"

    def finish(self) -> None:
        """Let the timers go off that are left."""
        self._go_off(until=None)

    def result(self, ceiling: Ceiling) -> Totals:
        """Return what came of it."""
        self._totals.by_campaign = dict(self._kinds)
        self._totals.by_day = dict(sorted(self._days.items()))
        self._totals.people = len(self._people)
        self._totals.limited = forecast(self._jobs, ceiling)
        return self._totals

    def _go_off(self, until: datetime | None) -> None:
        while self._timers and (until is None or self._timers[0][0] <= until):
            due, _, event, root = heappop(self._timers)
            decision = decide(event, self._book, self._known(event.person), due)
            self._keep(event, decision, root)

    def _decided(self, event: InboundEvent, stored: Json, now: datetime) -> Decision:
        """Decide, with the stored answers to what is asked on the way."""
        answers = _Answers(event, stored, now)
        contact = self._known(_person(event, answers.origin))
        decision = decide(event, self._book, contact, now, answers.origin)
        for _ in range(_MOST_ANSWERS):
            answer = answers.to(decision)
            if answer is None:
                break
            if isinstance(answer, PostsRead):
                posts = {one.media_id: one.posted_at for one in answer.posts}
                self._book = replace(self._book, posts={**self._book.posts, **posts})
            decision = decide(event, self._book, contact, now, answer)
        return decision

    def _keep(self, event: InboundEvent, decision: Decision, root: EventId) -> None:
        """Remember what the decision changed, and what it sends because of the event `root`."""
        known = decision.answer
        origin = known.origin if isinstance(known, OriginAnswered) else None
        person = _person(event, origin)
        self._remember(person, event, decision)
        for bound in decision.bound:
            self._bind(bound.campaign_id, bound.media_id)
        for draft in decision.drafts:
            if draft.kind == "timer" and person is not None:
                self._set_timer(draft, event, person, root)
            elif (what := said(draft)) is not None:
                self._say(draft, what, root)

    def _remember(self, person: str | None, event: InboundEvent, decision: Decision) -> None:
        opened = opens_window_until(event)
        if person is None or (decision.after is None and opened is None):
            return
        before = self._known(person)
        closes = max(filter(None, (before.window_closes_at, opened)), default=None)
        after = decision.after or before
        self._contacts[person] = replace(after, window_closes_at=closes)

    def _bind(self, campaign_id: CampaignId, media_id: str) -> None:
        """Let a campaign for the next post be for this one from now on."""
        self._book = replace(
            self._book,
            campaigns=tuple(
                replace(entry, campaign=_bound(entry.campaign, campaign_id, media_id))
                for entry in self._book.campaigns
            ),
        )

    def _set_timer(self, draft: Draft, event: InboundEvent, person: str, root: EventId) -> None:
        due = FlowDue(
            account_id=event.account_id,
            occurred_at=draft.not_before,
            received_at=draft.not_before,
            trace_id=TraceId(event.trace_id),
            person_id=PersonId(person),
            delivery_id=draft.id,
            campaign_id=draft.campaign_id,
            campaign_version=draft.campaign_version,
            step=int(draft.step.split(".", 1)[0]),
        )
        self._set += 1
        heappush(self._timers, (draft.not_before, self._set, due, root))

    def _say(self, draft: Draft, what: Said, root: EventId) -> None:
        known = self._contents.setdefault(what.content, what.content)  # most say the same
        one = replace(what, content=known)
        self.said[root] = (*self.said.get(root, ()), one)
        self._totals.sends[draft.kind] += 1
        self._kinds[draft.campaign_id][draft.kind] += 1
        self._days[draft.not_before.date()][draft.kind] += 1
        if draft.person_id is not None:
            self._people.add(draft.person_id)
        if draft.kind == "private_reply" and draft.lane == "usual":
            self._jobs.append(Job(draft.not_before, draft.deadline, root))

    def _known(self, person: str | None) -> Contact:
        return STRANGER if person is None else self._contacts.get(person, STRANGER)


class _Answers:
    """What the classifier and Meta had said about an event, each given once."""

    def __init__(self, event: InboundEvent, stored: Json, now: datetime) -> None:
        self._event = event
        learnt = answer_of(event, stored, now) if stored.get("answer") else None
        self.origin = learnt if isinstance(learnt, Origin) else None
        self._read: AnyAnswer | None = None if isinstance(learnt, Origin) else learnt
        self._classified = (
            learnt if isinstance(learnt, Answer) else classified(event, stored.get("earlier"), now)
        )
        self._given: set[str] = set()

    def to(self, decision: Decision) -> AnyAnswer | None:
        """Return the answer to what `decision` asks, if it is known and was not given before."""
        if decision.outcome != "asked" or decision.because in self._given:
            return None
        self._given.add(decision.because)
        match decision.because, self._read:
            case "asks_classifier", _:
                return self._classified
            case "asks_follower", FollowerRead() as read:
                return read
            case "asks_posts", PostsRead() as read:
                return read
            case _:
                return None


class Changes:
    """Collects the events that two sets of rules treat differently."""

    def __init__(self, examples: int) -> None:
        self._most = examples
        self._examples: dict[Change, list[Example]] = {"gains": [], "loses": [], "changes": []}
        self._events: Counter[Change] = Counter()
        self._people: defaultdict[Change, set[str]] = defaultdict(set)

    def add(self, example: Example) -> None:
        """Count the event, if the two say different things, and keep it if it is an early one."""
        if example.live == example.candidate:
            return
        change: Change = "changes"
        if not example.live or not example.candidate:
            change = "loses" if example.live else "gains"
        self._events[change] += 1
        if example.person_id is not None:
            self._people[change].add(example.person_id)
        if len(self._examples[change]) < self._most:
            self._examples[change].append(example)

    def found(self) -> dict[Change, Changed]:
        """Return what was collected."""
        return {
            change: Changed(self._events[change], len(self._people[change]), tuple(examples))
            for change, examples in self._examples.items()
        }


def said(draft: Draft) -> Said | None:
    """Return what reaches somebody by `draft`, if anything does."""
    if draft.kind not in _REACHES:
        return None
    return Said(draft.campaign_id, draft.kind, draft.step, to_json(draft.content).decode())


def _person(event: InboundEvent, origin: Origin | None) -> str | None:
    """Return whose contact it is: of a click, as our deliveries say."""
    return event.person or (origin.person_id if origin is not None else None)


def _bound(campaign: Campaign, campaign_id: CampaignId, media_id: str) -> Campaign:
    if campaign.id != campaign_id:
        return campaign
    return campaign.model_copy(update={"next_media_id": media_id})
