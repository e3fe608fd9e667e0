"""
Messages to people who had asked for no more.

A person's wish is the latest they have uttered, by when they uttered it and not by when the system
was told. To be told, and to stop what is under way, it has a grace after the webhook was accepted;
a wish to be written to again counts from when its webhook begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.metasim.judgement.finding import Finding, found
from tools.metasim.ledger import Effect, Trigger


def unwanted(effects: list[Effect], opted: list[Trigger]) -> Iterator[Finding]:
    """Find each message that came while the person wished for none; `opted` is what they wished."""
    for effect in effects if opted else ():
        uttered = [wish for wish in opted if _counts(wish, effect)]
        latest = max(reversed(uttered), key=lambda wish: wish.at_s, default=None)
        if latest is not None and latest.opts == "out":
            yield found("after_opt_out", latest, effect, "the person had opted out")


def _counts(wish: Trigger, effect: Effect) -> bool:
    if wish.opts == "in":
        return wish.n is not None and wish.n < effect.n
    since_s = wish.accepted_at_s
    return since_s is not None and effect.at_s > since_s + wish.opt_out_grace_s
