"""Printing who would get something new, nothing any more, or something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic_core import from_json

from switchboard.cli import telling
from switchboard.rules.dryrun import Change, Changed, Example, Said
from switchboard.rules.sentences import KINDS

_TITLES: Final[Mapping[Change, str]] = {
    "gains": "would be answered that are not now",
    "loses": "would not be answered any more",
    "changes": "would be answered otherwise",
}
_MAX_SHOWN: Final = 60  # characters of what somebody wrote, or would get


def tell_changes(changed: Mapping[Change, Changed], names: Mapping[str, str]) -> None:
    """Print each kind of change with its number, and the examples that were kept."""
    for change, found in changed.items():
        telling.heading(f"{found.events:,} events of {found.people:,} people {_TITLES[change]}")
        for one in found.examples:
            telling.lines(_example(one, change, names))


def _example(one: Example, change: Change, names: Mapping[str, str]) -> list[str]:
    wrote = f' "{_cut(one.text)}"' if one.text else ""
    told = [f"{one.at:%Y-%m-%d %H:%M:%S} person {one.person_id}{wrote} (event {one.event_id})"]
    if change != "gains":
        told.append(f"    now:  {_all(one.live, names)}")
    if change != "loses":
        told.append(f"    then: {_all(one.candidate, names)}")
    return told


def _all(said: Sequence[Said], names: Mapping[str, str]) -> str:
    return "; ".join(_one(one, names) for one in said)


def _one(said: Said, names: Mapping[str, str]) -> str:
    text = from_json(said.content).get("text")
    what = f' "{_cut(text)}"' if text else ""
    name = names.get(str(said.campaign_id), "the new campaign")
    return f"{KINDS[said.kind]} of {name}{what}"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
