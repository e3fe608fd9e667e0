"""
Campaigns as files, to be kept beside code, or carried to another account.

    switchboard: campaign.v1
    name: Recipe link
    definition: ...

As YAML or JSON. Of YAML only plain values are read: no tags, and no anchors, by which a few lines
could stand for more than there is memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

Form = Literal["yaml", "json"]
KIND: Final = "campaign.v1"
MOST_CHARACTERS: Final = 1_048_576
MEDIA_TYPES: Final[Mapping[Form, str]] = {"yaml": "application/yaml", "json": "application/json"}


class NotAFile(ValueError):  # noqa: N818  it says what is wrong with a file
    """What was given is no campaign's file; the message says where it is wrong."""


class CampaignFile(BaseModel):
    """What a file says."""

    model_config = ConfigDict(extra="forbid")

    switchboard: Literal["campaign.v1"] = KIND
    name: str = Field(min_length=1, max_length=200)
    definition: dict[str, Any]


class _Plain(yaml.SafeLoader):
    """Reads plain values alone."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("anchors are not read")
        return super().compose_node(parent, index)


# Dates would be no JSON: what looks like one is the text it is.
_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def write(file: CampaignFile, form: Form) -> str:
    """Return `file` as it is written."""
    said = file.model_dump(mode="json")
    if form == "json":
        return to_json(said, indent=2).decode() + "\n"
    written: str = yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=100)
    return written


def read(content: str) -> CampaignFile:
    """
    Return what a file says.

    Raises:
        NotAFile: It is no such file; where it is wrong is told.
    """
    try:
        return CampaignFile.model_validate(_values(content))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotAFile(_why(error)) from None


def _values(content: str) -> object:
    """Return what is written; JSON as such, for YAML folds some of its line breaks."""
    if content.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            return from_json(content)
    return yaml.load(content, Loader=_Plain)  # noqa: S506  it is a SafeLoader, and stricter


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        return f"{where}: {fault['msg']}" if where else f"It is no campaign's file: {fault['msg']}"
    if isinstance(error, RecursionError):
        return "It is nested too deeply."
    return " ".join(f"It cannot be read: {error}".split())
