"""Holds: how long, one probe after each, and what everybody agrees on."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId
from switchboard.db import holds, pacing
from switchboard.db.holds import Held
from switchboard.db.pacing import Due
from switchboard.db.pool import Database, Row
from switchboard.graph import every_row
from tests.integration.db.queues import one_round
from tests.integration.db.town import Shop, hold, lose_token, now, open_shop, owe, state_of

HOUR, LEASE = timedelta(hours=1), timedelta(minutes=1)


def some_delivery() -> DeliveryId:
    """Return the id of a delivery nobody looks for."""
    return DeliveryId(uuid4())


async def account(owner: Database, shop: Shop) -> Row:
    """Return the shop's account as it is stored."""
    row = await owner.fetchrow(
        "select * from public.instagram_accounts where id = $1", shop.account
    )
    assert row is not None
    return row


async def pass_time(owner: Database) -> None:
    """Let every hold come to its end."""
    await owner.execute("update public.instagram_accounts set held_until = now()")


def lasts(held: Held | None) -> timedelta:
    """Return for how long a hold that has just begun is, to the second."""
    assert held is not None
    return timedelta(seconds=round((held.until - now()).total_seconds()))


async def probed(pipeline: Database, owner: Database, shop: Shop) -> DeliveryId:
    """Let the hold end, and return the delivery that has the place."""
    await pass_time(owner)
    probe = some_delivery()
    assert await holds.take_probe(pipeline, shop.account, probe, within=LEASE)
    return probe


