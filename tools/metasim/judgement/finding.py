"""One thing that is wrong, or only to be told: in which list it belongs, and in what words."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tools.metasim.clock import iso
from tools.metasim.ledger import Effect, EffectKind, Trigger
from tools.metasim.records import Json

Fault: TypeAlias = Literal[
    "lost", "undelivered", "twice", "unexpected", "out_of_order", "after_opt_out"
]
Finding: TypeAlias = tuple[Fault, Json]


def missing(trigger: Trigger, kind: EffectKind) -> Finding:
    """Return what is to be said of an answer that never came."""
    fault: Fault = "lost" if trigger.delivery == "accepted" else "undelivered"
    happened = f"{kind} expected, none came; the webhook was {trigger.delivery}"
    return fault, _tell(trigger, at_s=trigger.at_s, what=kind, happened=happened)


def tell_effect(trigger: Trigger, effect: Effect, happened: str) -> Json:
    """Tell of an answer, and of what it answers."""
    told = _tell(trigger, at_s=effect.at_s, what=effect.kind, happened=happened)
    return {**told, "effect_id": effect.id}


def tell_unasked(account_id: str, message: Effect) -> Json:
    """Tell of a message that answers nothing."""
    return {
        "account_id": account_id,
        "trigger": None,
        "at": iso(message.at_s),
        "what": message.kind,
        "happened": "a message to somebody who did nothing",
        "effect_id": message.id,
    }


def _tell(trigger: Trigger, *, at_s: float, what: str, happened: str) -> Json:
    return {
        "account_id": trigger.account_id,
        "trigger": trigger.id,
        "trigger_kind": trigger.kind,
        "username": trigger.username,
        "at": iso(at_s),
        "what": what,
        "happened": happened,
    }
