"""Which call misbehaves, and how: the faults somebody ordered, drawn with a seeded hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tools.metasim.config import Fault, FaultTarget
from tools.metasim.refusals import GraphError


class Faults:
    """The faults in force. The first that fits a call and fires is the one it gets."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self._slots = [_Slot(fault, fault.times) for fault in faults]
        self._random = random.Random(seed)

    def draw(self, target: FaultTarget, account_id: str | None) -> Fault | None:
        """Return the fault this call meets, which is used up by that; or None."""
        for slot in self._slots:
            if slot.left == 0 or not _fits(slot.fault, target, account_id):
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


def _ordered(fault: Fault, *, code: int, subcode: int | None) -> GraphError:
    return GraphError(
        "An error that was ordered",
        code=code if fault.code is None else fault.code,
        subcode=subcode if fault.error_subcode is None else fault.error_subcode,
        reason="fault",
    )


@dataclass(slots=True)
class _Slot:
    fault: Fault
    left: int | None  # None: for ever


def _fits(fault: Fault, target: FaultTarget, account_id: str | None) -> bool:
    return fault.on in {target, "any"} and fault.account_id in {None, account_id}
