"""The command line: one command, and help for each."""

from __future__ import annotations

import asyncio

import pytest

from dev import __main__ as command_line
from dev.commands import exit_code
from dev.failures import CannotRun
from dev.narrate import Outcome


@pytest.mark.parametrize("argv", [[], ["dance"], ["run", "fast"]])
def test_what_is_no_command_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is said what there is, and the exit code is 2."""
    with pytest.raises(SystemExit) as ended:
        command_line.main(argv)

    assert 2 == ended.value.code
    assert "usage: python -m dev" in capsys.readouterr().err


def test_an_expected_failure_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in the way is told without a traceback."""

    async def fail(_hurry: asyncio.Event) -> int:
        raise CannotRun("port 8001 is taken")

    monkeypatch.setitem(command_line._COMMANDS, "demo", (fail, ""))

    assert 2 == command_line.main(["demo"])
    assert "switchboard: port 8001 is taken\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("happened", "code"), [([True, True], 0), ([True, False], 1), ([False], 1), ([], 1)]
)
def test_the_demo_fails_unless_every_step_happened(happened: list[bool], code: int) -> None:
    """One step missing is a failure, and so is a story that was not played."""
    assert code == exit_code([Outcome("a step", one) for one in happened])
