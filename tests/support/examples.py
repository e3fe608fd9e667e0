"""Our own labelled texts, and intents made of them."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from switchboard.contracts import IntentOption
from switchboard.intents.samples import Sample

FILE = Path(__file__).parents[2] / "bench" / "data" / "shop_intents.tsv"


@lru_cache
def samples(language: str) -> tuple[Sample, ...]:
    """Return the texts in `language`; those labelled "none" are out of scope."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["language"] == language]
    return tuple(
        Sample(row["text"], None if row["label"] == "none" else row["label"]) for row in rows
    )


def shop(*names: str, examples: int = 10, language: str = "en") -> tuple[IntentOption, ...]:
    """Return intents of a shop's with their first examples; all of them if none is named."""
    own: dict[str, list[str]] = defaultdict(list)
    for sample in samples(language):
        if sample.label is not None and (not names or sample.label in names):
            own[sample.label].append(sample.text)
    return tuple(
        IntentOption(name=name, examples=tuple(texts[:examples])) for name, texts in own.items()
    )
