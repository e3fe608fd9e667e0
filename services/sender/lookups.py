"""
What a decision wants to know from Meta: whether a person follows, which posts there are.

The event is `asked` until its answer is on the queue, so every lookup ends in one, even if it only
says that nobody could tell. It is published before the row is settled: whoever dies in between
leaves a row that is looked up again, and the router takes the first answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.sender import answers
from services.sender.answers import Lookup, Read, outgoing, read_lookup
from services.sender.endings import Delivered, Ending, Late, Never, ending_of, restricts
from services.sender.obstacles import account_obstacle
from services.sender.speaking import Tokens
from services.sender.turns import Turns
from switchboard.clock import Clock
from switchboard.contracts import AccountId, PersonId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure
from switchboard.graph import GraphFailure, Posts, Profile, Said
from switchboard.queues import Outgoing


class Queue(Protocol):
    """A queue that is written to."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`, or raise."""
        ...


class Reader(Protocol):
    """Meta, asked."""

    async def read_profile(self, person_id: PersonId, *, token: str) -> Profile:
        """Ask who a person is."""
        ...

    async def read_posts(self, account_id: AccountId, *, token: str) -> Posts:
        """Ask which posts an account has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """Reads at Meta, and answers on the queue `classified`."""

    tokens: Tokens
    turns: Turns
    graph: Reader
    classified: Queue
    now: Clock

    async def attempt(self, delivery: Claimed) -> Ending:
        """Read and answer; return how it ended. What passes is tried again until the deadline."""
        try:
            wanted = read_lookup(delivery.content)
            if self.now() >= delivery.deadline:
                await self._answer(answers.too_late(wanted, self.now()))
                return Late("deadline_passed")
            return account_obstacle(delivery, now=self.now()) or await self._ask(wanted, delivery)
        except Failure as failure:
            return ending_of(failure, delivery)

    async def _ask(self, wanted: Lookup, delivery: Claimed) -> Ending:
        """Ask Meta; answer what it said, or that it will not say."""
        try:
            answer, said = await self._read(wanted, delivery)
        except GraphFailure as failure:
            await self.turns.heed_failure(delivery, failure)
            ending = ending_of(failure, delivery)
            if restricts(ending):
                await self.turns.rest(delivery)
            if not isinstance(ending, Never | Late):
                return ending
            await self._answer(answers.refused(wanted, failure, self.now()))
            return Delivered(said=failure.said, reason=ending.reason)
        await self._answer(answer)
        return Delivered(said=said)

    async def _read(self, wanted: Lookup, delivery: Claimed) -> tuple[Read, Said]:
        token = self.tokens.token(delivery)
        await self.turns.probe(delivery)
        await self.turns.take(delivery)
        if wanted.about == "posts":
            posts = await self.graph.read_posts(delivery.instagram_id, token=token)
            await self.turns.heed(delivery, posts.said)
            return answers.posts(wanted, posts, self.now()), posts.said
        person_id = delivery.person_id or wanted.event.person
        if person_id is None:
            return answers.refused(wanted, None, self.now()), Said()
        profile = await self.graph.read_profile(person_id, token=token)
        await self.turns.heed(delivery, profile.said)
        return answers.follower(wanted, profile, self.now()), profile.said

    async def _answer(self, answer: Read) -> None:
        await self.classified.publish([outgoing(answer)])
