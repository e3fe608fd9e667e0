"""
What is going to happen: who does what when, and what breaks when. A pure function of seed and size.

    ── prologue ──┬──────────── the load ────────────┬─ drain ─▶
    a crowd, and  │ people act; one phase of faults  │ everything is whole, held webhooks
    a few urgent  │ after the other                  │ are delivered, time passes

Before the load begins a crowd has commented at the viral account, more than could be answered at
once, and after it a few people whose seven days end soon. All faults are over before the drain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tools.chaos import phases
from tools.chaos.faults import Fault
from tools.chaos.town import CORNER, FIRST_SHOP, ON_AIR, VIRAL

Kind: TypeAlias = Literal[
    "link",  # a comment: public and private reply
    "both",  # a comment two campaigns want
    "guide",  # a comment, a private reply with a button, a tap, a chain of three
    "chatter",  # a comment nobody answers
    "price",  # a message: an answer; then seen, and a reaction
    "clip",  # a message: a video
    "thanks",  # an answer to a story
    "later",  # a message: an answer, and seconds later another
    "question",  # a message only the classifier may understand, and does not
    "stop_start",  # an answer; STOP, none; START, one again
    "stop_between",  # STOP between an answer and the next
    "live",  # a comment during a broadcast
    "crowd",  # one of the crowd's comments
]

# Taps need time to come; those who stop and start need more.
_NOT_LATE: Final[dict[str, float]] = {"guide": 0.7, "stop_start": 0.3, "stop_between": 0.5}
_OF_SHOPS: Final[dict[Kind, int]] = {
    "link": 22,
    "both": 6,
    "guide": 18,
    "chatter": 8,
    "price": 16,
    "clip": 5,
    "thanks": 9,
    "later": 5,
    "question": 5,
    "stop_start": 3,
    "stop_between": 3,
}
# What is done in several steps is told plainly, so that the person's order is the webhooks' order.
_IN_STEPS: Final = frozenset({"stop_start", "stop_between"})
_FLUSHED_EVERY_S: Final = 6.0
# The sender's SENDER_WINDOW_MARGIN_S, as it is by default, and a call.
MARGIN_S: Final = 305.0
_MOST_ASKED: Final = 700  # of 750 an hour: while waits are skipped, Meta's clock stands still


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of it: seconds, accounts and people."""

    load_s: float
    shops: int = 9
    per_s: float = 4.0  # people of the shops who begin something, each second
    crowd: int = 64
    corner: int = 45
    live: int = 40
    urgent: int = 4

    def __post_init__(self) -> None:
        """Refuse a load that is too much for Meta's hour, or too short to break everything once."""
        if self.crowd + self.urgent + self.corner > _MOST_ASKED:
            raise ValueError(
                f"over {_MOST_ASKED} private replies: Meta's hour has no room for them"
            )
        least_s = phases.LEAST * phases.PHASE_S
        if self.load_s < least_s:
            raise ValueError(f"a load of {self.load_s:g} s: to break everything takes {least_s:g}")

    @property
    def urgent_for_s(self) -> float:
        """
        How long before the end of their seven days the urgent are heard of.

        They can be answered for a while after the load; what comes later than that is too near the
        end for us, who keep away from Meta's deadlines.
        """
        return self.load_s + 40.0 + MARGIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a webhook is told: how often, held back until others are, or long after it happened."""

    copies: int = 1
    hold: bool = False
    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one person does, from `at_s` on."""

    at_s: float
    kind: Kind
    place: int
    person: str
    telling: Telling = field(default_factory=Telling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """Held webhooks are delivered."""

    at_s: float
    batch: bool
    order: Literal["given", "reversed", "shuffled"]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is going to happen, each list in order of its moments."""

    seed: int
    size: Size
    crowd: Sequence[Scene]
    urgent: Sequence[Scene]
    scenes: Sequence[Scene]
    flushes: Sequence[Flush]
    faults: Sequence[Fault]


def plan_of(seed: int, size: Size) -> Plan:
    """Return the plan of `seed`: the same for the same arguments, on any machine."""
    people = random.Random(f"people {seed}")
    names = (f"p{number}" for number in range(10**6))
    scenes = [*_at_shops(people, size, names), *_at_corner(people, size, names)]
    scenes += _on_air(people, size, names)
    return Plan(
        seed=seed,
        size=size,
        crowd=[_of_crowd(name) for name in _some(names, size.crowd)],
        urgent=[_of_crowd(name) for name in _some(names, size.urgent)],
        scenes=sorted(scenes, key=lambda scene: scene.at_s),
        flushes=_flushes(people, size),
        faults=phases.faults_of(
            random.Random(f"faults {seed}"),
            load_s=size.load_s,
            shops=range(FIRST_SHOP, FIRST_SHOP + size.shops),
        ),
    )


def _at_shops(people: random.Random, size: Size, names: Iterator[str]) -> Iterator[Scene]:
    """Yield one scene of each kind at least, and then as they come."""
    count = round(size.per_s * size.load_s)
    kinds, weights = list(_OF_SHOPS), list(_OF_SHOPS.values())
    drawn = people.choices(kinds, weights, k=max(0, count - len(kinds)))
    for kind in (*kinds, *drawn):
        yield Scene(
            at_s=people.uniform(0, size.load_s * _NOT_LATE.get(kind, 0.95)),
            kind=kind,
            place=FIRST_SHOP + people.randrange(size.shops),
            person=next(names),
            telling=Telling() if kind in _IN_STEPS else _telling(people),
        )


def _at_corner(people: random.Random, size: Size, names: Iterator[str]) -> Iterator[Scene]:
    for name in _some(names, size.corner):
        at_s = people.uniform(0, size.load_s * 0.9)
        yield Scene(at_s=at_s, kind="crowd", place=CORNER, person=name)


def _on_air(people: random.Random, size: Size, names: Iterator[str]) -> Iterator[Scene]:
    """Yield the comments of a broadcast: all within a second."""
    burst_at_s = people.uniform(0.2, 0.6) * size.load_s
    for name in _some(names, size.live):
        at_s = burst_at_s + people.uniform(0, 1)
        yield Scene(at_s=at_s, kind="live", place=ON_AIR, person=name)


def _of_crowd(person: str) -> Scene:
    return Scene(at_s=0.0, kind="crowd", place=VIRAL, person=person)


def _telling(people: random.Random) -> Telling:
    drawn = people.random()
    if drawn < 0.2:
        return Telling(copies=people.choice((2, 2, 3)))
    if drawn < 0.4:
        return Telling(hold=True, copies=people.choice((1, 1, 2)))
    if drawn < 0.5:
        return Telling(late_s=people.uniform(60, 7200))
    return Telling()


def _flushes(people: random.Random, size: Size) -> list[Flush]:
    """Deliver what is held every few seconds: as one batch or one by one, in any order."""
    times = [_FLUSHED_EVERY_S * n for n in range(1, int(size.load_s // _FLUSHED_EVERY_S) + 1)]
    return [
        Flush(
            at_s=at_s,
            batch=people.random() < 0.5,
            order=people.choice(("given", "reversed", "shuffled")),
            seed=people.randrange(1000),
        )
        for at_s in times
    ]


def _some(names: Iterator[str], count: int) -> list[str]:
    return [next(names) for _ in range(count)]
