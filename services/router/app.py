"""The router on one page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from services.router.origins import Origins
from services.router.publishing import Publishing
from services.router.rounds import Rounds
from services.router.router import Router
from services.router.rulebooks import RuleBooks
from services.router.settings import Settings
from services.router.stores import (
    StoredContacts,
    StoredDeliveries,
    StoredLedger,
    StoredPosts,
    StoredRules,
)
from switchboard.clock import utc_now
from switchboard.contracts import ANSWER, INBOUND_EVENT
from switchboard.db.pool import open_pool
from switchboard.lifecycle import Worker
from switchboard.process import answering, open_meter, run_service
from switchboard.queues import Address, Consumer, Publisher, open_sqs
from switchboard.queues.fates import Fates
from switchboard.state.claims import Observations
from switchboard.state.client import open_redis, ping
from switchboard.state.contacts import Contacts
from switchboard.topology import CLASSIFIED, CLASSIFY, EVENTS, OUTBOUND, ROUTER


@asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Open what the router needs, in order; close it in reverse, whatever happens."""
    prefix = settings.queue_prefix
    async with (
        open_meter(ROUTER, settings) as meter,
        open_pool(
            str(settings.database_url), max_size=settings.database_pool_size, name=ROUTER.name
        ) as db,
        open_redis(str(settings.redis_url)) as redis,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        Publisher.open(sqs, Address(sqs, OUTBOUND.physical(prefix))) as outbound,
        Publisher.open(sqs, Address(sqs, CLASSIFY.physical(prefix))) as classify,
        Fates.open(sqs, EVENTS, prefix=prefix) as event_fates,
        Fates.open(sqs, CLASSIFIED, prefix=prefix) as answer_fates,
    ):
        rules = RuleBooks(
            StoredRules(db),
            poll_s=settings.router_rules_poll_s,
            capacity=settings.router_accounts_cached,
        )
        router = Router(
            observations=Observations(redis),
            memory=Contacts(redis),
            rules=rules,
            origins=Origins(deliveries=StoredDeliveries(db), now=utc_now),
            rounds=Rounds(
                contacts=StoredContacts(db), versions=rules, ledger=StoredLedger(db), now=utc_now
            ),
            posts=StoredPosts(db),
            publishing=Publishing(
                outbound=outbound,
                classify=classify,
                now=utc_now,
                patience=timedelta(seconds=settings.router_patience_s),
            ),
            meter=meter,
            now=utc_now,
        )

        async def ready() -> None:
            await asyncio.gather(db.ping(), ping(redis))

        events = Consumer(
            sqs,
            queue=settings.held(EVENTS),
            prefix=prefix,
            parse=INBOUND_EVENT.validate_json,
            handle=router.events,
            fates=event_fates,
            meter=meter,
            ready=ready,
            max_in_flight=settings.max_in_flight,
            receivers=settings.receivers,
            drain_s=settings.drain_s,
        )
        answers = Consumer(
            sqs,
            queue=settings.held(CLASSIFIED),
            prefix=prefix,
            parse=ANSWER.validate_json,
            handle=router.answers,
            fates=answer_fates,
            meter=meter,
            ready=ready,
            max_in_flight=settings.max_in_flight,
            receivers=1,
            drain_s=settings.drain_s,
        )
        async with answering(
            ROUTER,
            settings,
            meter,
            probes={
                "sqs": Address(sqs, EVENTS.physical(prefix)).ping,
                "postgres": db.ping,
                "redis": partial(ping, redis),
            },
            pulses={"events": events.still_s, "answers": answers.still_s, "rules": rules.still_s},
        ) as loop:
            yield [events, answers, rules, loop, meter]


async def main() -> None:
    """Run the router until it is told to stop."""
    await run_service(ROUTER, Settings, assemble)
