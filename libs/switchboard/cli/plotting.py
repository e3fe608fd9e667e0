"""A curve of accuracy against coverage: for a terminal, and as a picture (SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from switchboard.intents.evaluating import At

_WIDTH, _HEIGHT = 61, 13
_STEPS: Final = (1.0, 0.75, 0.5, 0.25, 0.0)

Point = tuple[float, float]


def points(curve: Sequence[At]) -> list[Point]:
    """Return (coverage, accuracy) of each threshold at which anything was answered."""
    return [
        (one.coverage, one.accuracy)
        for one in curve
        if one.coverage is not None and one.accuracy is not None
    ]


def in_terminal(curve: Sequence[At]) -> list[str]:
    """Return the curve as lines: accuracy upwards, coverage to the right."""
    rows = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for coverage, accuracy in points(curve):
        down = round((1 - accuracy) * (_HEIGHT - 1))
        rows[down][round(coverage * (_WIDTH - 1))] = "•"
    marks = {round((1 - step) * (_HEIGHT - 1)): f"{step:4.0%}" for step in _STEPS}
    lines = [f"{marks.get(down, ''):>4} │{''.join(row).rstrip()}" for down, row in enumerate(rows)]
    ruler = f"{'0%':<{_WIDTH // 2 - 1}}{'50%':<{_WIDTH // 2 - 2}}100%"
    return [*lines, f"     └{'─' * _WIDTH}", f"      {ruler}", "      coverage →, accuracy ↑"]


def as_svg(curve: Sequence[At], title: str) -> str:
    """Return the curve as a picture."""
    placed = [_placed(*point) for point in points(curve)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE + 100} {_SIDE + 90}" '
        'font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="24">{escape(title)}</text>\n'
        f"{''.join(map(_grid_line, _STEPS))}"
        f'<polyline points="{line}" fill="none" stroke="#1769aa" stroke-width="2"/>\n'
        f'<g fill="#1769aa">{dots}</g>\n'
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 40}" text-anchor="middle">'
        "coverage of what is in scope</text>\n"
        f'<text transform="translate(16 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle">'
        "accuracy of answers</text>\n</svg>\n"
    )


_LEFT, _TOP, _SIDE = 60, 40, 400


def _placed(coverage: float, accuracy: float) -> Point:
    return _LEFT + coverage * _SIDE, _TOP + (1 - accuracy) * _SIDE


def _grid_line(step: float) -> str:
    """Return the grid's lines at `step` of either axis, with their labels."""
    x, y = _placed(step, step)
    return (
        f'<path d="M{_LEFT} {y}h{_SIDE}M{x} {_TOP}v{_SIDE}" stroke="#ddd" fill="none"/>\n'
        f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{step:.0%}</text>\n'
        f'<text x="{x}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{step:.0%}</text>\n'
    )
