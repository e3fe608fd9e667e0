"""docs/campaigns.md tells owners what they can write; its examples can be published as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dev.campaign_pages import pages
from switchboard.rules import variables
from switchboard.rules.campaigns import (
    CAMPAIGN_DEFINITION,
    MAX_BUTTON_TITLE_CHARACTERS,
    MAX_BUTTONS,
    MAX_QUICK_REPLIES,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEXT_BYTES,
    Conditions,
)
from switchboard.rules.publishing import check

PAGE = Path(__file__).parents[3] / "docs" / "campaigns.md"
EXAMPLES = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
]
SCHEMA = CAMPAIGN_DEFINITION.json_schema()


def table(heading: str) -> list[str]:
    """Return the first cells of the table under `heading`."""
    rows = PAGE.read_text().split(f"| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [row.split(" | ")[0].removeprefix("| ") for row in rows]


def kinds(part: Any) -> list[str]:
    return sorted(part["discriminator"]["mapping"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_can_be_published(example: Any) -> None:
    """Each is a campaign the linter has nothing against."""
    assert () == check(example).findings


def test_the_examples_are_there() -> None:
    """The page has not lost them, or the test above its subject."""
    assert 8 == len(EXAMPLES)


def test_every_kind_is_on_the_page() -> None:
    """Triggers, steps, buttons and conditions: those that there are."""
    trigger, steps = SCHEMA["properties"]["trigger"], SCHEMA["properties"]["steps"]["items"]
    buttons = SCHEMA["$defs"]["Content"]["properties"]["buttons"]["items"]
    named = set(re.findall(r"`(\w+)`", " ".join(table("condition"))))

    assert [f"`{kind}`" for kind in kinds(trigger)] == sorted(table("kind | set off by | fields"))
    assert [f"`{kind}`" for kind in kinds(steps)] == sorted(table("kind | does | then"))
    leading = re.findall(r'"kind": "(\w+)"', " ".join(table("button | does")))
    assert kinds(buttons) == sorted(leading)
    assert set(Conditions.model_fields) - {"when_language_unknown"} == named


def test_every_variable_is_on_the_page() -> None:
    """Known variables, and which of them may stand where all can read."""
    rows = PAGE.read_text().split("| variable | is | in public |")[1].split("\n\n")[0]
    told = {
        name: row.endswith("| yes |")
        for row in rows.splitlines()[2:]
        for name in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }

    public = {name for name, is_public in told.items() if is_public}
    assert variables.KNOWN == set(told) - {"field", "ask"}
    assert variables.PUBLIC == public


@pytest.mark.parametrize(
    "said",
    [
        f"| text | {MAX_TEXT_BYTES} bytes of UTF-8; above buttons {MAX_TEMPLATE_CHARACTERS} char",
        f"| {MAX_BUTTONS}, {MAX_QUICK_REPLIES}; a title has {MAX_BUTTON_TITLE_CHARACTERS} char",
        f"with at most {variables.MAX_VALUE_CHARACTERS} characters in one line",
    ],
)
def test_limits_are_as_the_page_says(said: str) -> None:
    """What the page says of sizes is what is enforced."""
    assert said in PAGE.read_text()


def test_the_schema_and_the_linters_page_are_up_to_date() -> None:
    """`make docs` would write what is there."""
    for path, page in pages().items():
        assert page == path.read_text(), path.name