class TestHolding:
    async def test_each_in_a_row_is_twice_as_long(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A hold that comes again doubles, up to the longest; after a success it begins anew."""
        held = await hold(pipeline, shop)
        lengths, numbers = [lasts(held)], [held.number if held else 0]
        for _ in range(4):
            probe = await probed(pipeline, owner, shop)
            held = await hold(pipeline, shop, by=probe)
            lengths.append(lasts(held))
            numbers.append(held.number if held else 0)
        await holds.lift(pipeline, shop.account, await probed(pipeline, owner, shop))

        assert [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR] == lengths
        assert [1, 2, 3, 4, 5] == numbers
        assert HOUR == lasts(await hold(pipeline, shop))

    @pytest.mark.parametrize(
        ("first_s", "longest_s"),
        sorted({(row.wait_s, row.longest_s) for _, _, row in every_row() if row.longest_s}),
    )
    async def test_every_restrictions_lengths(
        self, owner: Database, pipeline: Database, shop: Shop, first_s: float, longest_s: float
    ) -> None:
        """As the table of errors has them: the nth is first x 2^(n-1), none is over the longest."""
        first, longest = timedelta(seconds=first_s), timedelta(seconds=longest_s)
        lengths, probe = [], some_delivery()
        for _ in range(6):
            held = await hold(pipeline, shop, by=probe, first=first, longest=longest)
            lengths.append(lasts(held))
            probe = await probed(pipeline, owner, shop)

        assert [min(first * 2**n, longest) for n in range(6)] == lengths

    async def test_it_never_overflows(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """However often it came, its length can be counted."""
        await hold(pipeline, shop)
        await owner.execute("update public.instagram_accounts set holds = 2000000000")
        probe = await probed(pipeline, owner, shop)

        assert 8 * HOUR == lasts(await hold(pipeline, shop, by=probe))

    async def test_what_was_under_way_changes_nothing(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Twenty calls that are refused at once are one hold, of the first length."""
        held = await asyncio.gather(*(hold(pipeline, shop) for _ in range(20)))
        late = await hold(pipeline, shop)

        assert {1} == {one.number for one in (*held, late) if one is not None}
        assert 1 == len({one.until for one in held if one is not None})
        row = await account(owner, shop)
        assert (1, "policy_block") == (row["holds"], row["hold_reason"])

    async def test_another_reason_counts_from_one(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A probe that meets another restriction begins that one's own row."""
        await hold(pipeline, shop)
        probe = await probed(pipeline, owner, shop)
        await hold(pipeline, shop, by=probe)
        probe = await probed(pipeline, owner, shop)
        other = await hold(pipeline, shop, by=probe, reason="message_access_off")

        assert (1, HOUR) == (other.number if other else 0, lasts(other))

    @pytest.mark.parametrize(("hours", "stands"), [(1, "long"), (9, "other")])
    async def test_of_two_reasons_the_longer_stands(
        self, owner: Database, pipeline: Database, shop: Shop, hours: int, stands: str
    ) -> None:
        """While an account is held, another restriction counts if it holds for longer."""
        await hold(pipeline, shop, reason="long", first=2 * HOUR)
        await hold(pipeline, shop, reason="other", first=hours * HOUR, longest=9 * HOUR)

        assert stands == (await account(owner, shop))["hold_reason"]

    async def test_only_one_account(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """One account's trouble is not another's."""
        other = await open_shop(owner)
        await hold(pipeline, shop)

        assert 0 == (await account(owner, other))["holds"]

    async def test_a_disconnected_account(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """There is nothing to hold any more."""
        await owner.execute("update public.instagram_accounts set status = 'disconnected'")

        assert await hold(pipeline, shop) is None


class TestProbing:
    async def test_one_of_twenty(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """However many want the place at once, one has it, and keeps it if it asks again."""
        await hold(pipeline, shop)
        await pass_time(owner)
        wanting = [some_delivery() for _ in range(20)]

        taken = await asyncio.gather(
            *(holds.take_probe(pipeline, shop.account, one, within=LEASE) for one in wanting)
        )

        assert 1 == sum(taken)
        probe = wanting[taken.index(True)]
        assert await holds.take_probe(pipeline, shop.account, probe, within=LEASE)
        assert probe == (await account(owner, shop))["probe_id"]

    async def test_none_while_held(self, pipeline: Database, shop: Shop) -> None:
        """Before its time nothing goes out, not even one."""
        await hold(pipeline, shop)

        assert not await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)

    async def test_a_free_account_needs_no_place(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Who finds the account let free meanwhile may go, and takes nothing."""
        for _ in range(2):
            assert await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)

        assert (await account(owner, shop))["probe_id"] is None

    async def test_a_probe_that_died_frees_its_place(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A place is one's for a while: whoever comes after that has it."""
        await hold(pipeline, shop)
        await pass_time(owner)
        dead, next_one = some_delivery(), some_delivery()
        await holds.take_probe(pipeline, shop.account, dead, within=timedelta())

        assert await holds.take_probe(pipeline, shop.account, next_one, within=LEASE)
        assert not await holds.lift(pipeline, shop.account, dead)
        assert 1 == (await account(owner, shop))["holds"]

    async def test_leaving_it(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """An outcome that says nothing frees the place, and the hold is neither over nor longer."""
        await hold(pipeline, shop)
        probe = await probed(pipeline, owner, shop)
        await holds.leave_probe(pipeline, shop.account, some_delivery())
        another = await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)
        await holds.leave_probe(pipeline, shop.account, probe)

        assert not another
        assert await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)
        assert 1 == (await account(owner, shop))["holds"]

    async def test_success_ends_the_hold(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """The probe's success does, and no other delivery's."""
        await hold(pipeline, shop)
        probe = await probed(pipeline, owner, shop)
        others = await holds.lift(pipeline, shop.account, some_delivery())
        probes = await holds.lift(pipeline, shop.account, probe)

        assert (False, True) == (others, probes)
        row = await account(owner, shop)
        found = [row[name] for name in ("holds", "held_until", "hold_reason", "probe_id")]
        assert [0, None, None, None] == found

    async def test_trying_now(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Whoever says that it is mended gets a probe at once, and nothing else gets out."""
        free = await holds.try_now(owner, shop.account)
        await hold(pipeline, shop)
        held = await holds.try_now(owner, shop.account)

        assert (False, True) == (free, held)
        assert await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)
        assert not await holds.take_probe(pipeline, shop.account, some_delivery(), within=LEASE)


@pytest.fixture(params=["public_reply", "private_reply"])
def kind(request: pytest.FixtureRequest) -> str:
    """What waits: something in no queue, and something that has a queue."""
    kind: str = request.param
    return kind


async def _parked(pipeline: Database, shop: Shop, kind: str, *, hours: int = 1) -> DeliveryId:
    deadline = now() + timedelta(hours=hours)
    return await owe(pipeline, shop, kind=kind, state="parked", deadline=deadline)


async def released(pipeline: Database) -> list[DeliveryId]:
    """Let a pacer make a round, in an hour with room for nine; return what it released."""
    due = await pacing.release_due(pipeline, limit=10)
    return [one.delivery_id for one in [*due, *await one_round(pipeline, free=9)]]


class TestReleasing:
    async def test_one_after_a_hold(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """The pacer brings back the most urgent one, as the probe, and no other beside it."""
        later, first = (
            await _parked(pipeline, shop, kind, hours=2),
            await _parked(pipeline, shop, kind),
        )
        await hold(pipeline, shop)
        held = await released(pipeline)
        await pass_time(owner)
        rounds = [await released(pipeline) for _ in range(3)]

        assert ([], [[first], [], []]) == (held, rounds)
        assert first == (await account(owner, shop))["probe_id"]
        assert await holds.take_probe(pipeline, shop.account, first, within=LEASE)
        assert not await holds.take_probe(pipeline, shop.account, later, within=LEASE)

    async def test_everything_after_a_success(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """Once the probe was sent, all that waits follows."""
        probe, *others = [await _parked(pipeline, shop, kind, hours=hours) for hours in (1, 2, 3)]
        await hold(pipeline, shop)
        await pass_time(owner)
        await released(pipeline)
        await holds.lift(pipeline, shop.account, probe)

        assert others == await released(pipeline)

    async def test_pacers_at_once(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """However many pacers there are, one delivery of an account on probation is out."""
        quiet = await open_shop(owner)
        for _ in range(5):
            await _parked(pipeline, shop, kind)
        free = {await _parked(pipeline, quiet, kind) for _ in range(5)}
        await hold(pipeline, shop)
        await pass_time(owner)

        rounds = [
            one
            for _ in range(5)
            for one in await asyncio.gather(*(released(pipeline) for _ in range(8)))
        ]

        found = [delivery for one in rounds for delivery in one]
        assert free < set(found)
        assert 1 == len(set(found) - free)
        assert len(found) == len(set(found))

    async def test_the_place_is_not_taken_from_a_sender(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """A delivery that came straight from the router has the place: the pacer leaves it so."""
        await _parked(pipeline, shop, kind)
        await hold(pipeline, shop)
        probe = await probed(pipeline, owner, shop)

        assert [] == await released(pipeline)
        assert probe == (await account(owner, shop))["probe_id"]

    async def test_a_probe_nobody_heard_of(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """If the message about it is lost, another one is tried after a minute, or it is again."""
        first, second = (
            await _parked(pipeline, shop, kind),
            await _parked(pipeline, shop, kind, hours=2),
        )
        await hold(pipeline, shop)
        await pass_time(owner)
        before = await released(pipeline)
        await owner.execute("update public.instagram_accounts set probe_until = now()")

        again = [one.delivery_id for one in await _told_again(owner, pipeline)]
        after = await released(pipeline)

        assert [first] == before == again
        assert ([second] if kind == "public_reply" else []) == after


async def _told_again(owner: Database, pipeline: Database) -> list[Due]:
    """Let a minute pass for what was told of; return what is told of again."""
    await owner.execute(
        "update public.deliveries set published_at = now() - interval '61 s' where state = 'ready'"
    )
    return await pacing.republish_stale(pipeline, older_than_s=60, limit=10)


class TestRunningOut:
    @pytest.mark.parametrize("why", ["deadline_passed", "held_too_long", "not_reconnected_in_time"])
    async def test_it_says_why(
        self, owner: Database, pipeline: Database, shop: Shop, why: str
    ) -> None:
        """What waited for its account until it was too late says so."""
        late = await owe(pipeline, shop, state="parked", deadline=now() - timedelta(seconds=1))
        if why == "held_too_long":
            await hold(pipeline, shop)
        if why == "not_reconnected_in_time":
            await lose_token(pipeline, shop)
        await pacing.expire_overdue(pipeline)

        assert ("expired", why) == await _ended(owner, late)

    @pytest.mark.parametrize("kind", ["timer", "webhook"])
    async def test_what_waits_for_no_account(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """What is no call to Meta was not late because of the account."""
        past = now() - timedelta(seconds=1)
        late = await owe(pipeline, shop, kind=kind, person_id="77", state="parked", deadline=past)
        await lose_token(pipeline, shop)
        await pacing.expire_overdue(pipeline)

        assert ("expired", "deadline_passed") == await _ended(owner, late)

    @pytest.mark.parametrize(
        ("kind", "moved", "state"),
        [
            ("message", 5, "parked"),
            ("message", -5, "expired"),
            ("private_reply", 5, "expired"),
        ],
    )
    async def test_a_window_that_moved(  # noqa: PLR0917  a table's columns
        self, owner: Database, pipeline: Database, shop: Shop, kind: str, moved: int, state: str
    ) -> None:
        """Who wrote again may be written to for longer; a comment's days do not move with it."""
        closes = now() + timedelta(hours=moved)
        await owner.execute(
            """
            insert into public.contacts (
              account_id, workspace_id, person_id, first_seen_at, last_inbound_at, window_closes_at)
            values ($1, $2, '77', now(), now(), $3)
            """,
            shop.account,
            shop.workspace,
            closes,
        )
        delivery = await owe(
            pipeline,
            shop,
            kind=kind,
            person_id="77",
            state="parked",
            deadline=now() - timedelta(seconds=1),
        )
        expired = await pacing.expire_overdue(pipeline)

        assert state == await state_of(owner, delivery)
        assert (state == "expired") == (delivery in [one.delivery_id for one in expired])
        if state == "parked":
            assert closes == await _deadline(owner, delivery)

    async def test_a_message_that_waits_for_another(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """One of another person, or of another account, keeps nothing alive."""
        other = await open_shop(owner)
        await owner.execute(
            """
            insert into public.contacts (
              account_id, workspace_id, person_id, first_seen_at, last_inbound_at, window_closes_at)
            values ($1, $2, '77', now(), now(), now() + interval '5 h'),
                   ($3, $4, '78', now(), now(), now() + interval '5 h')
            """,
            other.account,
            other.workspace,
            shop.account,
            shop.workspace,
        )
        late = await owe(
            pipeline,
            shop,
            kind="message",
            person_id="77",
            state="waiting",
            deadline=now() - timedelta(seconds=1),
        )
        await pacing.expire_overdue(pipeline)

        assert "expired" == await state_of(owner, late)


async def _ended(owner: Database, delivery: DeliveryId) -> tuple[str, str | None]:
    row = await owner.fetchrow("select * from public.deliveries where id = $1", delivery)
    assert row is not None
    return row["state"], row["reason"]


async def _deadline(owner: Database, delivery: DeliveryId) -> datetime:
    row = await owner.fetchrow("select deadline from public.deliveries where id = $1", delivery)
    assert row is not None
    found: datetime = row["deadline"]
    return found
