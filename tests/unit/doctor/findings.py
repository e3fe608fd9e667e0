"""What tests of findings stand on."""

from __future__ import annotations

from collections.abc import Iterable

from switchboard.doctor.finding import Finding, Verdict


def verdicts(found: Iterable[Finding]) -> dict[str, Verdict]:
    """Return the verdicts by their checks; the worst, where there are several."""
    ranks: list[Verdict] = ["ok", "unknown", "warning", "failure"]
    worst: dict[str, Verdict] = {}
    for one in found:
        before = worst.get(one.check, "ok")
        worst[one.check] = max(before, one.verdict, key=ranks.index)
    return worst
