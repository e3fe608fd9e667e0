"""Reading a campaign's definition from a file, and saying what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from switchboard.cli.failing import CannotDo
from switchboard.rules import publishing
from switchboard.rules.campaigns import CampaignDefinition

_STDIN: Final = "-"
_MAX_BYTES: Final = 2**20


def read_json(file: str) -> dict[str, Any]:
    """
    Return the JSON object in `file`; `-` is standard input.

    Raises:
        CannotDo: It cannot be read, or is not one JSON object.
    """
    shown = "standard input" if file == _STDIN else file
    try:
        written = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        raise CannotDo(f"{file}: {error.strerror or error}; name a file, or - for stdin") from None
    if len(written) > _MAX_BYTES:
        raise CannotDo(f"{shown}: {len(written)} bytes; a campaign has {_MAX_BYTES} at most")
    try:
        raw = from_json(written)
    except ValueError as error:
        raise CannotDo(f"{shown}: not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise CannotDo(f"{shown}: a campaign is one JSON object; see `switchboard schema`")
    return raw


def read_definition(file: str) -> CampaignDefinition:
    """
    Return the campaign defined in `file`; `-` is standard input.

    Raises:
        CannotDo: It cannot be read or is no campaign; the first fault is named, with its path.
    """
    raw = read_json(file)
    try:
        return publishing.read_definition(raw)
    except publishing.Invalid as error:
        more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        told = f"{file}: {error.faults[0]}{more}; `switchboard lint` lists all"
        raise CannotDo(told) from None
