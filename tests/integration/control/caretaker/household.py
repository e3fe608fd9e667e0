"""What the tests of the caretaker stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.control.caretaker.backfilling import Backfilling
from services.control.caretaker.caretaker import Caretaker
from services.control.caretaker.covering import Covering
from services.control.caretaker.job import Job, Upkeep
from services.control.caretaker.probing import Probing
from services.control.caretaker.refreshing import Refreshing
from services.control.caretaker.shelf import Shelf
from services.control.caretaker.sifting import Sifting
from services.control.caretaker.watching import Rhythm
from switchboard.clock import utc_now
from switchboard.contracts import INBOUND_EVENT, AccountId, CommentWritten
from switchboard.db import care, credentials, jobs, ledger
from switchboard.db.alerts import Alert, open_alerts
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.jobs import Standing
from switchboard.db.pool import Database
from switchboard.errors import Throttled
from switchboard.graph import AccountClient, LoginClient
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, recorded
from tests.integration.metasim.stage import MEDIA, TOKEN, Meta

VAULT = Vault({"k": bytes(32)})
RHYTHM = Rhythm(usual=timedelta(minutes=10), soon=timedelta(minutes=1))


@dataclass
class Purse:
    """A budget of `left` calls, which counts them."""

    left: int = 10_000
    taken: int = 0
    of_conversations: int = 0

    async def take(self, account_id: AccountId, *, of_conversations: bool = False) -> None:
        if not self.left:
            raise Throttled(f"{account_id} has no calls left", after_s=60)
        self.left, self.taken = self.left - 1, self.taken + 1
        self.of_conversations += of_conversations


@dataclass
class Household:
    """A shop, its account at the simulator, and jobs that may be done for it one by one."""

    owner: Database
    db: Database
    meta: Meta
    shop: Shop
    accounts: AccountClient
    login: LoginClient
    purse: Purse = field(default_factory=Purse)
    meter: Meter = field(default_factory=lambda: Meter("control", "test"))
    published: list[CommentWritten] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Take what is published, as the queue would."""
        for one in messages:
            event = INBOUND_EVENT.validate_json(one.body)
            assert isinstance(event, CommentWritten)
            self.published.append(event)

    async def store_token(self, token: str = TOKEN, expires_at: datetime | None = None) -> None:
        sealed = VAULT.seal(token, self.shop.account)
        await credentials.store(self.owner, self.shop.account, sealed, expires_at)

    async def comment(self, username: str = "ana", **told: Any) -> str:
        """Let somebody comment; no webhook tells of it."""
        us = self.shop.instagram_id
        made = await self.meta.comment(account_id=us, username=username, **told)
        return str(made["comment_id"])

    async def thread(self, answers: int, **told: Any) -> str:
        """Let somebody comment, and so many people answer them; no webhook tells of it."""
        top = await self.comment("top", **told)
        for n in range(answers):
            await self.comment(f"a{n}", parent_id=top, **told)
        return top

    async def recorded(self, *events: CommentWritten) -> None:
        """Let the router have recorded `events`."""
        batch = [
            recorded(
                self.shop,
                event.identity(),
                answered=False,
                person_id=event.person,
                event=event.to_json(),
            )
            for event in events
        ]
        await ledger.record(self.owner, batch)

    async def account(self) -> Cared:
        found = await care.connected(self.db, self.shop.account)
        assert found is not None
        return found

    async def alerts(self) -> list[Alert]:
        return list(await open_alerts(self.owner, self.shop.account))

    def refreshing(self) -> Refreshing:
        return Refreshing(db=self.db, tokens=self.login, vault=VAULT, now=self.now)

    def probing(self) -> Probing:
        return Probing(db=self.db, meta=self.accounts, budget=self.purse, vault=VAULT)

    def backfilling(self, on_its_way: timedelta = timedelta()) -> Backfilling:
        sifting = self.sifting(on_its_way)
        return Backfilling(shelf=self.shelf(), sifting=sifting, rhythm=RHYTHM, now=self.now)

    def covering(self, deep: int = 10_000) -> Covering:
        sifting = self.sifting(timedelta())
        return Covering(shelf=self.shelf(), sifting=sifting, now=self.now, deep=deep)

    def shelf(self) -> Shelf:
        return Shelf(db=self.db, meta=self.accounts, budget=self.purse, vault=VAULT)

    def sifting(self, on_its_way: timedelta) -> Sifting:
        return Sifting(
            db=self.db,
            meta=self.accounts,
            budget=self.purse,
            events=self,
            meter=self.meter,
            now=self.now,
            on_its_way=on_its_way,
        )

    def caretaker(self, *kinds: Job | Upkeep, lease: timedelta = timedelta(minutes=1)) -> Caretaker:
        return Caretaker(
            self.db,
            kinds,
            owner="test",
            meter=self.meter,
            every_s=0.05,
            lease=lease,
            at_once=4,
        )

    async def run(self, kind: Job) -> Standing:
        """Let a caretaker do one job of the account now; return how it stands then."""
        await jobs.enrol(self.db, kind.name, first_within=timedelta(hours=1))
        await jobs.hasten(self.db, kind.name, self.shop.account)
        await self.caretaker(kind).round()
        return await self.standing(kind.name)

    async def standing(self, name: str) -> Standing:
        standing = await jobs.standing(self.db, self.shop.account)
        return next(one for one in standing if one.name == name)


__all__ = ["MEDIA", "RHYTHM", "VAULT", "Household", "Purse"]
