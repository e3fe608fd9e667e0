"""What recording reads: what it needs, however much is stored and has been counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import CommentId
from switchboard.db.ledger import Recorded, record
from switchboard.db.pool import Database, Row
from tests.integration.db.town import Shop, draft, now, recorded

STORED = 2_000
STORES = ("known_events", "events_unexpected", "contacts", "deliveries")


class Explaining:
    """A database that does what it is asked, and answers with how it did it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.plan: Mapping[str, Any] = {}

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Run `query` and keep its plan."""
        [row] = await self._db.fetch(f"explain (analyze, format json) {query}", *args)
        [explained] = json.loads(row["QUERY PLAN"])
        self.plan = explained["Plan"]
        return []

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Not asked here."""
        raise NotImplementedError

    async def execute(self, query: str, *args: object) -> str:
        """Not asked here."""
        raise NotImplementedError

    def read(self) -> dict[str, int]:
        """Return how many rows of each table were looked at."""
        rows = dict.fromkeys(STORES, 0)
        for node in _nodes(self.plan):
            if "Scan" in node["Node Type"] and node.get("Relation Name") in rows:
                seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                rows[node["Relation Name"]] += round(seen * node["Actual Loops"])
        return rows


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _comment(shop: Shop, number: int, *, later: timedelta = timedelta()) -> Recorded:
    one = recorded(shop, f"c:{number}")
    answer = draft(shop, one.event_id, comment_id=CommentId(str(number)), not_before=now() + later)
    return recorded(shop, f"c:{number}", deliveries=(answer,))


async def _grown(owner: Database, pipeline: Database, shop: Shop, later: timedelta) -> None:
    """Store much after PostgreSQL has counted that there is next to nothing."""
    await record(pipeline, [_comment(shop, 0)])
    await owner.execute("update public.deliveries set state = 'cancelled', reason = 'by_hand'")
    for table in ("public.deliveries", "public.contacts", "public.events", "private.known_events"):
        await owner.execute(f"vacuum analyze {table}")
    for first in range(1, STORED, 100):
        await record(
            pipeline, [_comment(shop, number, later=later) for number in range(first, first + 100)]
        )


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=1)], ids=["ready", "delayed"])
async def test_however_much_is_stored(
    owner: Database, pipeline: Database, shop: Shop, later: timedelta
) -> None:
    """Of what is stored, recording looks at what the batch's own events and people have."""
    await _grown(owner, pipeline, shop, later)
    explaining = Explaining(pipeline)

    await record(explaining, [_comment(shop, 1), *(_comment(shop, -n) for n in range(1, 10))])

    few = {"known_events": 1, "events_unexpected": 1, "contacts": 10, "deliveries": 4}
    assert {} == {table: n for table, n in explaining.read().items() if n > few[table]}
