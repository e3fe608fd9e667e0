"""What is printed stays on its line and in its column; progress is told now and then."""

from __future__ import annotations

import pytest

from switchboard.cli import progress, telling


def test_what_people_wrote_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, line ends and direction marks are shown, letters of any script stay."""
    telling.lines(["a\x1b[2Jb\nc \u202eرابط 링크"])

    assert "  a\\u001b[2Jb\\u000ac \\u202eرابط 링크\n" == capsys.readouterr().out


def test_columns_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """The first column is left, the others right."""
    telling.columns([("", "now", "then"), ("answered", 5, "1,200")])

    assert "            now   then\n  answered    5  1,200\n" == capsys.readouterr().out


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere than on a terminal a line says how far it is, not one for each event."""
    monkeypatch.setattr(progress, "_PLAIN_EVERY_S", 0.0)

    with progress.counting("tried", 1000) as count:
        for _ in range(450):
            count()

    assert ["tried: 200 of 1,000", "tried: 400 of 1,000"] == (capsys.readouterr().err.splitlines())
