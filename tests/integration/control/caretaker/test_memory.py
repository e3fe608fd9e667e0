"""What the caretaker has in memory does not depend on how many comments it has read."""

from __future__ import annotations

from itertools import count

from services.control.caretaker.backfilling import Backfilling
from tests.integration.control.caretaker.household import Household
from tests.support.keeping import kept

_people = count()


async def some_are_read(house: Household, job: Backfilling) -> None:
    """Let two pages of comments be found at Meta and published."""
    for _ in range(60):
        await house.comment(f"p{next(_people)}")
    standing = await house.run(job)
    assert 60 <= standing.detail["missed"]
    house.published.clear()


async def test_nothing_of_comments_stays(house: Household) -> None:
    """Sixty comments of sixty people later, not one object more is there."""
    job = house.backfilling()
    await some_are_read(house, job)
    before = kept()
    await some_are_read(house, job)

    assert before == kept()
