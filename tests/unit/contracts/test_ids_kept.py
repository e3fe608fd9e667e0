"""Ids that were derived are remembered for a while, and no more of them than are of use."""

from __future__ import annotations

from switchboard.contracts import ids

MOST = 1_024


def test_no_more_are_remembered_than_are_in_hand() -> None:
    """However many events there were, so many ids are in memory, and each is still the same."""
    first = ids.event_id("c:1:0")
    for number in range(3 * MOST):
        ids.event_id(f"c:1:{number}")

    assert MOST == ids._derived.cache_info().currsize
    assert first == ids.event_id("c:1:0")
