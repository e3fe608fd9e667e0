"""
Labelled texts from a file that anybody brings: CSV, TSV, JSON lines, or JSON.

    text,label[,split]                        with a header of any of the usual names, or without
    {"text": ..., "label": ..., "split": ...} a line each, or all in one list
    {"train": [[text, label], ...], ...}      the split's name before its texts
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from switchboard.cli.failing import CannotDo
from switchboard.intents.samples import Sample

Columns = Mapping[Literal["text", "label", "split"], str]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "utterance", "utt", "query", "sentence", "message", "question", "input"),
    "label": ("label", "intent", "category", "class", "target", "label_text", "intent_name"),
    "split": ("split", "partition", "set", "fold"),
}
# Labels of what is out of scope, unless the caller names others.
NONE_LABELS: Final = ("oos", "none", "out_of_scope", "out-of-scope", "ood", "nota", "unknown")
_SPLITS: Final[Mapping[str, Literal["train", "test", "history"]]] = {
    **dict.fromkeys(("train", "training", "oos_train"), "train"),
    **dict.fromkeys(("test", "testing", "eval", "oos_test"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "oos_val"), "history"),
}
_MAX_BYTES: Final = 256 * 2**20
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    label: str | None
    split: str


def read_samples(
    file: str, *, none: Sequence[str] = NONE_LABELS, columns: Columns | None = None
) -> list[Sample]:
    """
    Return the labelled texts in `file` (`-`: standard input); splits are "train", "test",
    "history", or empty.

    Raises:
        CannotDo: It cannot be read, or a line has no text or no label; the first one is named.
    """
    written = read_text(file)
    named = columns or {}
    rows = _json(file, written, named) if _is_json(file, written) else _table(file, written, named)
    outside = {label.casefold() for label in none}
    samples = []
    for number, row in enumerate(rows, start=1):
        if row.label is None or not row.text.strip():
            raise CannotDo(f"{file}: entry {number} has no {'label' if row.text else 'text'}")
        label = row.label.strip()
        split = row.split.strip().casefold()
        is_outside = not label or label.casefold() in outside
        samples.append(Sample(row.text, None if is_outside else label, _SPLITS.get(split, split)))
    if not samples:
        raise CannotDo(f"{file}: there are no labelled texts in it")
    return samples


def read_text(file: str) -> str:
    """
    Return what is written in `file`; `-` is standard input.

    Raises:
        CannotDo: It cannot be read, is too long, or is no UTF-8.
    """
    try:
        written = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CannotDo(f"{file}: {error.strerror or error}; name a file, or - for stdin") from None
    if len(written) > _MAX_BYTES:
        raise CannotDo(f"{file}: {len(written):,} bytes; at most {_MAX_BYTES:,} are read")
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotDo(f"{file}: not UTF-8: {error.reason} at byte {error.start}") from None


def _is_json(file: str, written: str) -> bool:
    suffix = Path(file).suffix.casefold()
    if suffix in {".csv", ".tsv"}:
        return False
    return suffix in {".json", ".jsonl", ".ndjson"} or written.lstrip()[:1] in {"{", "["}


def _json(file: str, written: str, columns: Columns) -> Iterator[_Row]:
    try:
        whole = json.loads(written)
    except ValueError:
        yield from _json_lines(file, written, columns)
        return
    if isinstance(whole, dict) and not _has_text(whole, columns):
        for split, entries in whole.items():
            if isinstance(entries, list):
                yield from (_entry(file, one, columns, split) for one in entries)
        return
    for one in whole if isinstance(whole, list) else [whole]:
        yield _entry(file, one, columns)


def _json_lines(file: str, written: str, columns: Columns) -> Iterator[_Row]:
    for number, line in enumerate(written.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _entry(file, json.loads(line), columns)
        except ValueError as error:
            raise CannotDo(f"{file}: line {number} is no JSON: {error}") from None


def _entry(file: str, entry: Any, columns: Columns, split: str = "") -> _Row:
    match entry:
        case [str(text), str() | int() as label, *_]:
            return _Row(text, str(label), split)
        case dict():
            found = {name: _named(entry, name, columns) for name in _NAMES}
            label = found["label"]
            return _Row(
                str(found["text"] or ""),
                None if label is None else str(label),
                str(found["split"] or split),
            )
        case _:
            raise CannotDo(f"{file}: {json.dumps(entry)[:60]} is no text with a label")


def _has_text(entry: Mapping[str, Any], columns: Columns) -> bool:
    return isinstance(_named(entry, "text", columns), str)


def _named(entry: Mapping[str, Any], name: Any, columns: Columns) -> Any:
    asked = (columns[name],) if name in columns else _NAMES[name]
    by_name = {key.strip().casefold(): value for key, value in entry.items() if key}
    return next((by_name[one.casefold()] for one in asked if one.casefold() in by_name), None)


def _table(file: str, written: str, columns: Columns) -> Iterator[_Row]:
    first = written.split("\n", 1)[0]
    delimiter = "\t" if Path(file).suffix.casefold() == ".tsv" or "\t" in first else ","
    rows = [row for row in csv.reader(io.StringIO(written), delimiter=delimiter) if row]
    if not rows:
        return
    head = rows[0]
    places = {name: _place(head, name, columns) for name in _NAMES}
    if places["text"] is None and places["label"] is None:
        if columns:
            raise CannotDo(f"{file}: no such column; there are {', '.join(head)}")
        places = {"text": 0, "label": 1, "split": 2 if len(head) > _PAIR else None}
    elif places["text"] is None or places["label"] is None:
        missing = "text" if places["text"] is None else "label"
        raise CannotDo(
            f"{file}: which column is the {missing}? There are {', '.join(head)}; "
            f"name it with --{missing}-column"
        )
    else:
        rows = rows[1:]
    for row in rows:
        label = _cell(row, places["label"])
        yield _Row(_cell(row, places["text"]) or "", label, _cell(row, places["split"]) or "")


def _place(head: Sequence[str], name: Any, columns: Columns) -> int | None:
    asked = (columns[name],) if name in columns else _NAMES[name]
    lowered = [cell.strip().casefold() for cell in head]
    return next((lowered.index(one.casefold()) for one in asked if one.casefold() in lowered), None)


def _cell(row: Sequence[str], place: int | None) -> str | None:
    return row[place] if place is not None and place < len(row) else None
