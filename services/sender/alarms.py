"""What a person must be told of how an attempt ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.sender.endings import Ending, Postponed, TokenMissing
from switchboard.db.credentials import CannotOpen
from switchboard.graph import Action, Classified, every_row
from switchboard.rules.alerts import ALERTS, AlertKind

# Of these an account may have several at once: each is about one pair of numbers.
_BY_PAIR: Final = frozenset({"unknown_error", "our_bug"})


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert to be raised about the delivery's account."""

    kind: AlertKind
    reason: str
    subject: str = ""


def alarm_of(ending: Ending) -> Alarm | None:
    """
    Return what a person must be told because of `ending`, if anything.

    Not of what merely met an account that is held or must be connected again: that was told when
    it began. Nor of an error nobody knows while it is tried once more.
    """
    reason = ending.reason
    kind = None if reason is None else KINDS.get(reason)
    if reason is None or kind is None or not _is_news(ending):
        return None
    return Alarm(kind, reason, _pair(ending, reason) if kind in _BY_PAIR else "")


def _is_news(ending: Ending) -> bool:
    if not isinstance(ending, Postponed):
        return True
    if ending.counted and ending.hold is None:
        return False
    met = ending.said.code is None and not ending.reconnect
    return not met or ending.reason == CannotOpen.reason


def _pair(ending: Ending, reason: str) -> str:
    """Return the two numbers that Meta answered with, or our own word where it was not asked."""
    code, subcode = ending.said.code, ending.said.subcode
    return reason if code is None else f"{code}/{subcode or '-'}"


_BY_ACTION: Final[Mapping[Action, AlertKind]] = {
    Action.HOLD: "account_held",
    Action.REAUTH: "reconnect_needed",
    Action.FIX: "our_bug",
    Action.UNKNOWN: "unknown_error",
}


def _kinds() -> Iterator[tuple[str, AlertKind]]:
    for _, _, row in every_row():
        kind = _kind(row)
        if kind is not None:
            yield row.reason, kind


def _kind(row: Classified) -> AlertKind | None:
    """Return the kind that is called as the row's reason is; else what its action is told as."""
    named: Mapping[str, AlertKind] = {kind: kind for kind in ALERTS}
    return named.get(row.reason) or _BY_ACTION.get(row.action)


# By the reason that an ending has.
KINDS: Final[Mapping[str, AlertKind]] = {
    **dict(_kinds()),
    TokenMissing.reason: "reconnect_needed",
    CannotOpen.reason: "our_bug",
    "irregular_volume": "app_limited",
    "created_then_failed": "our_bug",  # what the call asked for should not have made Meta fail
}
