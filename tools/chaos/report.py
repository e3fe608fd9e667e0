"""What is said of a run when it is over. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tools.chaos.judging import Judgement

_MOST_TOLD: Final = 30


def lines_of(judged: Judgement, *, seed: int, again: str, logs: Path) -> Iterator[str]:
    """Yield the summary; of a run that went wrong also how to repeat it and where its logs are."""
    yield f"{judged.events} events decided, {judged.sent} answers seen by people"
    yield (
        f"{judged.untold} comments that Meta did not tell of; "
        f"{judged.refreshed} tokens refreshed or renewed"
    )
    yield f"deliveries: {_counts(judged.states)}"
    if judged.explained:
        yield f"not sent, and explained: {_counts(judged.explained)}"
    if judged.ok:
        yield f"seed {seed}: nothing lost, nothing twice, no rule broken"
        return
    yield f"WRONG: {_counts(Counter(one.kind for one in judged.findings))}"
    for finding in judged.findings[:_MOST_TOLD]:
        yield f"  {finding.kind}: {finding.what}"
    if len(judged.findings) > _MOST_TOLD:
        yield f"  and {len(judged.findings) - _MOST_TOLD} more"
    yield f"again: {again}"
    yield f"logs:  {logs}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
