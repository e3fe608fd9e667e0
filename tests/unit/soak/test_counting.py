"""What is counted from Meta's side against the ledger, and what is said to be wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tools.soak.counting import Counted, Evidence, Wrote, outcome_of

SHOP = "17841400000000001"
WROTE = [Wrote("1", SHOP, is_told=True), Wrote("2", SHOP, is_told=False)]
NAMES = (
    "lost",
    "undelivered",
    "twice",
    "unexpected",
    "outside_window",
    "over_limit",
    "after_deadline",
    "out_of_order",
    "while_held",
    "after_opt_out",
    "refused",
)


def verdict(**more: Any) -> dict[str, Any]:
    """Return the simulator's verdict over a day on which nothing went wrong."""
    return {"expected": 4, "sent": 4, **dict.fromkeys(NAMES, ()), **more}


WELL = Evidence(
    wrote=WROTE,
    decided=Counter({f"c:{SHOP}:1": 1, f"c:{SHOP}:2": 1, f"c:{SHOP}:of us": 1}),
    coverage=[Counted(account_id=SHOP, readable=2, stored=2, missed=1)],
    states=Counter(sent=4),
    calls={SHOP: 200},
    most_calls=200,
    verdict=verdict(),
    refreshed=1,
)


def test_a_day_on_which_all_went_well() -> None:
    """The figures are Meta's side; our own answers, which are comments too, are not counted."""
    outcome = outcome_of(WELL)

    assert [] == outcome.wrong
    assert (2, 1, 2, 0, 0) == (
        outcome.written,
        outcome.untold,
        outcome.decided,
        outcome.twice,
        outcome.never,
    )
    assert (1, 4, 4, 200) == (outcome.found, outcome.expected, outcome.sent, outcome.most_calls)


@pytest.mark.parametrize(
    ("evidence", "wrong"),
    [
        (replace(WELL, decided=Counter({f"c:{SHOP}:1": 1})), "1 comments have no decision"),
        (
            replace(WELL, decided=Counter({f"c:{SHOP}:1": 2, f"c:{SHOP}:2": 1})),
            "1 comments were decided more than once",
        ),
        (
            replace(WELL, coverage=[Counted(account_id=SHOP, readable=2, stored=1, missed=1)]),
            f"coverage of {SHOP} says 1 of 2, people wrote 2",
        ),
        (replace(WELL, coverage=[]), f"coverage of {SHOP} says 0 of 0, people wrote 2"),
        (replace(WELL, states=Counter(sent=3, uncertain=1)), "1 deliveries are uncertain"),
        (replace(WELL, calls={SHOP: 201}), f"201 calls for {SHOP}"),
        (replace(WELL, left={"events": 3}), "3 messages are left on events"),
        *(
            (replace(WELL, verdict=verdict(**{name: [{"what": "it"}]})), f"{name}: 1")
            for name in NAMES
        ),
    ],
)
def test_what_must_not_be(evidence: Evidence, wrong: str) -> None:
    """Each thing that must not be is said, and it alone."""
    (said,) = outcome_of(evidence).wrong

    assert said.startswith(wrong)
