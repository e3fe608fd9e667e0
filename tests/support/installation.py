"""
A whole Switchboard for journeys: every service a process, the simulator at both ends.

It is the stack of `make run`, on ports the kernel chooses and with data that goes with it. It
lives in a thread with an event loop of its own, because it outlasts the loops of single tests.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid5

import pytest
from aiohttp import ClientSession
from rich.console import Console

from dev.narrate import Narrator
from dev.part import Part
from dev.ports import PORTS
from dev.stack import Stack, open_stack
from dev.surroundings import read_surroundings
from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.contracts.ids import NAMESPACE
from switchboard.db import credentials, tenancy
from switchboard.db.pool import Database, open_pool
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from tests.support.ollama_server import MODEL, OllamaServer, serve_ollama
from tests.support.simulator import Simulator
from tests.support.waiting import until

T = TypeVar("T")

_NUMBERS = itertools.count(1)
_STARTED_WITHIN_S = 120.0


class LoopThread:
    """An event loop that runs in a thread of its own until closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="installation")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there; return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STARTED_WITHIN_S)

    async def await_(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there without blocking the loop we are in."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def close(self) -> None:
        """End the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Business:
    """A workspace with one connected account and one post, all its own."""

    account_id: AccountId
    account: UUID
    workspace: WorkspaceId
    media_id: str
    token: str

    @property
    def webhook_secret(self) -> str:
        """What outgoing webhooks of this business are signed with."""
        return "whsec_" + base64.b64encode(self.account.bytes * 2).decode()

    def campaign(self, rank: int) -> CampaignId:
        """Return the id of the campaign that was published with this rank."""
        return CampaignId(uuid5(self.account, f"campaign {rank}"))


# As an owner would write it; a function, where it must know the business it belongs to.
Definition = dict[str, Any] | Callable[[Business], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Installation:
    """The running whole, and ways to hurt it."""

    stack: Stack
    thread: LoopThread
    vault: credentials.Vault
    ollama: OllamaServer

    @property
    def ingress_url(self) -> str:
        """Where webhooks go."""
        return self.stack.around.ingress_url

    @property
    def metasim_url(self) -> str:
        """Where the simulator is."""
        return self.stack.around.metasim_url

    def part(self, name: str) -> Part:
        """Return a process by its name: a service, the simulator, or a server."""
        return next(part for part in self.stack.parts if part.name.lower() == name)

    def send(self, name: str, signum: signal.Signals) -> None:
        """Send a signal to a process."""
        pid = getattr(self.part(name), "pid", None)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signum)

    async def end(self, name: str, signum: signal.Signals) -> int:
        """End a process with `signum`; return its exit code once it is gone."""
        self.send(name, signum)
        return await self.thread.await_(self.part(name).ended())

    async def start(self, name: str) -> None:
        """Start a process that has ended, and wait until it is ready."""
        await self.thread.await_(self.part(name).start())

    async def open_business(
        self, simulator: Simulator, db: Database, *campaigns: Definition
    ) -> Business:
        """Make a business that answers with `campaigns`, known to us and to the simulator."""
        number = next(_NUMBERS)
        business = Business(
            account_id=AccountId(str(17841490000000000 + number)),
            account=uuid5(NAMESPACE, f"test account {number}"),
            workspace=WorkspaceId(uuid5(NAMESPACE, f"test workspace {number}")),
            media_id=str(18009000000000000 + number),
            token=f"token-{number}",
        )
        await self._store(db, business, campaigns)
        await self.put_on_stage(simulator, business)
        return business

    async def describe_intent(
        self, db: Database, business: Business, name: str, *examples: str
    ) -> None:
        """Describe something people may want from `business`."""
        await tenancy.upsert_intent(
            db,
            workspace=business.workspace,
            account=business.account,
            name=name,
            description=f"The person asks about the {name}.",
            examples=examples,
        )

    async def put_on_stage(self, simulator: Simulator, business: Business) -> None:
        """Make the simulator know `business`."""
        account = f"/sim/accounts/{business.account_id}"
        body = {"username": f"shop{business.account_id[-4:]}", "token": business.token}
        await simulator.call("PUT", account, body)
        post = {"caption": "Autumn", "media_product_type": "REELS"}
        await simulator.call("PUT", f"{account}/media/{business.media_id}", post)

    async def _store(
        self, db: Database, business: Business, campaigns: Sequence[Definition]
    ) -> None:
        await tenancy.create_workspace(db, business.workspace, "A business")
        await tenancy.connect_account(
            db,
            business.account,
            workspace=business.workspace,
            instagram_id=business.account_id,
            username=f"shop{business.account_id[-4:]}",
        )
        sealed = self.vault.seal(business.token, business.account)
        await credentials.store(db, business.account, sealed, None)
        secret = self.vault.seal(business.webhook_secret, business.account, "webhook")
        await credentials.store_webhook_secret(db, business.account, secret)
        for rank, definition in enumerate(campaigns):
            await self.publish(db, business, rank, definition)

    async def publish(
        self, db: Database, business: Business, rank: int, definition: Definition
    ) -> None:
        """Publish a campaign of `business`, or another version of the one with this rank."""
        written = definition(business) if callable(definition) else definition
        await tenancy.publish_campaign(
            db,
            business.campaign(rank),
            workspace=business.workspace,
            account=business.account,
            name=f"Campaign {rank}",
            rank=rank,
            definition=CAMPAIGN_DEFINITION.validate_python(written),
        )


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running Switchboard, shared by all journeys."""
    thread, opened = LoopThread(), AsyncExitStack()
    try:
        ollama = thread.run(opened.enter_async_context(serve_ollama()))
        stack = thread.run(_open(opened, tmp_path_factory.mktemp("installation"), ollama))
        name, _, key = stack.around.keys.token_key.partition(":")
        vault = credentials.Vault({name: base64.b64decode(key)})
        yield Installation(stack, thread, vault, ollama)
    finally:
        thread.run(opened.aclose())
        thread.close()


async def _open(opened: AsyncExitStack, folder: Path, ollama: OllamaServer) -> Stack:
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # Seconds instead of minutes, so that what a killed process held comes back within a test.
    environ |= {"VISIBILITY_S": "5", "SENDER_LEASE_S": "30", "ROUTER_RULES_POLL_S": "0.2"}
    environ |= {"SENDER_RECONCILE_SKEW_S": "2", "SENDER_RECONCILE_SETTLE_S": "3"}
    environ |= {"SENDER_RECONCILE_AGAIN_S": "2", "SENDER_RECONCILE_FIRST_S": "1"}
    environ |= {"OLLAMA_HOST": ollama.url, "CLASSIFIER_MODEL": MODEL}
    environ |= {port.variable: "0" for port in PORTS}
    # Journeys count calls to Instagram, and order faults for them: nobody else may make any.
    environ |= {"CARETAKER": "off"}
    with (folder / "narration").open("w") as narration:
        narrator = Narrator(Console(file=narration, highlight=False))
        around = read_surroundings(environ | {"LOCAL_DIR": str(folder)}, keeps=False)
        return await opened.enter_async_context(open_stack(around, narrator, hurry=asyncio.Event()))


@dataclass
class Scene:
    """What a journey plays in: the installation, the simulator, the database as its owner."""

    installation: Installation
    simulator: Simulator
    db: Database
    http: ClientSession
    businesses: list[Business] = field(default_factory=list)

    async def business(self, *campaigns: Definition) -> Business:
        """Open a business that answers with `campaigns`."""
        opened = await self.installation.open_business(self.simulator, self.db, *campaigns)
        self.businesses.append(opened)
        return opened

    async def publish(self, business: Business, rank: int, definition: Definition) -> None:
        """Publish another version of a campaign."""
        await self.installation.publish(self.db, business, rank, definition)

    async def paused(self, business: Business) -> int:
        """Return with how many people of `business` a person has the conversation."""
        rows = await self.db.fetch(_PAUSED, business.account)
        return int(rows[0]["n"])

    async def intent(self, business: Business, name: str, *examples: str) -> None:
        """Describe something people may want from `business`."""
        await self.installation.describe_intent(self.db, business, name, *examples)

    async def outcomes(self, business: Business) -> dict[str, int]:
        """Return how many things people did are in the ledger, by outcome; our echoes aside."""
        rows = await self.db.fetch(_OUTCOMES, business.account_id)
        return {row["outcome"]: row["n"] for row in rows}

    async def decided(self, business: Business, *, events: int) -> dict[str, int]:
        """Return the outcomes once `events` things are decided and no answer is awaited."""
        return await until(
            lambda: self.outcomes(business),
            lambda outcomes: "asked" not in outcomes and sum(outcomes.values()) == events,
        )

    async def states(self, business: Business) -> dict[str, int]:
        """Return how many deliveries of `business` there are, by state."""
        rows = await self.db.fetch(_STATES, business.account)
        return {row["state"]: row["n"] for row in rows}


@pytest.fixture
async def scene(installation: Installation) -> Any:
    """An empty stage: the simulator remembers nothing of earlier tests."""
    async with (
        ClientSession() as http,
        open_pool(installation.stack.backing.owner_url, max_size=2, name="journey") as db,
    ):
        simulator = Simulator(http, installation.metasim_url)
        await simulator.reset()
        yield Scene(installation, simulator, db, http)


_OUTCOMES = """
select outcome, count(*)::int as n
  from public.events
 where instagram_id = $1 and decision ->> 'because' not in ('echo', 'own_comment')
 group by outcome
"""
_PAUSED = """
select count(*) as n from public.contacts where account_id = $1 and paused_until > now()
"""
_STATES = """
select state, count(*)::int as n from public.deliveries where account_id = $1 group by state
"""
