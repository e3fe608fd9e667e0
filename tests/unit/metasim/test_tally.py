"""Calls are counted by account and kind, and the most of an hour is kept."""

from __future__ import annotations

from tools.metasim.tally import Tally


def test_the_most_of_any_hour_is_kept() -> None:
    """Three within an hour and two in the next are five in all, three at most."""
    tally = Tally()
    for at_s in (0.0, 10.0, 3500.0, 7100.5, 7200.0):
        tally.enter("1", "GET", "/v26.0/18/comments", at_s=at_s)

    assert [{"account_id": "1", "call": "GET comments", "calls": 5, "most_an_hour": 3}] == (
        tally.told()
    )


def test_calls_are_told_apart() -> None:
    """Accounts, methods and edges have counts of their own; a single node is one kind."""
    tally = Tally()
    tally.enter("1", "GET", "/v26.0/18/comments", at_s=0.0)
    tally.enter("2", "GET", "/v26.0/18/comments", at_s=0.0)
    tally.enter("1", "POST", "/v26.0/18/comments", at_s=0.0)
    tally.enter("1", "GET", "/v26.0/18", at_s=0.0)

    assert [
        ("1", "GET comments"),
        ("1", "GET node"),
        ("1", "POST comments"),
        ("2", "GET comments"),
    ] == [(one["account_id"], one["call"]) for one in tally.told()]
