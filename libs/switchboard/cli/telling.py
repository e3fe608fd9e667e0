"""Printing on standard output: headings, lines and columns; bold where it is a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import typer
from pydantic_core import to_json


def heading(text: str) -> None:
    """Print a heading."""
    typer.secho(text, bold=True)


def lines(told: Iterable[str], indent: str = "  ") -> None:
    """Print lines under a heading; in each, what a person wrote stays on that line."""
    for one in told:
        typer.echo(indent + printable(one))


def columns(rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns: the first to the left, the others to the right."""
    texts = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for first, *rest in texts:
        others = (f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))
        typer.echo("  " + "  ".join([f"{first:<{widths[0]}}", *others]).rstrip())


def as_json(value: Any) -> None:
    """Print `value` as JSON."""
    typer.echo(_json(value))


def done(what: Any, *sentences: str, as_json: bool) -> None:
    """Print what an act came to: `what` for programs, `sentences` for people."""
    typer.echo(_json(what) if as_json else "\n".join(sentences))


def _json(value: Any) -> str:
    return to_json(value, indent=2).decode()


def printable(text: str) -> str:
    """Return `text` with what would steer a terminal made visible."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
