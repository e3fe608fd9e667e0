"""What is read of a process, and how its growth is reckoned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.soak.watching import Sample, sample, trend_of


def seen(at_s: float, memory_mib: float) -> Sample:
    """Return a sample of so much memory."""
    return Sample(at_s=at_s, memory_mib=memory_mib, descriptors=8, sockets=2)


def test_growth_is_by_the_hour_and_of_a_warm_process() -> None:
    """What is taken in the first fifth, while caches fill, is no growth; 1 MiB a minute is."""
    cold = [seen(0, 10), seen(300, 80)]
    warm = [seen(minute * 60.0, 100.0 + minute) for minute in range(12, 61)]

    trend = trend_of([*cold, *warm])

    assert 60.0 == pytest.approx(trend.growth_mib_h)
    assert (10, 160) == (trend.start.memory_mib, trend.end.memory_mib)


def test_a_single_moment_has_no_growth() -> None:
    """A run that was over at once says nothing of growth."""
    assert 0.0 == trend_of([seen(0, 10)]).growth_mib_h


def test_a_process_is_read(tmp_path: Path) -> None:
    """Memory, descriptors and sockets, as proc(5) has them."""
    here = tmp_path / "17"
    (here / "fd").mkdir(parents=True)
    (here / "status").write_text("Name:\tpython\nVmRSS:\t  2048 kB\n")
    for number, target in enumerate(("/dev/null", "socket:[1]", "socket:[2]")):
        (here / "fd" / str(number)).symlink_to(target)

    assert Sample(at_s=5.0, memory_mib=2.0, descriptors=3, sockets=2) == sample(
        17, at_s=5.0, proc=tmp_path
    )


def test_a_process_that_is_gone_is_no_sample(tmp_path: Path) -> None:
    """Who has ended takes nothing, and is not an error."""
    assert sample(17, at_s=0.0, proc=tmp_path) is None
