"""
Recognising intents by their examples: how much is recognised, and what it costs.

With `--prior` it learns, instead, what is seen of a ranking is worth in general
(`confidence.USUAL`), on our own texts in all their languages.
"""

from __future__ import annotations

import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.report import Figure, show
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.evaluating import Answered, Report, report
from switchboard.intents.recogniser import Recogniser
from switchboard.intents.samples import Parted, Sample, part_at_random
from switchboard.intents.vectors import Encoder
from tests.support.examples import samples

LANGUAGES = ("en", "de", "es", "ja", "uk")
SEEDS = range(1, 6)
RANKED = 300


def parted(language: str, examples: int, seed: int) -> Parted:
    """Return our texts in one language, a quarter of each intent to be asked."""
    return part_at_random(samples(language), examples=examples, test_share=0.25, seed=seed)


def asked(recogniser: Recogniser, texts: Sequence[Sample]) -> list[Answered]:
    """Return what each text would be answered."""
    return [
        Answered(
            one.text,
            one.label,
            ranking.best.name if ranking.best else None,
            ranking.best.confidence if ranking.best else 0.0,
        )
        for one, ranking in zip(
            texts, recogniser.rank_all([one.text for one in texts]), strict=True
        )
    ]


def measured(language: str, examples: int, encoder: Encoder | None) -> Report:
    """Return the report on all seeds together."""
    answered: list[Answered] = []
    for seed in SEEDS:
        one = parted(language, examples, seed)
        answered += asked(Recogniser.of(one.intents, encoder), one.asked)
    return report(answered, intents=14, examples=14 * examples, threshold=0.5)


def accuracy(encoder: BuiltIn) -> None:
    """Print how much is recognised, by language and by the number of examples."""
    print("\n| texts | examples of each | by words alone | with the encoder | believed | right | "
          "out of scope left alone |\n| --- | --- | --- | --- | --- | --- | --- |")  # fmt: skip
    for language in LANGUAGES:
        for examples in (3, 10, 30) if language == "en" else (3, 9):
            words, meaning = (measured(language, examples, one) for one in (None, encoder))
            at = meaning.at_threshold
            figures = (
                *(words.in_scope_accuracy, meaning.in_scope_accuracy, at.coverage),
                *(at.accuracy, at.out_of_scope_recall),
            )
            cells = " | ".join("-" if one is None else f"{one:.0%}" for one in figures)
            print(f"| {language} | {examples} | {cells} |")


def costs() -> None:
    """Print what making a recogniser and ranking a text cost, beside the bare encoder."""
    one, texts = parted("en", 10, 1), [sample.text for sample in samples("en")]
    encoder = BuiltIn(remembers=0)
    began = time.process_time()
    encoder.load()
    loaded_s = time.process_time() - began
    began = time.process_time()
    recogniser = Recogniser.of(one.intents, encoder)
    made_s = time.process_time() - began
    drawn = random.Random(1).sample(texts, RANKED)
    bare = [_ms(partial(encoder.encode, [text])) for text in drawn]
    ranked = [_ms(partial(recogniser.rank, text)) for text in drawn]
    words = Recogniser.of(one.intents, None)
    by_words = [_ms(partial(words.rank, text)) for text in drawn]
    show(
        "CPU time of ranking a text, p50",
        [
            Figure("the encoder alone", statistics.median(bare), "ms"),
            Figure("ranked by meaning and words", statistics.median(ranked), "ms"),
            Figure("ranked by words alone", statistics.median(by_words), "ms"),
        ],
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"\nloading the encoder {loaded_s:.1f} s of CPU; making a recogniser of 14 intents with 10 "
        f"examples {made_s:.2f} s; peak memory {peak} MiB"
    )


def prior(encoder: BuiltIn) -> None:
    """Print the odds that recognisers of our texts learn, with and without the encoder."""
    found = [
        np.array(Recogniser.of(parted(language, examples, seed).intents, one).odds)
        for one in (encoder, None)
        for language in LANGUAGES
        for examples in (3, 9)
        for seed in SEEDS
    ]
    print("USUAL: score, lead, nearest, constant =", np.round(np.mean(found, axis=0), 1))


def _ms(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Print all of it."""
    encoder = BuiltIn(remembers=20_000)
    if "--prior" in sys.argv:
        prior(encoder)
        return
    costs()
    accuracy(encoder)


if __name__ == "__main__":
    main()
