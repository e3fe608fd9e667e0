"""
The faults of a load, phase after phase.

What would excuse each other is kept apart: while Meta restricts accounts nobody is killed, so that
a call made in spite of a restriction has no excuse. Within a phase faults overlap as they like, as
long as no two concern the same thing. Each plan has every sort of phase; the order is drawn, and in
a longer load some come again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from tools.chaos.faults import (
    CareDue,
    Down,
    Emptied,
    Fault,
    How,
    Killed,
    MetaFails,
    MetaFault,
    Paused,
    Poisoned,
    QueuesFail,
    TokenDead,
)
from tools.chaos.queue_faults import ANY, Kind, QueueFault

PHASE_S: Final = 8.0
_BREATH_S: Final = 1.0  # at the end of a phase nothing is broken
_LONG_S: Final = 90.0  # a load that is long enough to stop the whole app towards its end

Phase: TypeAlias = Callable[[random.Random, float, Sequence[int]], list[Fault]]


def faults_of(drawn: random.Random, *, load_s: float, shops: Sequence[int]) -> list[Fault]:
    """Return the faults of a load of `load_s` seconds, of which some concern single `shops`."""
    last = [_app_limited] if load_s >= _LONG_S else []
    count = int(load_s // PHASE_S) - len(last)
    chosen = [*PHASES, *drawn.choices(PHASES, k=max(0, count - len(PHASES)))]
    drawn.shuffle(chosen)
    faults: list[Fault] = []
    for number, phase in enumerate([*chosen, *last]):
        faults += phase(drawn, number * PHASE_S, shops)
    return sorted(faults, key=lambda fault: (fault.at_s, str(fault)))


def _senders_killed(drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """Kill both senders, one after the other, while their calls are slow and told of twice."""
    return [
        _meta(at_s, 6.0, MetaFault(preset="slow", on="writes", delay_s=1.2, probability=0.8)),
        _queues(at_s, 6.5, "outbound", "ReceiveMessage", "twice", share=0.8, delay_s=0.8),
        Killed(at_s=at_s + drawn.uniform(1.5, 2.5), for_s=0.5, who="sender"),
        Killed(at_s=at_s + drawn.uniform(4.0, 5.0), for_s=0.5, who="sender-2"),
    ]


def _answers_lost(drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """Lose Meta's answers in several ways, and kill or pause what stands before the senders."""
    unclear = drawn.sample(_UNCLEAR, k=4)
    lost = [MetaFault(preset=one, times=2, probability=0.25) for one in unclear]
    lost.append(MetaFault(preset="done_then_hang_up", on="replies", times=1))
    lost.append(MetaFault(preset="done_then_500", on="messages", times=1))
    lost.append(MetaFault(preset="echo_first", probability=0.4))
    lost.append(MetaFault(preset="too_much_data", times=3))
    return [
        *(_meta(at_s, 6.0, fault) for fault in lost),
        Killed(at_s=at_s + drawn.uniform(0.5, 1.5), for_s=0.5, who="router"),
        Killed(at_s=at_s + drawn.uniform(2.0, 3.0), for_s=0.5, who="classifier"),
        Paused(at_s=at_s + drawn.uniform(3.5, 4.0), for_s=1.2, who="ingress"),
        Paused(at_s=at_s + drawn.uniform(5.0, 5.5), for_s=1.2, who="router-2"),
    ]


