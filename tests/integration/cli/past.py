"""A past for an account: events decided and recorded as the router does it, with answers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.router.cases import Case, Decided
from services.router.published import PublishedVersions
from services.router.rounds import Rounds
from services.router.rulebooks import Tenant
from services.router.stores import StoredContacts, StoredLedger, StoredRules
from switchboard.contracts import (
    AccountId,
    Answer,
    CampaignId,
    Echoed,
    FlowDue,
    FollowerRead,
    InboundEvent,
    LinkClicked,
    PersonId,
    PostsRead,
    PublishedPost,
    TraceId,
    WorkspaceId,
)
from switchboard.db import posts, rules, tenancy
from switchboard.db.pool import Database
from switchboard.rules.campaigns import CampaignDefinition
from switchboard.rules.contact import Origin
from switchboard.rules.decision import Draft
from switchboard.rules.rulebook import compile_rules
from tests.support.builders import NOON
from tests.support.corpus import POSTS, definitions, happenings

_BATCH = 40


@dataclass(slots=True)
class Past:
    """
    An account, its campaigns by name, and what has happened to it.

    `play` lets things happen; what is asked is answered, and what waits goes off, by a draw that is
    the same each time.
    """

    db: Database
    workspace: WorkspaceId
    account: UUID
    instagram_id: AccountId
    campaigns: dict[str, CampaignId]
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    now: datetime = NOON
    decided: list[Decided] = field(default_factory=list)
    timers: list[tuple[datetime, FlowDue]] = field(default_factory=list)
    seed: int = 0

    async def play(self, count: int, start: datetime | None = None) -> None:
        """Let `count` things of every kind happen, from `start` on, else from `self.start`."""
        self.seed += 1
        events = list(
            happenings(
                count,
                seed=self.seed,
                account=self.instagram_id,
                start=start or self.start,
                campaigns=self.campaigns,
            )
        )
        for at in range(0, count, _BATCH):
            await self.happen(events[at : at + _BATCH])

    async def happen(self, events: Sequence[InboundEvent]) -> None:
        """Decide and record `events`, then what they asked, then what has become due."""
        self.now = max(event.received_at for event in events)
        tenant = await self.tenant()
        cases = [self._case(tenant, event, self._known(event)) for event in events]
        asked = await self._settle(cases)
        for _ in range(3):
            asked = await self._settle([await self._answered(one) for one in asked])
        due = [event for at, event in self.timers if at <= self.now]
        self.timers = [one for one in self.timers if one[0] > self.now]
        if due:
            await self._settle([self._case(tenant, event, None) for event in due])

    async def publish(self, name: str, definition: CampaignDefinition) -> int:
        """Publish a version of the campaign called `name`."""
        return await tenancy.publish_campaign(
            self.db,
            self.campaigns[name],
            workspace=self.workspace,
            account=self.account,
            name=name,
            rank=list(self.campaigns).index(name),
            definition=definition,
        )

    async def tenant(self) -> Tenant:
        """Return the account with its rules as they are now, which are kept in the books."""
        (loaded,) = await rules.load(self.db, [self.instagram_id])
        await StoredRules(self.db).keep([loaded])
        book = compile_rules(
            loaded.version, loaded.campaigns, loaded.intents, loaded.settings, loaded.posts
        )
        return Tenant(loaded.id, loaded.workspace_id, book)

    async def _settle(self, cases: Iterable[Case]) -> list[Decided]:
        """Decide and record; return what is asked."""
        stored = StoredRules(self.db)
        rounds = Rounds(
            contacts=StoredContacts(self.db),
            versions=PublishedVersions(stored, capacity=1000),
            ledger=StoredLedger(self.db),
            now=lambda: self.now,
        )
        batch = await rounds.settle(cases)
        assert not batch.failed
        settled = [one for one, _ in batch.done]
        self.decided += settled
        for one in settled:
            self.timers += [_timer(one, d) for d in one.decision.drafts if d.kind == "timer"]
        return [one for one in settled if one.decision.outcome == "asked" and _is_answered(one)]

    async def _answered(self, one: Decided) -> Case:
        event, because = one.event, one.decision.because
        if because == "asks_posts":
            found = [
                PublishedPost(media_id=post, posted_at=self.now + timedelta(minutes=number))
                for number, post in enumerate(POSTS)
            ]
            await posts.keep(self.db, self.account, self.workspace, found)
            read = PostsRead(event=event, posts=tuple(found), because="read", answered_at=self.now)
            return self._case(await self.tenant(), event, read)
        intent = "shipping" if _drawn(event) % 3 == 0 else None
        classified = Answer(
            event=event,
            intent=intent,
            because="recognised" if intent else "none_fits",
            by="model",
            confidence=0.75,
            intents_version=1,
            answered_at=self.now,
        )
        if because == "asks_classifier":
            return self._case(await self.tenant(), event, classified)
        follows = (True, False, None)[_drawn(event) % 3]
        told = FollowerRead(
            event=event,
            follows=follows,
            because="not_told" if follows is None else "read",
            answered_at=self.now,
        )
        return self._case(await self.tenant(), event, told)

    def _case(
        self,
        tenant: Tenant,
        event: InboundEvent,
        answer: Answer | FollowerRead | PostsRead | Origin | None,
    ) -> Case:
        person = event.person
        if isinstance(answer, Origin) and answer.person_id is not None:
            person = PersonId(answer.person_id)
        return Case(event=event, tenant=tenant, answer=answer, person_id=person)

    def _known(self, event: InboundEvent) -> Origin | None:
        """Return whose an echo is, ours or typed by hand; and what a click was in, and whose."""
        if isinstance(event, Echoed):
            return Origin(ours=_drawn(event) % 4 != 0)
        if isinstance(event, LinkClicked):
            price = self.campaigns["price"]
            person = event.url.rsplit("/", 1)[1]
            return Origin(ours=True, person_id=person, campaign_id=price, campaign_version=1)
        return None


async def open_past(owner: Database) -> Past:
    """Connect an account with campaigns of every kind, to which nothing has happened."""
    past = Past(owner, WorkspaceId(uuid4()), uuid4(), AccountId("17841400000000001"), {})
    await tenancy.create_workspace(owner, past.workspace, "shop")
    await tenancy.connect_account(
        owner,
        past.account,
        workspace=past.workspace,
        instagram_id=past.instagram_id,
        username="shop",
    )
    await tenancy.upsert_intent(
        owner, workspace=past.workspace, account=past.account, name="shipping"
    )
    for number, (name, definition) in enumerate(definitions().items()):
        past.campaigns[name] = CampaignId(UUID(int=number + 1))
        await past.publish(name, definition)
    return past


def _is_answered(one: Decided) -> bool:
    """Whether anybody answers: some questions never are."""
    return _drawn(one.event) % 10 != 0


def _drawn(event: InboundEvent) -> int:
    return zlib.crc32(event.identity().encode())


def _timer(one: Decided, draft: Draft) -> tuple[datetime, FlowDue]:
    assert draft.person_id is not None
    due = FlowDue(
        account_id=one.event.account_id,
        occurred_at=draft.not_before,
        received_at=draft.not_before,
        trace_id=TraceId("0" * 32),
        person_id=draft.person_id,
        delivery_id=draft.id,
        campaign_id=draft.campaign_id,
        campaign_version=draft.campaign_version,
        step=int(draft.step.split(".")[0]),
    )
    return draft.not_before, due
