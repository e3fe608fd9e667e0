"""
What is to be said of a call as it arrives, whatever becomes of it.

A limit, a window or a deadline is broken by making the call. So it is judged here and not only
where the handler comes to refuse it: a call that meets a fault first, and one beyond a limit that
a harness sets tighter than Meta's, are judged as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.metasim import rules
from tools.metasim.graph.calls import Call
from tools.metasim.graph.targets import (
    comment_answered,
    contact_written_to,
    limits_of,
    recipient_named,
)
from tools.metasim.ledger import Attempt
from tools.metasim.limits import WINDOW_S, LimitName
from tools.metasim.refusals import Book, GraphError


def watch(call: Call) -> list[Attempt]:
    """Return what a call breaks by being made. To be asked once per call: it is counted."""
    return [*_beyond_limits(call), *_after_deadline(call), *_outside_window(call)]


def attempt_of(
    call: Call, book: Book, reason: str, *, error: GraphError | None = None, told: str | None = None
) -> Attempt:
    """Return the entry of a call in one of the books."""
    return Attempt(
        book,
        call.known_account_id(),
        call.subject,
        call.now_s,
        f"{call.method} {call.path}",
        reason,
        error.code if error else None,
        error.subcode if error else None,
        told,
    )


def name_subject(call: Call) -> None:
    """Say what a call is about: the comment it answers, what the person did last, or the node."""
    if comment := comment_answered(call):
        call.subject = comment.id
    elif contact := contact_written_to(call):
        latest = call.sim.ledger.latest_trigger(contact.account_id, contact.igsid)
        call.subject = latest.id if latest else contact.igsid
    else:
        call.subject = recipient_named(call) or call.node


def _beyond_limits(call: Call) -> Iterator[Attempt]:
    account_id = call.known_account_id()
    for limit in limits_of(call) if account_id else ():
        most, window_s = _judged(call, limit), WINDOW_S[limit]
        if most is None or account_id is None:
            continue
        made = call.sim.arrivals.count(limit, account_id, now_s=call.now_s, window_s=window_s)
        if made > most:
            told = f"call {made} within {window_s:g} s, {most} are allowed"
            yield attempt_of(call, "over_limit", limit, told=told)


def _judged(call: Call, limit: LimitName) -> int | None:
    config = call.sim.config
    stricter: int | None = getattr(config.judged_limits, limit)
    usual: int | None = getattr(config.limits, limit)
    return usual if stricter is None else stricter


def _after_deadline(call: Call) -> Iterator[Attempt]:
    comment = comment_answered(call)
    if comment is None or comment.is_own:
        return
    is_live = call.sim.world.media[comment.media_id].is_live
    missed = rules.missed_deadline(comment, is_broadcasting=is_live, now_s=call.now_s)
    if missed:
        yield attempt_of(call, "after_deadline", missed, told=f"a private reply, tried {missed}")


def _outside_window(call: Call) -> Iterator[Attempt]:
    contact, hours = contact_written_to(call), call.sim.config.window_hours
    if contact and not rules.is_window_open(contact, now_s=call.now_s, window_hours=hours):
        told = "a message, tried when the person's window was closed"
        yield attempt_of(call, "outside_window", "outside_window", told=told)
