"""What a router has in memory does not depend on how many people it has heard of."""

from __future__ import annotations

from itertools import count

from switchboard.contracts import InboundEvent, PersonId
from tests.integration.router.stage import Stage
from tests.support.keeping import kept

_numbers = count(1)


def batch(stage: Stage) -> list[InboundEvent]:
    """Return five comments and five messages, each by somebody nobody has heard of before."""
    numbers = [next(_numbers) for _ in range(10)]
    people = [PersonId(str(7_000_000_000 + number)) for number in numbers]
    return [
        *(stage.comment(author_id=person) for person in people[:5]),
        *(stage.message("hello", sender_id=person) for person in people[5:]),
    ]


async def some_go_through(stage: Stage) -> None:
    """Let ten batches be handled, and forget what was published."""
    for _ in range(10):
        assert [None] * 10 == await stage.route(*batch(stage))
    stage.outbound.published.clear()


async def test_nothing_of_events_stays(stage: Stage) -> None:
    """A hundred events of a hundred people later, not one object more is there."""
    await some_go_through(stage)
    before = kept()
    await some_go_through(stage)

    assert before == kept()


async def test_it_would_be_noticed(stage: Stage) -> None:
    """One event that somebody keeps is seen, and so is what hangs on it."""
    await some_go_through(stage)
    before = kept()
    keeper = stage.comment()

    assert {type(keeper).__name__: 1} == {
        name.rpartition(".")[2]: number for name, number in (kept() - before).items()
    }
