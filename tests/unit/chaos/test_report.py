"""What is said of a run: that it was good, or what was wrong, how to repeat it, where to look."""

from __future__ import annotations

from pathlib import Path

from tools.chaos.judging import Finding, Judgement
from tools.chaos.report import lines_of


def told(*findings: Finding) -> str:
    """Return what is said of a run with these findings."""
    judgement = Judgement(
        findings=findings,
        states={"sent": 3, "refused": 1},
        explained={"opted out": 1},
        expected=3,
        sent=3,
        events=9,
    )
    lines = lines_of(judgement, seed=7, again="make chaos SEED=7", logs=Path("kept"))
    return "\n".join(lines)


def test_a_good_run_says_its_figures() -> None:
    """The seed, what was decided, seen and sent, and that nothing is wrong."""
    said = told()

    assert "9 events decided, 3 answers seen" in said
    assert "1 refused, 3 sent" in said
    assert "1 opted out" in said
    assert said.endswith("seed 7: nothing lost, nothing twice, no rule broken")
    assert "again" not in said


def test_a_bad_run_says_how_to_repeat_it() -> None:
    """What is wrong, by kind and one by one; the command; where the logs are."""
    said = told(Finding("lost", "a reply"), Finding("twice", "a message"))

    assert "WRONG: 1 lost, 1 twice" in said
    assert "  lost: a reply" in said
    assert "again: make chaos SEED=7" in said
    assert "logs:  kept" in said


def test_hundreds_of_findings_are_not_all_told() -> None:
    """A few are told, and how many more there are."""
    said = told(*(Finding("lost", f"reply {n}") for n in range(200)))

    assert "WRONG: 200 lost" in said
    assert "and 170 more" in said
    assert "reply 199" not in said
