"""The sender on one page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from services.sender.backlogs import StoredForecasts, StoredQueues
from services.sender.composing import Tracking
from services.sender.doubts import StoredDoubts
from services.sender.files import Files
from services.sender.forecasting import Forecaster
from services.sender.looking import Looking
from services.sender.lookups import Lookups, Queue
from services.sender.pacer import Pacer
from services.sender.profiles import Profiles
from services.sender.reconciling import Reconciler
from services.sender.sender import Sender
from services.sender.settings import Settings
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
from switchboard.clock import utc_now
from switchboard.contracts import DELIVERY_DUE
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, open_pool
from switchboard.graph import GraphClient, open_graph
from switchboard.hooks import HookClient, open_hooks
from switchboard.lifecycle import Worker
from switchboard.links import LinkCodec
from switchboard.process import answering, open_meter, run_service
from switchboard.queues import Address, Consumer, Publisher, one_by_one, open_sqs
from switchboard.queues.fates import Fates
from switchboard.state import Limits, open_redis, ping
from switchboard.telemetry import Meter
from switchboard.topology import CLASSIFIED, EVENTS, OUTBOUND, SENDER

# Half of it is the longest a look may take, which is well within what health calls stuck.
_LOOK_LEASE: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a sender works with."""

    db: Database
    limits: Limits
    graph: GraphClient
    hooks: HookClient
    events: Queue
    classified: Queue
    outbound: Queue
    meter: Meter


@asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Open what the sender needs, in order; close it in reverse, whatever happens."""
    prefix = settings.queue_prefix
    async with (
        open_meter(SENDER, settings) as meter,
        open_pool(
            str(settings.database_url), max_size=settings.database_pool_size, name=SENDER.name
        ) as db,
        open_redis(str(settings.redis_url)) as redis,
        open_graph(
            url=settings.meta_graph_url,
            version=settings.meta_api_version,
            call_budget_s=settings.sender_call_budget_s,
        ) as graph,
        open_hooks(
            call_budget_s=settings.sender_call_budget_s,
            allow_private=settings.webhooks_allow_private,
        ) as hooks,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        Publisher.open(sqs, Address(sqs, EVENTS.physical(prefix))) as events,
        Publisher.open(sqs, Address(sqs, CLASSIFIED.physical(prefix))) as classified,
        Publisher.open(sqs, Address(sqs, OUTBOUND.physical(prefix))) as outbound,
        Fates.open(sqs, OUTBOUND, prefix=prefix) as fates,
    ):
        means = Means(
            db=db,
            limits=Limits(redis),
            graph=graph,
            hooks=hooks,
            events=events,
            classified=classified,
            outbound=outbound,
            meter=meter,
        )

        async def ready() -> None:
            await asyncio.gather(db.ping(), ping(redis))

        consumer = Consumer(
            sqs,
            queue=settings.held(OUTBOUND),
            prefix=prefix,
            parse=DELIVERY_DUE.validate_json,
            handle=one_by_one(make_sender(means, settings)),
            fates=fates,
            meter=meter,
            ready=ready,
            batch_size=1,
            max_in_flight=settings.max_in_flight,
            receivers=settings.receivers,
            drain_s=settings.drain_s,
        )
        pacer = Pacer(
            StoredParking(db, settings.margin()),
            StoredQueues(db=db, turns=means.limits, margin=settings.margin()),
            outbound,
            classified,
            open_for_business=partial(ping, redis),
            meter=meter,
            now=utc_now,
            every_s=settings.sender_pacer_s,
            release_limit=settings.sender_release_limit,
            stale=timedelta(seconds=settings.sender_stale_s),
        )
        reconciler = make_reconciler(means, settings)
        forecaster = make_forecaster(means, settings)
        async with answering(
            SENDER,
            settings,
            meter,
            probes={
                "sqs": Address(sqs, OUTBOUND.physical(prefix)).ping,
                "postgres": db.ping,
                "redis": partial(ping, redis),
            },
            pulses={
                "consumer": consumer.still_s,
                "pacer": pacer.still_s,
                "reconciler": reconciler.still_s,
                "forecaster": forecaster.still_s,
            },
        ) as loop:
            yield [consumer, pacer, reconciler, forecaster, loop, meter]


def make_sender(means: Means, settings: Settings) -> Sender:
    """Put a sender together."""
    lease = timedelta(seconds=settings.sender_lease_s)
    vault = Vault(settings.vault_keys())
    ledger = StoredLedger(db=means.db, meter=means.meter, lease=lease)
    tokens, turns, graph = SealedTokens(vault), Turns(means.limits, ledger), means.graph
    call_budget = timedelta(seconds=settings.sender_call_budget_s)
    return Sender(
        ledger=ledger,
        speaking=Speaking(
            tokens=tokens,
            turns=turns,
            graph=graph,
            profiles=Profiles(graph=graph, names=StoredNames(means.db), turns=turns),
            files=Files(
                graph=graph,
                shelf=StoredShelf(means.db, lease),
                turns=turns,
                patience=call_budget,
            ),
            tracking=tracking(settings),
            meter=means.meter,
            now=utc_now,
            call_budget=call_budget,
            margin=timedelta(seconds=settings.sender_window_margin_s),
        ),
        lookups=Lookups(
            tokens=tokens, turns=turns, graph=graph, classified=means.classified, now=utc_now
        ),
        timers=Timers(events=means.events, now=utc_now),
        webhooks=Webhooks(
            hooks=means.hooks, secrets=SealedSecrets(means.db, vault), turns=turns, now=utc_now
        ),
        outbound=means.outbound,
        meter=means.meter,
        now=utc_now,
        lease=lease,
    )


def make_reconciler(means: Means, settings: Settings) -> Reconciler:
    """Put a reconciler together."""
    ledger = StoredLedger(
        db=means.db, meter=means.meter, lease=timedelta(seconds=settings.sender_lease_s)
    )
    return Reconciler(
        StoredDoubts(means.db, means.meter),
        Looking(
            tokens=SealedTokens(Vault(settings.vault_keys())),
            limits=means.limits,
            turns=Turns(means.limits, ledger),
            graph=means.graph,
        ),
        means.outbound,
        meter=means.meter,
        patience=settings.patience(),
        every_s=settings.sender_reconcile_s,
        limit=settings.sender_reconcile_limit,
        lease=_LOOK_LEASE,
    )


def make_forecaster(means: Means, settings: Settings) -> Forecaster:
    """Put a forecaster together; it looks for what is stale four times while that becomes so."""
    return Forecaster(
        StoredForecasts(
            db=means.db,
            turns=means.limits,
            meter=means.meter,
            stale=timedelta(seconds=settings.sender_forecast_s),
            lease=timedelta(seconds=2 * settings.sender_forecast_s),
        ),
        margin=settings.margin(),
        meter=means.meter,
        now=utc_now,
        every_s=settings.sender_forecast_s / 4,
    )


def tracking(settings: Settings) -> Tracking | None:
    """Return how links are counted, if people can reach us."""
    if settings.public_url is None or settings.link_secrets is None:
        return None
    return Tracking(LinkCodec(settings.link_secrets), settings.public_url)


async def main() -> None:
    """Run the sender until it is told to stop."""
    await run_service(SENDER, Settings, assemble)
