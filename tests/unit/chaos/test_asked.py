"""What `make chaos` is asked for, and how a run is repeated."""

from __future__ import annotations

import pytest

from tools.chaos.__main__ import read, size_of
from tools.chaos.phases import LEAST, PHASE_S


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


@pytest.mark.parametrize(("run_s", "load_s"), [(10.0, LEAST * PHASE_S), (180.0, 135.0)])
def test_the_load_leaves_time_for_the_rest(run_s: float, load_s: float) -> None:
    """A run has time to start and to drain; however short, everything breaks once."""
    assert load_s == size_of(run_s).load_s
