"""
What becomes of the deliveries that wait for another one: parts of the statements that end it.

Each part follows a `with ended as (...)` that returns the `id` of what was ended. What it does is a
function's in the database, which ends what a person decides about, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.contracts import AccountId, DeliveryId, TraceId
from switchboard.db.pool import Row


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery and what its queue message says of it."""

    delivery_id: DeliveryId
    account_id: AccountId
    trace_id: TraceId


def read_due(rows: Sequence[Row]) -> list[Due]:
    """Return rows of `id`, `instagram_id` and `trace_id` as deliveries to tell of."""
    return [Due(row["id"], row["instagram_id"], row["trace_id"]) for row in rows]


# What was ended was sent: what waits for it is ready, or parked until its time. It is `released`.
RELEASE: Final = """, released as (
  select id, trace_id, state, instagram_id
    from private.release_after(array(select id from ended))
)"""

# What was ended was not sent: what waits for it never will be, nor what waits for that. Nothing is
# done but for whoever asks, so whatever is told of `ended` is told together with `cancelled`.
CANCEL: Final = """, cancelled as materialized (
  select private.call_off_after(array(select id from ended)) as followers
)"""
