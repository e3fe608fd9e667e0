"""
Reading what an owner wants to publish, and everything that is to be said against it.

    raw JSON ──▶ read_definition ──▶ lint ──▶ Checked
                      └─▶ Invalid: each fault with its path, as owners write paths

A path names the parts of the JSON alone: `steps.0.variants.0.text`. What is checked of parts
together tells its own path, which is joined to theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from switchboard.contracts.ids import CampaignId
from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, Campaign, CampaignDefinition
from switchboard.rules.linter import Finding, MediaFound, lint

NO_DELAY: Final = timedelta()


class Fault(NamedTuple):
    """What is wrong with a part of the JSON; the path of the whole is empty."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Invalid(ValueError):  # noqa: N818  as the linter's findings, it says what is the matter
    """The JSON is no campaign, because of `faults`."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Checked:
    """A definition that makes sense in itself, and what the linter has to say of it."""

    definition: CampaignDefinition
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """Whether an error keeps it from being published; warnings don't."""
        return any(one.severity == "error" for one in self.findings)


def read_definition(raw: object) -> CampaignDefinition:
    """
    Return the definition in `raw`, a JSON value as `json.loads` gives it.

    Raises:
        Invalid: It is none; every fault that can be told at once is told.

    """
    try:
        return CAMPAIGN_DEFINITION.validate_python(raw)
    except ValidationError as error:
        raise Invalid(_faults(raw, error)) from None


def check(
    raw: object,
    others: Iterable[Campaign] = (),
    *,
    own: CampaignId | None = None,
    media: Mapping[str, MediaFound] | None = None,
    intents: Iterable[IntentOption] | None = None,
    delay: timedelta = NO_DELAY,
) -> Checked:
    """
    Return the definition in `raw` with the linter's findings; see `lint` for the arguments.

    Raises:
        Invalid: `raw` is no definition, so there is nothing to lint.

    """
    definition = read_definition(raw)
    found = lint(definition, others=others, media=media, own=own, delay=delay, intents=intents)
    return Checked(definition, tuple(found))


def with_names(message: str, names: Mapping[str, str]) -> str:
    """Return a finding's message with campaigns' names, by their ids, in place of the ids."""
    for campaign, name in names.items():
        message = message.replace(campaign, repr(name))
    return message


def _faults(raw: object, error: ValidationError) -> Iterator[Fault]:
    """Yield the faults with an owner's paths, without those that only follow from others."""
    faults = [
        (_fault(raw, one), one["type"])
        for one in error.errors(include_url=False, include_input=False)
    ]
    for fault, kind in faults:
        below = f"{fault.path}."
        if kind != "too_short" or not any(one.path.startswith(below) for one, _ in faults):
            yield fault


def _fault(raw: object, error: ErrorDetails) -> Fault:
    path, part = _owners_path(raw, error["loc"])
    message = error["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    context = error.get("ctx", {})
    match error["type"]:
        case "union_tag_invalid":
            message = f"there is no {context['tag']!r}; there are {context['expected_tags']}"
            path.append("kind")
        case "union_tag_not_found":
            message = "Field required"
            path.append("kind")
        case "model_type" | "model_attributes_type":
            message = "Input should be an object"
        case "tuple_type":
            message = "Input should be a list"
        case "value_error" if isinstance(part, dict) and (told := _PLACED.fullmatch(message)):
            path.append(told[1])
            message = told[2]
    return Fault(".".join(path), message)


def _owners_path(raw: object, loc: tuple[int | str, ...]) -> tuple[list[str], Any]:
    """Return the path without the kinds that pydantic puts between, and what is there."""
    path: list[str] = []
    part: Any = raw
    kind_left_out = False
    for name in loc:
        if isinstance(part, dict) and part.get("kind") == name and not kind_left_out:
            kind_left_out = True
            continue
        path.append(str(name))
        part, kind_left_out = _within(part, name), False
    return path, part


def _within(part: Any, name: int | str) -> Any:
    if isinstance(part, dict):
        return part.get(name)
    if isinstance(part, list | tuple) and isinstance(name, int) and name < len(part):
        return part[name]
    return None


# A message that begins with the path of the part it is about, from where it was found.
_PLACED: Final = re.compile(r"([a-z_]+(?:\.(?:[a-z_]+|[0-9]+))*): (.+)", re.DOTALL)
