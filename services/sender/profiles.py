"""A person's name, asked of Meta when a message calls them by it and we do not know it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol

import structlog

from services.sender.composing import lacks_name
from services.sender.pacing import QUESTION
from services.sender.turns import Turns
from switchboard.contracts import AccountId, PersonId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Retryable
from switchboard.graph import NotSent, NotUnderstood, Profile

# Somebody waits for the message; without the name it has its fallback.
PATIENCE: Final = timedelta(seconds=2)
_ASKED_AGAIN_S: Final = 24 * 3600.0
_MOST_REMEMBERED: Final = 10_000

# Why asking again soon would cost time for nothing; the rest ends, or is the whole account's.
_LASTING: Final = (NotSent, NotUnderstood, Retryable, TimeoutError)

log = structlog.get_logger()


class Reader(Protocol):
    """Meta, asked about people."""

    async def read_profile(self, person_id: PersonId, *, token: str) -> Profile:
        """Ask who a person is."""
        ...


class Names(Protocol):
    """Where names are kept."""

    async def keep(self, delivery: Claimed, name: str | None, username: str | None) -> None:
        """Keep what the delivery's person is called."""
        ...


@dataclass(frozen=True, slots=True)
class Unnamed:
    """
    People whom Meta told no name of within the last day: the latest `_MOST_REMEMBERED`.

    Each process has its own; one that starts anew asks once more.
    """

    clock: Callable[[], float] = time.monotonic
    _until: OrderedDict[tuple[AccountId, PersonId], float] = field(default_factory=OrderedDict)

    def add(self, account_id: AccountId, person_id: PersonId) -> None:
        """Remember somebody from now on."""
        self._until[account_id, person_id] = self.clock() + _ASKED_AGAIN_S
        self._until.move_to_end((account_id, person_id))
        if len(self._until) > _MOST_REMEMBERED:
            self._until.popitem(last=False)

    def __contains__(self, who: tuple[AccountId, PersonId | None]) -> bool:
        """Whether `who` is remembered still."""
        account_id, person_id = who
        if person_id is None:
            return False
        return self._until.get((account_id, person_id), 0.0) > self.clock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Puts names to people, as far as Meta tells them in time; no message waits for more."""

    graph: Reader
    names: Names
    turns: Turns
    patience: timedelta = PATIENCE
    unnamed: Unnamed = field(default_factory=Unnamed)

    def asks(self, delivery: Claimed) -> bool:
        """Whether Meta would be asked before `delivery` is sent."""
        known_not = (delivery.instagram_id, delivery.person_id) in self.unnamed
        return delivery.person_id is not None and lacks_name(delivery) and not known_not

    async def named(self, delivery: Claimed, token: str) -> Claimed:
        """Return `delivery` with its person's name, or as it is if there is none to be had."""
        person_id = delivery.person_id
        if person_id is None or not self.asks(delivery):
            return delivery
        try:
            await self.turns.take_at_once(delivery, QUESTION)
        except Failure:
            return delivery  # no turn, no question; nor will the message go out while all must wait
        try:
            profile = await self._read(delivery, person_id, token)
        except (Failure, TimeoutError) as failure:
            because = failure.reason if isinstance(failure, Failure) else "timed_out"
            log.info("profile.not_read", account_id=delivery.instagram_id, because=because)
            if isinstance(failure, _LASTING):
                self.unnamed.add(delivery.instagram_id, person_id)
            return delivery
        if profile.name is None:
            self.unnamed.add(delivery.instagram_id, person_id)
        await self._keep(delivery, profile)
        return replace(delivery, name=profile.name, username=profile.username or delivery.username)

    async def _read(self, delivery: Claimed, person_id: PersonId, token: str) -> Profile:
        async with asyncio.timeout(self.patience.total_seconds()):
            try:
                profile = await self.graph.read_profile(person_id, token=token)
            except Failure as failure:
                await self.turns.heed_failure(delivery, failure)
                raise
            await self.turns.heed(delivery, profile.said)
            return profile

    async def _keep(self, delivery: Claimed, profile: Profile) -> None:
        """Keep a name for the next time; if that fails, it is asked for again then."""
        if profile.name is None and profile.username is None:
            return
        try:
            await self.names.keep(delivery, profile.name, profile.username)
        except Failure as failure:
            log.warning(
                "profile.not_kept", account_id=delivery.instagram_id, because=failure.reason
            )
