"""Everything is broken, once, under load: nobody is forgotten, nobody hears anything twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from dev.narrate import Narrator
from tools.chaos.judging import Judgement
from tools.chaos.phases import LEAST, PHASE_S
from tools.chaos.plan import Size, plan_of
from tools.chaos.run import run

SIZE = Size(load_s=LEAST * PHASE_S)


async def carry_out(seed: int, folder: Path, *, plant: str | None = None) -> Judgement:
    """Run a seed in its short form, telling of it in a file."""
    with (folder / "narration").open("w") as narration:
        narrator = Narrator(Console(file=narration, highlight=False))
        return await run(plan_of(seed, SIZE), folder=folder, narrator=narrator, plant=plant)


async def test_a_short_run(tmp_path: Path) -> None:
    """Kills, pauses, empty memories, failing queues, a Meta that refuses: all is answered, once."""
    judged = await carry_out(7, tmp_path)

    assert [] == judged.findings
    assert judged.expected > 300
    assert judged.sent > 300
    assert judged.events > 600
    assert judged.untold > 10


# Each seed brings the mistake to light in its first half minute or so.
@pytest.mark.parametrize(
    ("plant", "seed"),
    [("resend_on_timeout", 2), ("send_before_recording", 0), ("backfill_under_new_ids", 7)],
)
async def test_a_planted_mistake_is_found(tmp_path: Path, plant: str, seed: int) -> None:
    """Who tells people twice does so in the same run, and is found out."""
    judged = await carry_out(seed, tmp_path, plant=plant)

    assert {"twice", "refused"} & {finding.kind for finding in judged.findings}
