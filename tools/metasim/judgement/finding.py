"""One thing that is wrong, or only to be told, kept short until somebody asks for its words."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from tools.metasim.clock import iso
from tools.metasim.ledger import Effect, EffectKind, Trigger
from tools.metasim.records import Json

Fault: TypeAlias = Literal[
    "lost", "undelivered", "twice", "unexpected", "out_of_order", "after_opt_out"
]


class Finding(NamedTuple):
    """What is wrong with an answer to `trigger`; without an `effect` it is that none came."""

    fault: Fault
    trigger: Trigger
    kind: EffectKind
    effect: Effect | None
    happened: str

    def told(self) -> Json:
        """Return it as the judgement tells it."""
        told: Json = {
            "account_id": self.trigger.account_id,
            "trigger": self.trigger.id,
            "trigger_kind": self.trigger.kind,
            "username": self.trigger.username,
            "at": iso(self.effect.at_s if self.effect else self.trigger.at_s),
            "what": self.kind,
            "happened": self.happened,
        }
        return {**told, "effect_id": self.effect.id} if self.effect else told


class Unasked(NamedTuple):
    """A message that answers nothing, as its person did nothing."""

    fault: Fault
    account_id: str
    effect: Effect

    def told(self) -> Json:
        """Return it as the judgement tells it."""
        return {
            "account_id": self.account_id,
            "trigger": None,
            "at": iso(self.effect.at_s),
            "what": self.effect.kind,
            "happened": "a message to somebody who did nothing",
            "effect_id": self.effect.id,
        }


def missing(trigger: Trigger, kind: EffectKind) -> Finding:
    """Find that an answer never came: lost, unless the webhook was never accepted."""
    fault: Fault = "lost" if trigger.delivery == "accepted" else "undelivered"
    happened = f"{kind} expected, none came; the webhook was {trigger.delivery}"
    return Finding(fault, trigger, kind, None, happened)


def found(fault: Fault, trigger: Trigger, effect: Effect, happened: str) -> Finding:
    """Find something wrong with an answer that came."""
    return Finding(fault, trigger, effect.kind, effect, happened)
