"""
A dry run over a month of a busy account, beside reading the same events and doing nothing.

The events are those of the tests' corpus: every kind, eight scripts, flows that wait and ask. They
are read and tried one at a time, as the command line does with the ledger's.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

from pydantic_core import from_json

from bench.report import Figure, show
from switchboard.contracts import INBOUND_EVENT, CampaignId, IntentOption
from switchboard.rules.campaigns import Campaign
from switchboard.rules.ceilings import private_replies
from switchboard.rules.dryrun import DryRunning, with_candidate
from switchboard.rules.rulebook import compile_rules
from tests.support.builders import NOON
from tests.support.corpus import definitions, happenings

EVENTS = 100_000
TARGET_S = 60.0
EACH = timedelta(seconds=25)  # 100,000 events in 29 days


def main() -> None:
    """Measure both over the same events; fail if the dry run takes longer than its target."""
    campaigns = _campaigns()
    ids = {name: one.id for name, one in zip(definitions(), campaigns, strict=True)}
    stored = [one.to_json() for one in happenings(EVENTS, campaigns=ids, each=EACH)]
    gc.freeze()
    read_s = _timed(lambda: sum(1 for _ in map(INBOUND_EVENT.validate_python, _parsed(stored))))
    tried_s = _timed(lambda: _try(stored, campaigns))
    show(
        f"dry run: {EVENTS:,} events, {len(campaigns)} campaigns, live and candidate",
        [
            Figure("reading the events", read_s, "s"),
            Figure("the dry run", tried_s, "s"),
        ],
    )
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{EVENTS / tried_s:,.0f} events a second; {peak_mib:,.0f} MiB at most")
    if tried_s > TARGET_S:
        sys.exit(f"{tried_s:.0f} s; {TARGET_S:.0f} s are allowed")


def _campaigns() -> list[Campaign]:
    return [
        Campaign(
            id=CampaignId(UUID(int=number)),
            version=1,
            rank=number,
            definition=definition,
            published_at=NOON,
        )
        for number, definition in enumerate(definitions().values(), start=1)
    ]


def _try(stored: list[str], campaigns: list[Campaign]) -> None:
    intents = [IntentOption(name="shipping")]
    live = compile_rules(1, campaigns, intents)
    candidate = with_candidate(live, campaigns, intents, campaigns[1].definition, campaigns[0].id)
    running = DryRunning(live=live, candidate=candidate)
    for event in _parsed(stored):
        running.take(event, {})
    found = running.result(private_replies(750), examples=5)
    if found.events != EVENTS or not found.changed["loses"].events:
        raise RuntimeError("the dry run has not looked at everything")


def _parsed(stored: list[str]) -> Iterator[dict[str, object]]:
    """Yield the events as the database's driver gives them."""
    yield from map(from_json, stored)


def _timed(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that `work` takes; it has one thread."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
