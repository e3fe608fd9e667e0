"""Whatever happens to an account, in any order, its row says what a simple model of holds says."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from switchboard.contracts import DeliveryId
from switchboard.db import holds
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, hold

STEPS = 60
DELIVERIES = [DeliveryId(UUID(int=n)) for n in range(1, 5)]
# The first "long" hold is longer than two "short" ones, and shorter than the third.
FIRST = {"long": timedelta(hours=3), "short": timedelta(hours=1)}


@dataclass
class Model:
    """An account, without a clock: it is held or was, and a place is somebody's or was."""

    number: int = 0
    reason: str | None = None
    held: bool = False
    probe: DeliveryId | None = None
    has_place: bool = False

    def refused(self, by: DeliveryId, reason: str) -> None:
        """Meta refuses `by`."""
        longer = self.reason == "short" and reason == "long" and self.number <= 2
        if self.number == 0 or not self.held or self.probe == by:
            self.number = self.number + 1 if self.reason == reason else 1
        elif self.reason != reason and longer:
            self.number = 1
        else:
            return
        self.reason, self.held, self.probe, self.has_place = reason, True, None, False

    def takes(self, delivery: DeliveryId) -> bool:
        """`delivery` wants the place; return whether it may go."""
        if self.number == 0:
            return True
        if self.held or (self.has_place and self.probe != delivery):
            return False
        self.probe, self.has_place = delivery, True
        return True

    def leaves(self, delivery: DeliveryId) -> None:
        """`delivery` has learnt nothing."""
        if self.probe == delivery:
            self.probe, self.has_place = None, False

    def succeeds(self, delivery: DeliveryId) -> bool:
        """Meta takes `delivery`; return whether that ends the hold."""
        if self.number == 0 or self.probe != delivery:
            return False
        self.__init__()  # type: ignore[misc]  # free, as in the beginning
        return True


@dataclass
class Play:
    """The same things happen to the account and to the model."""

    owner: Database
    pipeline: Database
    shop: Shop
    random: random.Random
    model: Model = field(default_factory=Model)

    async def step(self) -> None:
        """Let something happen; both must say the same of it."""
        happen: list[Callable[[DeliveryId], Awaitable[None]]] = [
            self._refuse,
            self._take,
            self._take,
            self._leave,
            self._succeed,
            self._time_passes,
            self._place_runs_out,
        ]
        await self.random.choice(happen)(self.random.choice(DELIVERIES))

    async def _refuse(self, delivery: DeliveryId) -> None:
        reason = self.random.choice(list(FIRST))
        self.model.refused(delivery, reason)
        await hold(self.pipeline, self.shop, by=delivery, reason=reason, first=FIRST[reason])

    async def _take(self, delivery: DeliveryId) -> None:
        taken = await holds.take_probe(
            self.pipeline, self.shop.account, delivery, within=timedelta(minutes=5)
        )
        assert self.model.takes(delivery) == taken

    async def _leave(self, delivery: DeliveryId) -> None:
        self.model.leaves(delivery)
        await holds.leave_probe(self.pipeline, self.shop.account, delivery)

    async def _succeed(self, delivery: DeliveryId) -> None:
        lifted = await holds.lift(self.pipeline, self.shop.account, delivery)
        assert self.model.succeeds(delivery) == lifted

    async def _time_passes(self, _delivery: DeliveryId) -> None:
        self.model.held = False
        await self.owner.execute(
            "update public.instagram_accounts set held_until = now() where held_until > now()"
        )

    async def _place_runs_out(self, _delivery: DeliveryId) -> None:
        self.model.has_place = False
        await self.owner.execute(
            "update public.instagram_accounts set probe_until = now() where probe_until > now()"
        )

    async def agrees(self) -> None:
        """Require that the row is what the model says."""
        (row,) = await self.owner.fetch(_AS_THE_MODEL)
        model = self.model
        found = Model(row["holds"], row["reason"], row["held"], row["probe"], row["has_place"])
        assert model == found


@pytest.mark.parametrize("seed", range(12))
async def test_the_row_is_as_the_model(
    owner: Database, pipeline: Database, shop: Shop, seed: int
) -> None:
    """Refusals, successes, probes that die, time that passes: in whatever order they come."""
    play = Play(owner, pipeline, shop, random.Random(seed))
    for _ in range(STEPS):
        await play.step()
        await play.agrees()


_AS_THE_MODEL = """
select holds, hold_reason as reason, coalesce(held_until > now(), false) as held,
       probe_id as probe, coalesce(probe_until > now(), false) as has_place
  from public.instagram_accounts
"""
