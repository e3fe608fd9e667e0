"""
Requests that schemathesis makes of the API's description, and what it finds in the answers.

It is told ids of what is there, which it uses for most of what it sends; whatever an operation
answers it uses for others, too. With a seed it sends the same again.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.integration.control.attacks.described import DESCRIPTION

# All there are, but whether good data is taken: a schema cannot say of a cursor or a key whether it
# is one of ours, or of two days which comes first.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
)
# How many of 1 are ids of what is there, and words that something may be called by.
_KNOWN: Final = 0.9
_SAID: Final = 0.6
_WORDS: Final = ("price", "delivery", "sizes", "opening hours", "returns", "where are you?")
_WHERE_WORDS_STAND: Final = ("body.name", "body.examples[*]", "body.text", "body.tags[*]")
# Meta is away.
_MAY_BE_AWAY: Final = ("listMedia",)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it."""

    failed: bool
    told: str

    @property
    def links(self) -> int:
        """How many links between operations were followed."""
        followed = re.search(r"API Links: +([0-9]+) covered", self.told)
        return int(followed[1]) if followed else 0


async def generate(
    url: str,
    token: str,
    ids: Mapping[str, str],
    within: Path,
    *,
    phases: str,
    examples: int,
    seed: int = 1,
    inferring: bool = False,
    only: str = "",
) -> Found:
    """
    Send what schemathesis makes of the description, and return what is wrong with the answers.

    Args:
        url: Where the API is.
        token: Who calls.
        ids: Of what is there, by the names of places in paths.
        within: A directory for its files.
        phases: Which of `coverage`, `fuzzing` and `stateful`.
        examples: How many requests, or chains of them, for each operation.
        seed: What chance begins with.
        inferring: Whether chains follow links that schemathesis thinks of, besides our own.
        only: The names of operations as a regular expression, unless all.
    """
    config = within / "schemathesis.toml"
    config.write_text(_configuration(ids, inferring=inferring))
    # An answer that stays open is tried in test_activity.
    chosen = ("--include-operation-id-regex", only) if only else ()
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", str(DESCRIPTION), "--url", url, "--header", f"Authorization: Bearer {token}"),
        *("--checks", ",".join(CHECKS), "--phases", phases, "--max-examples", str(examples)),
        *("--seed", str(seed), "--workers", "1", "--generation-database", "none"),
        *("--suppress-health-check", "all", "--warnings", "off", "--no-color", "--no-shrink"),
        *("--continue-on-failure", "--exclude-operation-id", "watchActivity", *chosen),
        # The first text that is recognised waits for the encoder's weights.
        *("--request-timeout", "60"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=within,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return Found(failed=process.returncode != 0, told=told.decode())


def _configuration(ids: Mapping[str, str], *, inferring: bool) -> str:
    """Return a configuration by which what is asked for is there, mostly."""
    lines = []
    for name, known in ids.items():
        lines += [f"[dictionaries.{name}]", f"values = [{json.dumps(known)}]"]
    lines += ["[dictionaries.words]", f"values = {json.dumps(_WORDS)}", "[parameters]"]
    said = f'{{ dictionary = "words", probability = {_SAID} }}'
    lines += [f'"{place}" = {said}' for place in _WHERE_WORDS_STAND]
    for name in ids:
        bound = f'{{ dictionary = "{name}", probability = {_KNOWN} }}'
        lines += [f'"{part}.{name}" = {bound}' for part in ("path", "query", "body")]
    for name in _MAY_BE_AWAY:
        lines += ["[[operations]]", f'include-operation-id = "{name}"']
        statuses = '["2xx", "3xx", "4xx", "503"]'
        lines.append(f"checks.not_a_server_error.expected-statuses = {statuses}")
    # An export that was discarded is still told of, as `removed`.
    lines += ["[[operations]]", 'include-operation-id = "readExport"']
    lines.append("checks.use_after_free.enabled = false")
    # Whoever leaves out If-Match is told so by a status of its own.
    lines += ["[checks.missing_required_header]", 'expected-statuses = ["422", "428"]']
    if not inferring:
        lines += ["[phases.stateful.inference]", "algorithms = []"]
    return "\n".join([*lines, ""])
