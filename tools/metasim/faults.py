"""Which call misbehaves, and how: the faults somebody ordered, drawn with a seeded hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tools.metasim.orders import Fault, FaultTarget
from tools.metasim.refusals import GraphError


class Faults:
    """
    The faults in force. The first that fits a call and fires is the one it gets.

    `ordered_at_s` is the simulated moment from which their `after_s` and `for_s` count.
    """

    def __init__(
        self, faults: Sequence[Fault] = (), *, seed: int = 0, ordered_at_s: float = 0.0
    ) -> None:
        self._slots = [_Slot(fault, fault.times) for fault in faults]
        self._random = random.Random(seed)
        self._ordered_at_s = ordered_at_s

    def draw(
        self, targets: frozenset[FaultTarget], account_id: str | None, *, now_s: float
    ) -> Fault | None:
        """Return the fault this call meets, which is used up by that; or None."""
        age_s = now_s - self._ordered_at_s
        for slot in self._slots:
            if slot.left == 0 or not _fits(slot.fault, targets, account_id, age_s):
                continue
            if self._random.random() < slot.fault.probability:
                slot.left = None if slot.left is None else slot.left - 1
                return slot.fault
        return None


def refusal_of(fault: Fault) -> GraphError | None:
    """Return the refusal a fault puts in the place of the call, if it is one that refuses."""
    if fault.kind == "refuse":
        return _ordered(fault, code=2, subcode=None)
    if fault.kind == "throttle":
        return _ordered(fault, code=613, subcode=2534040 if fault.code is None else None)
    return None


def failure_after(fault: Fault) -> GraphError | None:
    """Return the failure a fault answers with although the call was done, if it does."""
    if fault.kind in {"accept_then_code_1", "accept_then_error"}:
        return _ordered(fault, code=1, subcode=None)
    return None


def _ordered(fault: Fault, *, code: int, subcode: int | None) -> GraphError:
    return GraphError(
        fault.message or "An error that was ordered",
        code=code if fault.code is None else fault.code,
        subcode=subcode if fault.error_subcode is None else fault.error_subcode,
        status=fault.status or 400,
        reason="fault",
        is_transient=fault.is_transient,
    )


@dataclass(slots=True)
class _Slot:
    fault: Fault
    left: int | None  # None: for ever


def _fits(
    fault: Fault, targets: frozenset[FaultTarget], account_id: str | None, age_s: float
) -> bool:
    is_over = fault.for_s is not None and age_s >= fault.after_s + fault.for_s
    return (
        fault.on in targets
        and fault.account_id in {None, account_id}
        and fault.after_s <= age_s
        and not is_over
    )
