"""What is said when it is over: a table for people, JSON for machines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tools.soak.counting import Outcome
from tools.soak.watching import Trend


def lines_of(outcome: Outcome, trends: Mapping[str, Trend], *, hours: float) -> Iterator[str]:
    """Yield the summary, as Markdown."""
    yield f"{outcome.written:,} comments in {hours:.2f} h; Meta never told of {outcome.untold:,}"
    yield (
        f"in the ledger: {outcome.decided:,} of {outcome.written:,}, {outcome.twice} twice, "
        f"{outcome.never} never; {outcome.found:,} found by reading"
    )
    yield f"answers: {outcome.sent:,} of {outcome.expected:,}"
    yield f"tokens refreshed: {outcome.refreshed}"
    yield f"calls for caretaking: at most {outcome.most_calls} for an account within an hour"
    yield ""
    yield "| process | MiB: start | middle | end | growth an hour | descriptors | sockets |"
    yield "| --- | ---: | ---: | ---: | ---: | --- | --- |"
    for name, one in trends.items():
        moments = (one.start, one.middle, one.end)
        mib = " | ".join(f"{moment.memory_mib:.0f}" for moment in moments)
        descriptors = ", ".join(str(moment.descriptors) for moment in moments)
        sockets = ", ".join(str(moment.sockets) for moment in moments)
        yield f"| {name} | {mib} | {one.growth_mib_h:+.1f} | {descriptors} | {sockets} |"
    yield ""
    if not outcome.wrong:
        yield "nothing lost, nothing twice"
        return
    for wrong in outcome.wrong:
        yield f"WRONG: {wrong}"


def as_json(outcome: Outcome, trends: Mapping[str, Trend], *, hours: float) -> dict[str, Any]:
    """Return the same as plain values."""
    processes = {name: asdict(one) for name, one in trends.items()}
    return {"hours": round(hours, 4), **asdict(outcome), "processes": processes}
