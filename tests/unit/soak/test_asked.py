"""What the command line may ask for, and what is refused before anything is started."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.soak.test_counting import WELL
from tools.soak.__main__ import read
from tools.soak.counting import outcome_of
from tools.soak.report import as_json, lines_of
from tools.soak.watching import Sample, trend_of


def test_hours_and_minutes_add_up() -> None:
    """One hour and fifteen minutes are 4500 seconds."""
    assert 4500.0 == read(["--hours", "1", "--minutes", "15"]).size.stream_s


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--minutes", "-1"],
        ["--minutes", "1", "--rate", "0"],
        ["--minutes", "1", "--rate", "100"],
        ["--minutes", "1", "--drop", "1"],
        ["--minutes", "1", "--shops", "0"],
        ["--minutes", "1", "--rate", "5", "--shops", "2"],
    ],
)
def test_what_cannot_be_is_refused(argv: list[str]) -> None:
    """No time, no people, too many of them, or more who ask than may be answered in an hour."""
    with pytest.raises(SystemExit):
        read(argv)


def test_both_ways_of_telling_have_what_is_wrong() -> None:
    """The table and the JSON have the figures of each process, and each thing that is wrong."""
    outcome = outcome_of(replace(WELL, refreshed=7, left={"events": 3}))
    trends = {"router": trend_of([Sample(at_s=0, memory_mib=90.4, descriptors=31, sockets=12)])}

    lines = list(lines_of(outcome, trends, hours=1.25))
    told = json.loads(json.dumps(as_json(outcome, trends, hours=1.25)))

    assert "| router | 90 | 90 | 90 | +0.0 | 31, 31, 31 | 12, 12, 12 |" in lines
    assert "WRONG: 3 messages are left on events" == lines[-1]
    assert ["3 messages are left on events"] == told["wrong"]
    assert (7, 90.4) == (told["refreshed"], told["processes"]["router"]["end"]["memory_mib"])
