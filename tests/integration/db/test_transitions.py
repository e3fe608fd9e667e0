"""What may become of a delivery, whoever writes the statement."""

from __future__ import annotations

import itertools

import pytest

from switchboard.db.deliveries import claim, record_refused
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from switchboard.rules.states import BECOMES, IDLE, State, may_become
from tests.integration.db.town import Shop, force, owe, state_of

PAIRS = [(a, b) for a, b in itertools.product(BECOMES, BECOMES) if a != b]


async def _change(owner: Database, delivery: object, state: State) -> None:
    await owner.execute(
        """
        update public.deliveries
           set state = $2::text, lease_owner = 'me', lease_until = now(),
               sent_at = case when $2::text = 'sent' then now() end
         where id = $1
        """,
        delivery,
        state,
    )


async def test_every_step_that_is_allowed(owner: Database, shop: Shop) -> None:
    """Each allowed step can be taken, and is then what is stored."""
    taken = []
    for before, after in PAIRS:
        if may_become(before, after):
            delivery = await owe(owner, shop)
            await force(owner, delivery, before)
            await _change(owner, delivery, after)
            taken.append((before, after, await state_of(owner, delivery)))

    assert [(a, b, b) for a, b in PAIRS if may_become(a, b)] == taken


async def test_every_step_that_is_not(owner: Database, shop: Shop) -> None:
    """Each other step is refused with both states' names, and nothing changes."""
    for before, after in PAIRS:
        if not may_become(before, after):
            delivery = await owe(owner, shop)
            await force(owner, delivery, before)
            with pytest.raises(QueryFailed, match=f"is {before} and cannot become {after}"):
                await _change(owner, delivery, after)
            assert before == await state_of(owner, delivery)


async def test_a_lease_can_be_prolonged(owner: Database, shop: Shop) -> None:
    """Staying in a state is no step."""
    delivery = await owe(owner, shop)
    await force(owner, delivery, "sending")

    await _change(owner, delivery, "sending")

    assert await state_of(owner, delivery) == "sending"


async def test_each_step_is_kept(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Each step has its number, its moment, its reason and who took it; staying is none."""
    delivery = await owe(pipeline, shop)
    assert await claim(pipeline, delivery, owner="me", lease_s=60)
    await pipeline.execute("update public.deliveries set attempts = 7 where id = $1", delivery)
    assert await record_refused(pipeline, delivery, owner="me", reason="thread_taken")

    steps = await owner.fetch(_STEPS, delivery)

    assert [
        (1, "ready", "sending", None, 1, "sender"),
        (2, "sending", "refused", "thread_taken", 7, "sender"),
    ] == [tuple(step[name] for name in _KEPT) for step in steps]
    assert steps[0]["at"] < steps[1]["at"]


async def test_a_step_without_a_name_is_its_logins(owner: Database, shop: Shop) -> None:
    """Who changes a row by hand is named by the role they logged in as, and by no one before."""
    delivery = await owe(owner, shop)
    assert await claim(owner, delivery, owner="me", lease_s=60)
    await _change(owner, delivery, "uncertain")

    steps = await owner.fetch(_STEPS, delivery)

    assert ["sender", "postgres"] == [step["moved_by"] for step in steps]


async def test_nobody_writes_the_history(pipeline: Database, shop: Shop) -> None:
    """Not even the pipeline, whose steps it is of: it comes from taking them."""
    delivery = await owe(pipeline, shop)
    for statement in (
        "insert into public.delivery_transitions (delivery_id) values ($1)",
        "update public.delivery_transitions set moved_by = 'me' where delivery_id = $1",
        "delete from public.delivery_transitions where delivery_id = $1",
    ):
        with pytest.raises(QueryFailed, match="permission denied"):
            await pipeline.execute(statement, delivery)


async def test_the_pipeline_cannot_begin_in_the_middle(pipeline: Database, shop: Shop) -> None:
    """A row that claims to have been sent cannot be made up."""
    for state in set(BECOMES) - IDLE:
        with pytest.raises(QueryFailed, match=r"row-level security|deliveries_"):
            await owe(pipeline, shop, state=state)


async def test_everything_has_an_addressee(pipeline: Database, shop: Shop) -> None:
    """A message or timer without a person, or a reply without a comment, is no delivery."""
    for kind, person_id, comment_id in [
        ("message", None, "c"),
        ("timer", None, "c"),
        ("private_reply", "p", None),
        ("public_reply", "p", None),
    ]:
        with pytest.raises(QueryFailed, match="deliveries_have_an_addressee"):
            await owe(pipeline, shop, kind=kind, person_id=person_id, comment_id=comment_id)


async def test_what_needs_no_addressee(owner: Database, pipeline: Database, shop: Shop) -> None:
    """A lookup and a webhook may be about a person, a comment, or neither."""
    for kind, person_id, comment_id in itertools.product(
        ("lookup", "webhook"), (None, "p"), (None, "c")
    ):
        delivery = await owe(pipeline, shop, kind=kind, person_id=person_id, comment_id=comment_id)
        assert await state_of(owner, delivery) == "ready"


async def test_nothing_follows_itself(pipeline: Database, shop: Shop) -> None:
    """A delivery that waits for itself would wait for ever, and is refused."""
    with pytest.raises(QueryFailed, match="deliveries_follow_another"):
        await owe(pipeline, shop, id=shop.account, after_id=shop.account)


_KEPT = ("number", "before", "after", "reason", "attempts", "moved_by")
_STEPS = """
select number, before, after, reason, attempts, moved_by, at
  from public.delivery_transitions
 where delivery_id = $1
 order by number
"""
