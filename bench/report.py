"""A table of figures with ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; the first of a report is the baseline of the others."""

    name: str
    value: float
    unit: str


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print `figures` as a Markdown table, with each one's ratio to the first."""
    baseline = figures[0].value
    print(f"\n### {title}\n\n| | value | ratio |\n| --- | --- | --- |")
    for figure in figures:
        ratio = figure.value / baseline if baseline else float("nan")
        print(f"| {figure.name} | {figure.value:,.6g} {figure.unit} | {ratio:.2f} |")
