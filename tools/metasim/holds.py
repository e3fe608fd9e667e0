"""
Restrictions that last: what was refused once is refused for a while, and better not tried.

    refused ──grace──▶ held ──probe_s──▶ one call may look ──probe_s──▶ … ──hold_s──▶ over

A call that was already under way when the refusal was answered comes within the grace. A call that
looks whether the restriction is over is refused as well, but was rightly made. Any other call was
made by somebody who knew better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tools.metasim.orders import Fault, FaultTarget

Meeting = Literal["under_way", "probe", "while_held"]


@dataclass(frozen=True, slots=True)
class Held:
    """A call that met a restriction: the fault it is refused with, and what is to be said of it."""

    fault: Fault
    meeting: Meeting
    left_s: float


@dataclass(slots=True)
class _Hold:
    fault: Fault
    account_id: str | None  # None: every account
    began_at_s: float
    ends_at_s: float
    probe_from_s: float | None  # from then on one call may look


class Holds:
    """The restrictions in force. All moments are simulated, so a moved clock ends them."""

    def __init__(self) -> None:
        self._holds: list[_Hold] = []

    def begin(self, fault: Fault, account_id: str | None, *, now_s: float) -> None:
        """Restrict the account, or every account, from now on; without `hold_s` nothing is held."""
        if fault.hold_s is None:
            return
        probe_from_s = None if fault.probe_s is None else now_s + fault.probe_s
        whom = None if fault.app_wide else account_id
        self._holds.append(_Hold(fault, whom, now_s, now_s + fault.hold_s, probe_from_s))

    def meets(
        self, targets: frozenset[FaultTarget], account_id: str | None, *, now_s: float
    ) -> Held | None:
        """Return the restriction a call meets, which uses up a probe that is due; or None."""
        self._holds = [hold for hold in self._holds if now_s < hold.ends_at_s]
        for hold in self._in_force(now_s):
            if hold.account_id in {None, account_id} and hold.fault.hold_on in targets:
                meeting = _meeting(hold, now_s)
                if meeting == "probe" and hold.fault.probe_s is not None:
                    hold.probe_from_s = now_s + hold.fault.probe_s
                return Held(hold.fault, meeting, hold.ends_at_s - now_s)
        return None

    def lift(self, account_id: str | None = None) -> int:
        """End the restrictions of an account, or all; return how many that were."""
        kept = [one for one in self._holds if account_id and one.account_id != account_id]
        lifted, self._holds = len(self._holds) - len(kept), kept
        return lifted

    def _in_force(self, now_s: float) -> Iterator[_Hold]:
        """Leave out what begins in the future, as a clock that was put back may have it."""
        return (hold for hold in self._holds if hold.began_at_s <= now_s)


def _meeting(hold: _Hold, now_s: float) -> Meeting:
    if now_s - hold.began_at_s <= hold.fault.hold_grace_s:
        return "under_way"
    if hold.probe_from_s is not None and now_s >= hold.probe_from_s:
        return "probe"
    return "while_held"
