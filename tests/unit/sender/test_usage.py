"""What Meta's figures mean for our pace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sender.usage import app_quiet, quiet, share
from switchboard.graph import Usage

percents = st.floats(0, 200)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 1.0), (80, 1.0), (83, 0.82), (87.5, 0.55), (94, 0.16), (95, 0.1), (400, 0.1)],
)
def test_the_pace_falls_between_80_and_95_percent(percent: float, expected: float) -> None:
    """Full until 80, a tenth from 95 on, and a straight line between."""
    assert expected == pytest.approx(share(Usage(percent)))


@given(less=percents, more=percents)
def test_whoever_has_spent_more_goes_slower(less: float, more: float) -> None:
    """No figure speeds up beyond one that is lower, and no pace is none."""
    less, more = sorted((less, more))

    assert 0.1 - 1e-9 <= share(Usage(more)) <= share(Usage(less)) <= 1


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(94.9), timedelta()),
        (Usage(95), timedelta(minutes=1)),
        (Usage(0, 7 * 60.0), timedelta(minutes=7)),
        (Usage(100, 26 * 3600.0), timedelta(hours=26)),
        (Usage(0, 1), timedelta(minutes=1)),
    ],
)
def test_what_meta_says_it_takes_is_slept_through(usage: Usage, expected: timedelta) -> None:
    """The time to regain access is waited for, however long; without one, a minute."""
    assert expected == quiet(usage)


@given(usage=st.builds(Usage, percents, st.floats(0, 10**6), percents))
def test_only_the_apps_own_figures_stop_the_app(usage: Usage) -> None:
    """One account's spent budget stops nobody else."""
    assert bool(app_quiet(usage)) is (usage.app_percent >= 95)
