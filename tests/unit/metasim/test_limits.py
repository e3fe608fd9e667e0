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


@given(moments=_moments)
def test_counting_counts_what_lies_in_the_window(moments: list[int]) -> None:
    """Each count is how many were entered in the window that ends with it, itself included."""
    limits = RollingLimits()
    counted = [limits.count("k", now_s=moment, window_s=_WINDOW_S) for moment in moments]

    expected = [count_until(moments[: place + 1], moment) for place, moment in enumerate(moments)]
    assert expected == counted


@given(moments=st.lists(st.integers(0, 59), min_size=1, max_size=20).map(sorted))
def test_room_comes_when_the_oldest_grant_leaves(moments: list[int]) -> None:
    """Until then the window stays as full as it is; from then on there is room for one more."""
    limits = RollingLimits()
    for moment in moments:
        limits.take("k", now_s=moment, limit=len(moments), window_s=_WINDOW_S)
    wait_s = limits.frees_in_s("k", now_s=59.0, window_s=_WINDOW_S)

    full, free = ({"now_s": 59.0 + wait_s + margin_s} for margin_s in (-0.5, 0.0))
    assert not limits.take("k", limit=len(moments), window_s=_WINDOW_S, **full)
    assert limits.take("k", limit=len(moments), window_s=_WINDOW_S, **free)


def test_an_empty_window_has_room() -> None:
    """Where nothing was granted there is nothing to wait for."""
    assert RollingLimits().frees_in_s("k", now_s=1.0, window_s=_WINDOW_S) == 0


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
