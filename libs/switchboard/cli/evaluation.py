"""`intents eval`: how good the recognising is, on labelled texts from a file or from an account."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from switchboard.cli import telling
from switchboard.cli.asking import Account, Asking, Who, learn_calibration, open_asking
from switchboard.cli.failing import CannotDo
from switchboard.cli.labelled import NONE_LABELS, Columns, read_samples
from switchboard.cli.plotting import as_svg, in_terminal
from switchboard.cli.progress import counting
from switchboard.intents.evaluating import At, Report, report
from switchboard.intents.samples import Parted, Sample, part_as_said, part_at_random
from switchboard.intents.tiers import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Which texts to learn from and which to ask, as the command line has it."""

    file: str
    train: str | None = None
    none: Sequence[str] = NONE_LABELS
    columns: Columns = dataclasses.field(default_factory=dict)
    examples: int | None = None
    test_share: float = 0.3
    seed: int = 1

    def parted(self, examples: int | None) -> Parted:
        """Return the texts, parted; at most `examples` of each intent are learnt from."""
        samples = read_samples(self.file, none=self.none, columns=self.columns)
        if self.train is not None:
            learnt = read_samples(self.train, none=self.none, columns=self.columns)
            return self._as_said(learnt, samples, (), examples)
        own = {split: [one for one in samples if one.split == split] for split in _SPLITS}
        if own["train"] and (own["test"] or own["history"]):
            asked = own["test"] or own["history"]
            return self._as_said(own["train"], asked, own["history"], examples)
        return part_at_random(
            samples, examples=examples, test_share=self.test_share, seed=self.seed
        )

    def _as_said(
        self,
        learnt: Sequence[Sample],
        asked: Sequence[Sample],
        history: Sequence[Sample],
        examples: int | None,
    ) -> Parted:
        return part_as_said(learnt, asked, examples=examples, seed=self.seed, history=history)


_SPLITS = ("train", "test", "history")


async def evaluate(
    texts: Texts,
    who: Who,
    *,
    thresholds: Thresholds,
    curve: Sequence[int] = (),
    by_history: bool = False,
    as_json: bool = False,
    plot: str | None = None,
) -> int:
    """Print the report on a file of labelled texts; with `curve`, for each number of examples."""
    async with open_asking(who) as asking:
        reports = []
        for examples in curve or (texts.examples,):
            parted = texts.parted(examples)
            _require_both(parted, texts.file)
            reports.append(await _reported(asking, parted, thresholds, by_history=by_history))
    tell(reports, as_json=as_json, plot=plot, title=texts.file)
    return 0


async def _reported(
    asking: Asking, parted: Parted, thresholds: Thresholds, *, by_history: bool
) -> Report:
    history = parted.history if by_history else ()
    every = [one.text for one in (*parted.asked, *history)]
    recogniser = await asking.recogniser(parted.intents, every)
    account = Account(recogniser, parted.intents, thresholds)
    if history:
        calibration = learn_calibration(await asking.answer(account, history), recogniser.measure)
        account = dataclasses.replace(account, calibration=calibration)
    with counting("asked", len(parted.asked)) as counted:
        answered = await asking.answer(account, parted.asked, counted)
    return report(
        answered,
        intents=len(parted.intents),
        examples=sum(len(intent.examples) for intent in parted.intents),
        threshold=thresholds.believed,
    )


def _require_both(parted: Parted, file: str) -> None:
    if not parted.intents:
        raise CannotDo(f"{file}: no text to learn from has an intent's label")
    if not parted.asked:
        raise CannotDo(f"{file}: there is no text to ask; see --test-share and --train")


def tell(reports: Sequence[Report], *, as_json: bool, plot: str | None, title: str) -> None:
    """Print reports; the last one in full. Writes its curve to the file `plot`."""
    last = reports[-1]
    if plot is not None:
        _write(plot, as_svg(last.curve, title))
    if as_json:
        telling.as_json(reports if len(reports) > 1 else last)
        return
    if len(reports) > 1:
        telling.heading("By examples")
        head = ("examples, all", "accuracy", "coverage", "of answers right", "out-of-scope recall")
        telling.columns([head, *map(_in_a_row, reports)])
    _tell_one(last)
    if plot is not None:
        typer.echo(f"The curve is in {plot}.")


def _tell_one(told: Report) -> None:
    telling.heading(
        f"{told.intents:,} intents, {told.examples:,} examples; asked {told.in_scope:,} texts in "
        f"scope, {told.out_of_scope:,} out of scope"
    )
    telling.columns(list(_headline(told)))
    telling.heading("By threshold")
    head = ("threshold", "coverage", "of answers right", "right of all", "out-of-scope recall")
    telling.columns([head, *(_at(one) for one in told.curve if _is_shown(one.threshold))])
    telling.lines(in_terminal(told.curve), indent="")
    telling.heading("By tier")
    tiers = [
        (
            one.by,
            percent(one.share),
            percent(one.accuracy),
            f"{one.p50_ms:.1f}",
            f"{one.p95_ms:.1f}",
        )
        for one in told.tiers
    ]
    telling.columns([("tier", "share", "of answers right", "p50 ms", "p95 ms"), *tiers])
    if told.confusions:
        telling.heading(f"Most often confused, at {told.threshold:.2f}")
        rows = [
            (one.right or "(out of scope)", f"as {one.answered}", str(one.times), "", "")
            for one in told.confusions
        ]
        telling.columns([row[:3] for row in rows])


def _at(one: At) -> tuple[str, ...]:
    shares = (one.coverage, one.accuracy, one.right_in_scope, one.out_of_scope_recall)
    return f"{one.threshold:.2f}", *map(percent, shares)


def _headline(told: Report) -> Iterator[tuple[object, ...]]:
    at = told.at_threshold
    yield "accuracy in scope, however unsure", percent(told.in_scope_accuracy)
    yield f"at {told.threshold:.2f}: coverage", percent(at.coverage)
    yield "   of answers right", percent(at.accuracy)
    yield "   right of all in scope", percent(at.right_in_scope)
    if told.out_of_scope:
        yield "   out-of-scope recall", percent(at.out_of_scope_recall)
        yield "in scope surer than out (AUROC)", _figure(told.separation)
    yield "confidence misses by", percent(told.calibration_error)


def _in_a_row(told: Report) -> tuple[str, ...]:
    at = told.at_threshold
    shares: Iterable[float | None] = (
        told.in_scope_accuracy,
        at.coverage,
        at.accuracy,
        at.out_of_scope_recall,
    )
    return f"{told.examples:,}", *map(percent, shares)


def percent(share: float | None) -> str:
    """Return a share as people read it; a share of nothing is a dash."""
    return "-" if share is None else f"{share:.1%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _is_shown(threshold: float) -> bool:
    return round(threshold * 20) % 2 == 0


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotDo(f"--plot: {path}: {error.strerror or error}") from None
