"""
The states of a delivery, and what may become of each.

    waiting ─▶ parked ⇄ ready ─▶ sending ─▶ sent
                  ▲                 │  ├──▶ refused | expired
                  └─────────────────┘  └──▶ uncertain ─▶ sent | ready | refused | expired

What waits may also be called off, or run out of time. The database enforces the same table
(`private.may_become`), whoever writes the statement, and keeps each step with its moment and who
took it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal[
    "waiting",  # for an earlier one of its chain
    "parked",  # for its time, or for its turn
    "ready",  # a sender was told
    "sending",  # a sender has it, until its lease runs out
    "sent",
    "refused",  # it will never be sent; the reason is kept
    "expired",  # its time ran out
    "cancelled",
    "uncertain",  # the call left us, and nobody knows what came of it
]

# Who takes a step, as it is kept: a service's worker, or what else made it happen.
Mover: TypeAlias = Literal[
    "sender",
    "pacer",
    "chain",  # the one it waited for ended
    "reconciler",
    "owner",  # a person decided
    "import",  # another installation owed it
    "erasing",  # the person it was for was erased
]

BECOMES: Final[Mapping[State, frozenset[State]]] = {
    "waiting": frozenset({"parked", "ready", "cancelled", "expired"}),
    "parked": frozenset({"ready", "cancelled", "expired", "refused"}),
    "ready": frozenset({"sending", "parked", "cancelled", "expired"}),
    "sending": frozenset({"sent", "refused", "parked", "ready", "uncertain", "expired"}),
    "uncertain": frozenset({"sent", "ready", "cancelled", "refused", "expired"}),
    "sent": frozenset(),
    "refused": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}

FINAL: Final[frozenset[State]] = frozenset(state for state, after in BECOMES.items() if not after)
# Nobody is at it, and time alone may end it.
IDLE: Final[frozenset[State]] = frozenset({"waiting", "parked", "ready"})
# Still to be sent, or being sent: what `not_before` and `deadline` are of interest for.
OPEN: Final[frozenset[State]] = IDLE | {"sending"}


def may_become(before: State, after: State) -> bool:
    """Whether a delivery that is `before` may be `after` next; staying is no step."""
    return after in BECOMES[before]