def _servers_away(drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """Empty Redis, stop PostgreSQL and Redis, and have messages come twice meanwhile."""
    ways: tuple[How, ...] = ("politely", "at_once", "killed")
    return [
        _queues(at_s, 6.5, "events", "ReceiveMessage", "twice", share=0.5, delay_s=3.0),
        _queues(at_s, 6.5, "outbound", "ReceiveMessage", "twice", share=0.5, delay_s=3.0),
        Emptied(at_s=at_s + drawn.uniform(0.2, 0.8)),
        Down(
            at_s=at_s + drawn.uniform(1.2, 1.6),
            for_s=1.2,
            server="postgres",
            how=drawn.choice(ways),
        ),
        # Far shorter than what is left of a lease: who stood still longer would call too late.
        Paused(at_s=at_s + drawn.uniform(2.9, 3.1), for_s=1.2, who="sender"),
        Down(
            at_s=at_s + drawn.uniform(4.5, 5.0), for_s=1.0, server="redis", how=drawn.choice(ways)
        ),
        Emptied(at_s=at_s + 6.5),
    ]


def _queues_fail(drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """
    Let SQS refuse, delay, hang and lose its answers; poison a queue.

    Ingress is killed while it cannot store what comes: what it has not stored it must not accept.
    """
    chosen = drawn.sample(_QUEUE_TROUBLES, k=3)
    return [
        _queues(at_s, 5.0, "events", "SendMessageBatch", "refuse"),
        *(QueuesFail(at_s=at_s + drawn.uniform(0, 2), for_s=4.5, fault=one) for one in chosen),
        Poisoned(at_s=at_s + drawn.uniform(5.5, 6.5), queue=drawn.choice(("events", "outbound"))),
        Killed(at_s=at_s + drawn.uniform(2.0, 3.0), for_s=0.5, who="router-2"),
        Killed(at_s=at_s + drawn.uniform(4.0, 4.8), for_s=0.5, who="ingress"),
        Paused(at_s=at_s + drawn.uniform(5.2, 5.7), for_s=1.2, who="sqs"),
    ]


def _restricted(drawn: random.Random, at_s: float, shops: Sequence[int]) -> list[Fault]:
    """Let Meta refuse: people for ever, accounts for a while; let a token die."""
    whom = drawn.sample(list(shops), k=6)
    held = drawn.sample(_HOLDS, k=2)
    limited = drawn.choice(("messaging_limited", "account_limited", "budget_exhausted"))
    final = drawn.sample(_FINAL, k=2)
    return [
        CareDue(at_s=at_s + drawn.uniform(1.0, 4.0)),
        *(_meta(at_s, 6.5, _hold(one, place)) for one, place in zip(held, whom[:2], strict=True)),
        _meta(at_s, 6.5, MetaFault(preset=limited, account=whom[2], times=2)),
        *(
            _meta(at_s, 6.5, MetaFault(preset=one, account=place, times=1))
            for one, place in zip(final, whom[3:5], strict=True)
        ),
        TokenDead(
            at_s=at_s + drawn.uniform(0, 2),
            for_s=4.0,
            account=whom[5],
            preset=drawn.choice(_DEAD),
        ),
    ]


def _caretaker_killed(drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """Kill the caretaker twice in the middle of its work, while Meta is slow or hangs up on it."""
    return [
        _meta(at_s, 6.5, MetaFault(preset="slow", on="reads", delay_s=0.8, probability=0.4)),
        _meta(at_s, 6.5, MetaFault(preset="hang_up", on="reads", probability=0.2)),
        _queues(at_s, 6.5, "events", "SendMessageBatch", "lose_answer", share=0.3),
        CareDue(at_s=at_s + drawn.uniform(0.2, 0.6)),
        Killed(at_s=at_s + drawn.uniform(0.8, 1.8), for_s=0.2, who="control"),
        Paused(at_s=at_s + drawn.uniform(2.2, 2.6), for_s=1.0, who="router"),
        CareDue(at_s=at_s + drawn.uniform(5.5, 6.0)),
        Killed(at_s=at_s + drawn.uniform(6.2, 6.8), for_s=0.2, who="control"),
    ]


def _app_limited(_drawn: random.Random, at_s: float, _shops: Sequence[int]) -> list[Fault]:
    """Let Meta refuse the whole app for a while: every account's calls."""
    return [_meta(at_s, 5.0, MetaFault(preset="app_limited", times=1, hold_s=5.0))]


PHASES: Final[Sequence[Phase]] = (
    _senders_killed,
    _answers_lost,
    _servers_away,
    _queues_fail,
    _restricted,
    _caretaker_killed,
)
LEAST: Final = len(PHASES)

_UNCLEAR: Final = (
    "done_then_silence",
    "done_then_500",
    "done_then_unknown_failure",
    "done_then_answer_lost",
    "done_then_service_failure",
    "done_then_send_failure",
    "done_then_garbage",
    "done_then_hang_up",
    "comment_created_then_refused",
    "hang_up",
    "unknown_failure",
    "service_failure",
    "send_failure",
)
_HOLDS: Final = (
    "policy_block",
    "suspected_spam",
    "account_restricted",
    "sending_restricted",
    "account_blocked",
    "link_restricted",
    "message_access_off",
    "messages_disabled",
)
_FINAL: Final = (
    "window_closed",
    "person_missing",
    "person_unreachable",
    "thread_taken",
    "comment_not_answerable",
    "object_missing",
    "already_answered",
)
_DEAD: Final = (
    "token_dead",
    "app_removed",
    "password_changed",
    "token_expired",
    "token_revoked",
)
_QUEUE_TROUBLES: Final = (
    QueueFault(queue="outbound", action="SendMessageBatch", kind="lose_answer", share=0.5),
    QueueFault(queue="outbound", action="SendMessageBatch", kind="refuse_some"),
    QueueFault(queue="events", action="DeleteMessageBatch", kind="refuse", share=0.7),
    QueueFault(queue="outbound", action="DeleteMessageBatch", kind="lose_answer", share=0.7),
    QueueFault(queue="outbound", action="ReceiveMessage", kind="delay", share=0.5),
    QueueFault(queue="events", action="ReceiveMessage", kind="lose_answer", share=0.3),
    QueueFault(queue="classified", action=ANY, kind="hang"),
    QueueFault(queue="classify", action="ReceiveMessage", kind="twice", delay_s=2.0),
    QueueFault(queue="outbound", action="ReceiveMessage", kind="hang", share=0.7),
    QueueFault(queue=ANY, action="ChangeMessageVisibilityBatch", kind="refuse"),
)


def _hold(preset: str, place: int) -> MetaFault:
    """Restrict an account for 20 s; calls of the first three are taken to have been under way."""
    return MetaFault(preset=preset, account=place, times=1, hold_s=20.0, hold_grace_s=3.0)


def _meta(at_s: float, for_s: float, fault: MetaFault) -> MetaFails:
    return MetaFails(at_s=at_s, for_s=for_s, fault=fault)


def _queues(
    at_s: float,
    for_s: float,
    queue: str,
    action: str,
    kind: Kind,
    *,
    share: float = 1.0,
    delay_s: float = 1.0,
) -> QueuesFail:
    fault = QueueFault(queue=queue, action=action, kind=kind, share=share, delay_s=delay_s)
    return QueuesFail(at_s=at_s, for_s=for_s, fault=fault)
