"""
Simulated time: what really runs, in a world whose clock jumps from moment to moment.

    people ─record─▶ rows ─▶ told ─▶ senders ─▶ a Meta that notes when and whom
                     ▲ pacer, forecaster

Real are the statements, the limiter's Lua, the pacer, the sender and the forecaster; Meta is not,
and neither is SQS. Statements call `now()` by its bare name, so on a connection that looks for
names in the schema `simulated` first they read the clock of the world, unchanged to the letter.
What defaults and triggers write is real time, which nothing here goes by but for its order.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from yarl import URL

from services.sender.backlogs import StoredForecasts, StoredQueues
from services.sender.files import Files
from services.sender.forecasting import Forecaster
from services.sender.lookups import Lookups, Queue
from services.sender.pacer import Pacer
from services.sender.profiles import Profiles
from services.sender.sender import Sender
from services.sender.speaking import Speaking
from services.sender.stores import (
    SealedSecrets,
    SealedTokens,
    StoredLedger,
    StoredNames,
    StoredParking,
    StoredShelf,
)
from services.sender.timers import Timers
from services.sender.turns import Turns
from services.sender.webhooks import Webhooks
from switchboard.contracts import DELIVERY_DUE, AccountId, CommentId, DeliveryDue, PersonId, TraceId
from switchboard.contracts.ids import MessageId, event_id
from switchboard.db import credentials, ledger
from switchboard.db.alerts import Alert, open_alerts
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, open_pool
from switchboard.graph import GraphClient, Message, Said, Sent
from switchboard.hooks import HookClient
from switchboard.queues import Outgoing, Receipt
from switchboard.state import Limits, open_redis, ping
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, draft, open_shop, recorded

BEGAN: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)
CALL: Final = timedelta(seconds=0.3)  # how long a sender is busy with one
TICK: Final = timedelta(seconds=0.1)
PACED: Final = timedelta(seconds=1)
MARGIN: Final = timedelta(seconds=310)  # the sender's, by default
STALE: Final = timedelta(seconds=20)
_AT_ONCE: Final = 10  # events of one batch, and senders at work in one moment
_CALL_BUDGET: Final = timedelta(seconds=10)
_LEASE: Final = timedelta(seconds=60)
_VAULT: Final = Vault({"bench": bytes(32)})
_RECEIPT: Final = Receipt(message_id="m", receives=1, sent_at=BEGAN)


@dataclass
class Clock:
    """The world's time; `owner` is who may set it for the statements."""

    owner: Database
    at: datetime = BEGAN

    async def reach(self, moment: datetime) -> None:
        """Let it be `moment`, for Python and for PostgreSQL."""
        self.at = moment
        await self.owner.execute("update simulated.clock set at = $1", moment)

    def now(self) -> datetime:
        """Return the world's present."""
        return self.at

    def now_us(self) -> int:
        """Return it in microseconds since 1970, as limits take it."""
        return int(self.at.timestamp() * 1_000_000)


