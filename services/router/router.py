"""The router's heart: a batch of events in, a decision recorded for each, its consequences out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from services.router.batch import Batch
from services.router.cases import Case
from services.router.origins import Origins
from services.router.publishing import Publishing
from services.router.rounds import Rounds
from services.router.rulebooks import Tenant
from services.router.telling import tell
from switchboard.clock import Clock
from switchboard.contracts import (
    AccountId,
    AnyAnswer,
    EventId,
    InboundEvent,
    PersonId,
    PostsRead,
    PublishedPost,
    WorkspaceId,
)
from switchboard.errors import Failure
from switchboard.queues import Received
from switchboard.queues.settle import describe
from switchboard.rules.contact import Origin
from switchboard.rules.decide import opens_window_until
from switchboard.state.claims import Observed, Seen
from switchboard.state.contacts import Remembered
from switchboard.telemetry import Meter

log = structlog.get_logger()


class Observations(Protocol):
    """What Redis knows of events and people."""

    async def observe(self, batch: Sequence[Observed]) -> Sequence[Seen]:
        """Claim each event and note the window it opens, all in one round trip."""
        ...


class Memory(Protocol):
    """Where contacts are remembered between batches."""

    async def remember(self, batch: Sequence[Remembered]) -> None:
        """Remember these contacts, unless newer ones are remembered."""
        ...

    async def forget(self, people: Collection[tuple[AccountId, PersonId]]) -> None:
        """Forget what is kept of `people`, their windows too."""
        ...


class Rules(Protocol):
    """The accounts' rules."""

    async def of(self, accounts: Iterable[AccountId]) -> Mapping[AccountId, Tenant | None]:
        """Return what is known of each account."""
        ...


class Posts(Protocol):
    """What is known of accounts' posts."""

    async def keep(
        self, account: UUID, workspace: WorkspaceId, published: Sequence[PublishedPost]
    ) -> None:
        """Keep when the posts were published, so that Meta need not be asked again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """Decide events: drop what another message carries, decide, record, publish."""

    observations: Observations
    memory: Memory
    rules: Rules
    origins: Origins
    rounds: Rounds
    posts: Posts
    publishing: Publishing
    meter: Meter
    now: Clock

    async def events(
        self, batch: Sequence[Received[InboundEvent]], /
    ) -> Sequence[BaseException | None]:
        """
        Decide a batch of events; those that cannot be decided yet come again.

        Raises:
            Unavailable: A dependency is away. Nothing, or only what may be done again, was done.
        """
        events = [received.message for received in batch]
        seen = await self._observe(events)
        # Of two messages with one event in one batch it may be either whose the claim is.
        mine = {
            event.event_id: (event, None, one)
            for event, one in zip(events, seen, strict=True)
            if one.first
        }
        duplicates = sum(not one.first for one in seen)
        failed = await self._route(list(mine.values()), duplicates=duplicates)
        return [failed.get(event.event_id) for event in events]

    async def answers(
        self, batch: Sequence[Received[AnyAnswer]], /
    ) -> Sequence[BaseException | None]:
        """
        Decide the events whose answers have come.

        Whoever claimed an event, its answer is ours: the claim is only looked at for its person.

        Raises:
            Unavailable: As `events`.
        """
        answers = [received.message for received in batch]
        seen = await self._observe([answer.event for answer in answers])
        asked = [(answer.event, answer, one) for answer, one in zip(answers, seen, strict=True)]
        failed = await self._route(asked, duplicates=0)
        return [failed.get(answer.event.event_id) for answer in answers]

    async def _observe(self, events: Sequence[InboundEvent]) -> Sequence[Seen]:
        return await self.observations.observe([_observed(event) for event in events])

    async def _route(
        self, asked: Sequence[tuple[InboundEvent, AnyAnswer | None, Seen]], *, duplicates: int
    ) -> Mapping[EventId, Failure]:
        """Decide, record and publish; return the events that must come again, and why."""
        tenants = await self.rules.of({event.account_id for event, _, _ in asked})
        origins = await self.origins.of([event for event, _, _ in asked], tenants)
        failed: dict[EventId, Failure] = {}
        cases: list[Case] = []
        for event, answer, seen in asked:
            origin = origins.get(event.event_id)
            if isinstance(origin, Failure):
                failed[event.event_id] = origin
            else:
                tenant = tenants[event.account_id]
                cases.append(_case(event, answer, tenant, origin, seen))
        settled = await self.rounds.settle(cases)
        await self._remember(settled)
        # Observing their event kept a window. If it cannot be forgotten now, the event comes again.
        await self.memory.forget(settled.erased)
        await self._keep_posts(cases)
        await self.publishing.publish(settled.done)
        tell(settled, self.meter, self.now, duplicates=duplicates)
        return failed | settled.failed

    async def _keep_posts(self, cases: Iterable[Case]) -> None:
        """
        Keep what Meta said of posts, after what it decided: keeping it makes the rules others.

        A campaign is bound to the post it has found only while the rules are those it was found by.
        """
        for case in cases:
            if isinstance(case.answer, PostsRead) and case.tenant is not None:
                tenant = case.tenant
                await self.posts.keep(tenant.account, tenant.workspace_id, case.answer.posts)

    async def _remember(self, batch: Batch) -> None:
        """Let Redis know, if it can be reached: what it has not will be asked of Postgres."""
        learnt = batch.to_remember()
        if not learnt:
            return
        try:
            await self.memory.remember(learnt)
        except Failure as failure:
            log.warning("contacts.not_remembered", because=describe(failure))


def _case(
    event: InboundEvent,
    answer: AnyAnswer | None,
    tenant: Tenant | None,
    origin: Origin | None,
    seen: Seen,
) -> Case:
    of_origin = None if origin is None or origin.person_id is None else PersonId(origin.person_id)
    return Case(
        event=event,
        tenant=tenant,
        answer=answer or origin,
        person_id=event.person or of_origin,
        cached=seen.contact,
        window_closes_at=seen.window_closes_at,
        erasings=seen.erasings,
    )


def _observed(event: InboundEvent) -> Observed:
    """
    Return what Redis is asked about `event`.

    The claimant is the webhook that brought it: a message given to us twice is the same claimant,
    a webhook that Meta repeated is another.
    """
    return Observed(
        account_id=event.account_id,
        event_id=event.event_id,
        claimant=event.trace_id,
        person_id=event.person,
        window_closes_at=opens_window_until(event),
    )
