"""What `make chaos` is asked for, and how a run is repeated."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from dev.failures import PartEnded
from tools.chaos import __main__ as chaos
from tools.chaos.__main__ import read, size_of
from tools.chaos.judging import Finding, Judgement
from tools.chaos.phases import LEAST, PHASE_S
from tools.chaos.plan import Plan


def test_a_seed_is_drawn_if_none_is_given() -> None:
    """Two runs without a seed are two seeds, and one seed of a few minutes each."""
    one, other = read([]), read([])

    assert one.first != other.first
    assert (1, None) == (one.seeds, one.plant)
    assert 60 <= one.run_s <= 600


def test_minutes_are_shared_by_the_seeds() -> None:
    """Twenty seeds in thirty minutes have ninety seconds each."""
    asked = read(["--seeds", "20", "--minutes", "30"])

    assert 90.0 == asked.run_s


def test_a_run_is_repeated_as_it_was() -> None:
    """The command names the seed, the time it had, and the plant."""
    asked = read(["--seed", "7", "--seeds", "20", "--minutes", "30", "--plant", "ignore_holds"])

    assert "make chaos SEED=9 MINUTES=1.5 PLANT=ignore_holds" == asked.again(9)
    again = read(["--seed", "9", "--minutes", "1.5", "--plant", "ignore_holds"])
    assert asked.run_s == again.run_s


@pytest.mark.parametrize(
    "wrong",
    [
        ["--seeds", "0"],
        ["--minutes", "0"],
        ["--minutes", "-1"],
        ["--seed", "one"],
        ["--plant", "no_such_mistake"],
    ],
)
def test_what_cannot_be_run_is_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With one line that says what is wrong, and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        read(wrong)

    assert 2 == ended.value.code
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(("run_s", "load_s"), [(10.0, LEAST * PHASE_S), (180.0, 130.0)])
def test_the_load_leaves_time_for_the_rest(run_s: float, load_s: float) -> None:
    """A run has time to start and to drain; however short, everything breaks once."""
    assert load_s == size_of(run_s).load_s


def judgement(*findings: Finding) -> Judgement:
    """Return what a run with these findings comes to."""
    return Judgement(
        findings=findings, states={"sent": 1}, explained={}, expected=1, sent=1, events=2
    )


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[int, Judgement | Exception]:
    """What comes of each seed, in the place of running it."""
    ends: dict[int, Judgement | Exception] = {}

    async def run(plan: Plan, *, folder: Path, **_: object) -> Judgement:
        (folder / "logs").mkdir(parents=True)
        came = ends[plan.seed]
        if isinstance(came, Exception):
            raise came
        return came

    monkeypatch.setattr(chaos, "run", run)
    monkeypatch.setattr(chaos, "_FOLDER", tmp_path)
    return ends


def test_a_good_seed(
    runs: dict[int, Judgement | Exception], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its seed is said first and last, it ends with 0, and leaves no logs."""
    runs[7] = judgement()

    assert 0 == chaos.main(["--seed", "7"])
    said = capsys.readouterr().out.strip().splitlines()
    assert "seed 7" in said[0]
    assert "seed 7" in said[-1]
    assert [] == list(tmp_path.iterdir())


def test_a_seed_that_went_wrong(
    runs: dict[int, Judgement | Exception], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 1, says the command that repeats it, and its logs stay where it says."""
    runs[7] = judgement(Finding("lost", "a reply"))

    assert 1 == chaos.main(["--seed", "7", "--minutes", "2"])
    said = capsys.readouterr().out
    assert "make chaos SEED=7 MINUTES=2" in said
    assert str(tmp_path / "seed-7" / "logs") in said
    assert (tmp_path / "seed-7" / "logs").is_dir()


def test_several_seeds(
    runs: dict[int, Judgement | Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    """All are run although one went wrong, and which one is said in the end."""
    runs |= {5: judgement(), 6: judgement(Finding("twice", "a reply")), 7: judgement()}

    assert 1 == chaos.main(["--seed", "5", "--seeds", "3"])
    assert "3 seeds from 5 on; failed: [6]" in capsys.readouterr().out


def test_what_cannot_run(
    runs: dict[int, Judgement | Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that does not start is one line, and 2: nothing was found out."""
    runs[7] = PartEnded("router ended with exit code 2")

    assert 2 == chaos.main(["--seed", "7"])
    assert "router ended with exit code 2" in capsys.readouterr().out


def test_seeds_that_time_does_not_allow(
    runs: dict[int, Judgement | Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    """When the minutes are over no further seed is begun, and that is no success."""
    runs |= {5: judgement(), 6: judgement()}
    moments = itertools.count(0.0, 70.0)
    asked = ["--seed", "5", "--seeds", "9", "--minutes", "2"]

    assert 3 == chaos.main(asked, now=lambda: next(moments))
    said = capsys.readouterr().out
    assert "2 seeds from 5 on; failed: none" in said
    assert "the other 7" in said