@dataclass
class Meta:
    """Takes everything, and notes when; the comments answered, each once or it is counted."""

    clock: Clock
    replies: dict[AccountId, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    answered: dict[str, datetime] = field(default_factory=dict)
    twice: int = 0

    async def send(
        self,
        account_id: AccountId,
        message: Message,
        *,
        token: str,  # noqa: ARG002  anybody may
    ) -> Sent:
        """Take a message."""
        recipient: dict[str, str] = message.body["recipient"]
        comment = recipient.get("comment_id")
        whom = comment or recipient["id"]
        self.twice += whom in self.answered
        self.answered[whom] = self.clock.at
        if comment is not None:
            self.replies[account_id].append(self.clock.at)
        return Sent(MessageId(f"mid.{len(self.answered)}"), None, Said())

    def most_in(self, window: timedelta) -> int:
        """Return the most private replies an account had in any such window, both ends included."""
        return max((_most(moments, window) for moments in self.replies.values()), default=0)


@dataclass
class Told:
    """What senders were told of, the first first; as if SQS were one line for everybody."""

    due: deque[DeliveryDue] = field(default_factory=deque)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Tell of each."""
        self.due += [DELIVERY_DUE.validate_json(message.body) for message in messages]


@dataclass(frozen=True, slots=True)
class Somebody:
    """Somebody who comments, or writes, at a moment."""

    at: datetime
    shop: Shop
    name: str
    writes: bool = False


@dataclass(kw_only=True)
class World:
    """Accounts, people, and one crew of senders with its pacer and forecaster."""

    owner: Database
    db: Database
    clock: Clock
    meta: Meta
    told: Told
    sender: Sender
    pacer: Pacer
    forecaster: Forecaster
    crew: int = 32
    asked_at: dict[str, datetime] = field(default_factory=dict)
    alerts: dict[tuple[UUID, str], list[tuple[datetime, Alert]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _busy_until: list[datetime] = field(default_factory=list)
    _paced_at: datetime = BEGAN

    async def open_shops(self, count: int, *, an_hour: int = 720) -> list[Shop]:
        """Connect so many accounts, each with a campaign."""
        shops = []
        for _ in range(count):
            shop = await open_shop(self.owner)
            await credentials.store(self.owner, shop.account, _VAULT.seal("t", shop.account), None)
            shops.append(shop)
        await self.owner.execute(_ALLOW, [shop.account for shop in shops], an_hour)
        return shops

    async def live(self, people: Iterable[Somebody], until: datetime) -> None:
        """Let time pass tick by tick, with `people` (the earliest first) coming meanwhile."""
        coming = deque(people)
        while self.clock.at < until:
            await self.clock.reach(min(self.clock.at + TICK, until))
            now_here = []
            while coming and coming[0].at <= self.clock.at:
                now_here.append(coming.popleft())
            await self.come(now_here)
            await self._pace()
            await self.work()

    async def pass_time(self, until: datetime, *, each: timedelta) -> None:
        """Let time pass in long steps with nobody coming; in each, all that is due is done."""
        while self.clock.at < until:
            await self.clock.reach(min(self.clock.at + each, until))
            while await self.pacer.round():
                pass
            await self._send(len(self.told.due))

    async def come(self, people: Sequence[Somebody]) -> None:
        """Record what `people` do, as the router does."""
        batches = [people[at : at + _AT_ONCE] for at in range(0, len(people), _AT_ONCE)]
        await asyncio.gather(*(self._record(batch) for batch in batches))

    async def foresee(self) -> None:
        """Make every forecast that is stale, and note the alerts that are open."""
        while await self.forecaster.next():
            pass
        for alert in await open_alerts(self.owner):
            self.alerts[alert.account, alert.subject].append((self.clock.at, alert))

    async def states(self, shop: Shop) -> Counter[str]:
        """Return how many deliveries of an account are in which state."""
        rows = await self.owner.fetch(_STATES, shop.account)
        return Counter({row["state"]: row["count"] for row in rows})

    async def _record(self, people: Sequence[Somebody]) -> None:
        batch = [_recorded(one) for one in people]
        self.asked_at |= {one.name: one.at for one in people}
        standings = await ledger.record(self.db, batch)
        for one in batch:
            for ready in standings[one.event_id].ready:
                due = DeliveryDue(
                    delivery_id=ready, account_id=one.instagram_id, trace_id=one.trace_id
                )
                self.told.due.append(due)

    async def _pace(self) -> None:
        if self.clock.at - self._paced_at >= PACED:
            self._paced_at = self.clock.at
            await self.pacer.round()

    async def work(self) -> None:
        """Let those of the crew who are free take what was told of first; a call takes a while."""
        now = self.clock.at
        while self._busy_until and self._busy_until[0] <= now:
            heapq.heappop(self._busy_until)
        free = min(self.crew - len(self._busy_until), len(self.told.due))
        for _ in range(free):
            heapq.heappush(self._busy_until, now + CALL)
        await self._send(free)

    async def _send(self, count: int) -> None:
        due = [self.told.due.popleft() for _ in range(count)]
        for at in range(0, count, _AT_ONCE):
            together = due[at : at + _AT_ONCE]
            await asyncio.gather(*(self.sender(one, _RECEIPT) for one in together))


@contextlib.asynccontextmanager
async def open_world(*, owner_url: str, pipeline_url: str, redis_url: str) -> AsyncIterator[World]:
    """Open a world in an empty, migrated database and an empty Redis."""
    async with (
        open_pool(_hasty(owner_url), name="owner", max_size=2) as owner,
        open_pool(_hasty(pipeline_url, **_WORLDS), name="world", max_size=_AT_ONCE) as db,
        open_redis(redis_url) as redis,
    ):
        for statement in _MAKE_TIME:
            await owner.execute(statement)
        clock = Clock(owner)
        await clock.reach(BEGAN)
        limits, meta, told = Limits(redis, now_us=clock.now_us), Meta(clock), Told()

        async def is_open() -> None:
            await ping(redis)

        yield World(
            owner=owner,
            db=db,
            clock=clock,
            meta=meta,
            told=told,
            sender=_sender(db, limits, meta, told, clock),
            pacer=Pacer(
                StoredParking(db, MARGIN),
                StoredQueues(db=db, turns=limits, margin=MARGIN),
                told,
                Told(),
                open_for_business=is_open,
                meter=_METER,
                now=clock.now,
                every_s=1.0,
                release_limit=200,
                stale=timedelta(minutes=1),
            ),
            forecaster=Forecaster(
                StoredForecasts(db=db, turns=limits, meter=_METER, stale=STALE, lease=_LEASE),
                margin=MARGIN,
                meter=_METER,
                now=clock.now,
                every_s=1.0,
            ),
        )


def _sender(db: Database, limits: Limits, meta: Meta, told: Queue, clock: Clock) -> Sender:
    """Put a sender together as its own process does, but for who is called and what time it is."""
    stored = StoredLedger(db=db, meter=_METER, lease=_LEASE)
    tokens, turns = SealedTokens(_VAULT), Turns(limits, stored)
    graph = cast("GraphClient", meta)  # what is said here has no name in it, and no file
    return Sender(
        ledger=stored,
        speaking=Speaking(
            tokens=tokens,
            turns=turns,
            graph=graph,
            profiles=Profiles(graph=graph, names=StoredNames(db), turns=turns),
            files=Files(
                graph=graph, shelf=StoredShelf(db, _LEASE), turns=turns, patience=_CALL_BUDGET
            ),
            tracking=None,
            meter=_METER,
            now=clock.now,
            call_budget=_CALL_BUDGET,
            margin=MARGIN - _CALL_BUDGET,
        ),
        lookups=Lookups(tokens=tokens, turns=turns, graph=graph, classified=told, now=clock.now),
        timers=Timers(events=told, now=clock.now),
        webhooks=Webhooks(
            hooks=cast("HookClient", None),
            secrets=SealedSecrets(db, _VAULT),
            turns=turns,
            now=clock.now,
        ),
        outbound=told,
        meter=_METER,
        now=clock.now,
        lease=_LEASE,
    )


def _recorded(one: Somebody) -> ledger.Recorded:
    """Return what the router records of somebody who is answered."""
    event, person = event_id(one.name), PersonId(one.name)
    said: dict[str, Any] = (
        {"kind": "message", "comment_id": None, "deadline": one.at + timedelta(days=1)}
        if one.writes
        else {"comment_id": CommentId(one.name), "deadline": one.at + timedelta(days=7)}
    )
    return recorded(
        one.shop,
        one.name,
        person_id=person,
        occurred_at=one.at,
        received_at=one.at,
        trace_id=TraceId("0" * 32),
        window_closes_at=one.at + timedelta(days=1) if one.writes else None,
        inbound=one.writes,
        deliveries=(draft(one.shop, event, person_id=person, not_before=one.at, **said),),
    )


def _most(moments: Sequence[datetime], window: timedelta) -> int:
    ordered, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


def _hasty(url: str, **settings: str) -> str:
    """Return the address of a database for sessions with `settings`, whose commits need no disk."""
    return str(URL(url).update_query(synchronous_commit="off", **settings))


_WORLDS: Final = {"search_path": "simulated,pg_catalog,public"}  # `now()` is the world's
_METER: Final = Meter("sender", "bench")
_MAKE_TIME: Final = (
    "create schema simulated",
    "create table simulated.clock (at timestamptz not null)",
    "insert into simulated.clock values ('-infinity')",
    """create function simulated.now() returns timestamptz language sql stable
       as 'select at from simulated.clock'""",
    "grant usage on schema simulated to switchboard_pipeline",
    "grant select on simulated.clock to switchboard_pipeline",
)
_ALLOW: Final = """
update public.instagram_accounts
   set private_replies_per_hour = $2, sends_per_second = 80
 where id = any ($1::uuid[])
"""
_STATES: Final = """
select state, count(*) from public.deliveries where account_id = $1 group by state
"""
