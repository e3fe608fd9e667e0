"""Rolling limits: never too many in any window, never refused while there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.limits import RollingLimits

_WINDOW_S = 60.0
_moments = st.lists(st.integers(0, 600), max_size=200).map(sorted)


@given(moments=_moments, limit=st.integers(0, 10))
def test_no_rolling_window_holds_more_than_the_limit(moments: list[int], limit: int) -> None:
    """Whatever window one lays over the grants, it holds at most `limit` of them."""
    granted = grants(moments, limit)

    fullest = max((count_until(granted, end) for end in granted), default=0)
    assert fullest <= limit


@given(moments=_moments, limit=st.integers(0, 10))
def test_refused_only_when_the_window_is_full(moments: list[int], limit: int) -> None:
    """A refusal means that the window ending at that moment was full."""
    limits, granted = RollingLimits(), list[int]()
    for moment in moments:
        if limits.take("k", now_s=moment, limit=limit, window_s=_WINDOW_S):
            granted.append(moment)
        else:
            assert limit == count_until(granted, moment)


def test_keys_do_not_share() -> None:
    """What one account used is not missing to another."""
    limits = RollingLimits()
    taken = [limits.take("sends", who, now_s=1.0, limit=1, window_s=1.0) for who in "aab"]

    assert [True, False, True] == taken


def test_clock_put_back() -> None:
    """Grants of a future that was taken back do not count in the present."""
    limits = RollingLimits()
    limits.take("k", now_s=9_000.0, limit=1, window_s=60.0)

    assert limits.take("k", now_s=10.0, limit=1, window_s=60.0)


def grants(moments: list[int], limit: int) -> list[int]:
    """Return the moments that were granted."""
    limits = RollingLimits()
    return [
        moment
        for moment in moments
        if limits.take("k", now_s=moment, limit=limit, window_s=_WINDOW_S)
    ]


def count_until(granted: list[int], end: int) -> int:
    """Return how many grants lie in the window that ends at `end`."""
    return sum(end - _WINDOW_S < moment <= end for moment in granted)
