"""The page of Meta's errors says what the table does."""

from __future__ import annotations

import re

import pytest

from dev.errors_page import PAGE, main, page
from services.sender.alarms import KINDS
from switchboard.graph import Action, Classified, every_row
from switchboard.graph.errors import ANY


def rows() -> list[list[str]]:
    """Return the cells of every row on the page as it is stored."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [found for found in cells if found[0] not in {"code", "---"}]


def written(number: object) -> str:
    """Return how the page writes a code or a subcode."""
    return "any" if number is ANY else "-" if number is None else str(number)


def test_the_page_is_up_to_date() -> None:
    """`make docs` would write what is there."""
    assert PAGE.read_text() == page()
    assert 0 == main(["--check"])


def test_every_row_is_on_the_page_once() -> None:
    """Each pair of numbers stands there with its reason, its meaning and who says so."""
    expected = [
        (written(code), written(subcode), f"`{row.reason}`", row.meaning, row.source.value)
        for code, subcode, row in every_row()
    ]
    found = [(code, sub, reason, *more[:1], more[-1]) for code, sub, reason, *more in rows()]

    assert sorted(expected) == sorted(found)


@pytest.mark.parametrize(
    "row",
    [row for _, _, row in every_row() if row.longest_s is not None],
    ids=lambda row: row.reason,
)
def test_a_holds_lengths_are_on_the_page(row: Classified) -> None:
    """How long an account is held at first, and at most, can be read there in minutes or hours."""
    (told,) = {cells[4] for cells in rows() if cells[2] == f"`{row.reason}`"}
    units = {"min": 60, "h": 3600}
    lengths = [float(n) * units[unit] for n, unit in re.findall(r"([\d.]+) (min|h)", told)]

    assert [row.wait_s, row.longest_s] == lengths
    assert (row.reconnect_after is not None) == ("connect again" in told)


def test_every_alert_is_on_the_page() -> None:
    """Whatever a person is told of stands beside its reason."""
    told = {reason.strip("`"): alert.strip("`") for _, _, reason, _, _, alert, _ in rows()}

    expected = {row.reason: KINDS.get(row.reason, "") for _, _, row in every_row()}
    assert expected == told


def test_every_action_has_its_section() -> None:
    """No action is left out."""
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)

    assert len(Action) == len(set(headings))
