"""
What Meta's figures about its budgets mean for our pace. Pure.

Each answer may say how much of a budget is spent, in percent; at 100 Meta refuses, and calling on
prolongs it. Up to 80 an account goes at its full pace, from there on ever more slowly, and from 95
on not at all for a while. An answer also tells of the app's own budget, which all accounts spend:
each slows down by what its own answers say, and from 95 on all of them stop.

Source: Meta, "Rate limits". The 80 and the 95 are ours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from switchboard.graph import Usage

_SLOWS_PERCENT: Final = 80.0
_STOPS_PERCENT: Final = 95.0
# At a pace of 0 nothing more would be heard; a tenth of 50 a second still answers people in time.
_LEAST_SHARE: Final = 0.1
# Long enough that a figure can have fallen, where Meta does not say when it will have.
_QUIET: Final = timedelta(minutes=1)
_NONE: Final = timedelta()


def share(usage: Usage) -> float:
    """Return at what share of its full pace an account should go: 1 up to 80 percent, 0.1 at 95."""
    spent = (usage.percent - _SLOWS_PERCENT) / (_STOPS_PERCENT - _SLOWS_PERCENT)
    return 1.0 - min(max(spent, 0.0), 1.0) * (1.0 - _LEAST_SHARE)


def quiet(usage: Usage) -> timedelta:
    """Return for how long nothing should be asked of Meta for the account; 0: it may go on."""
    regain = timedelta(seconds=usage.regain_after_s)
    return max(regain, _QUIET) if regain or usage.percent >= _STOPS_PERCENT else _NONE


def app_quiet(usage: Usage) -> timedelta:
    """Return for how long nothing should be asked of Meta for any account; 0: they may go on."""
    return _QUIET if usage.app_percent >= _STOPS_PERCENT else _NONE
