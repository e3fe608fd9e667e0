"""What looks after accounts beside the API, opened and wired: the caretaker, logins, deletions."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from services.control.caretaker.app import Means, connecting, make_caretaker, make_exporting
from services.control.caretaker.budget import CallBudget
from services.control.caretaker.caretaker import Caretaker
from services.control.caretaker.exporting import Exporting
from services.control.caretaker.settings import CaretakerSettings
from services.control.examining import Examining
from services.control.instagram.deleting import Deleting
from services.control.instagram.desk import Desk
from services.control.instagram.picking import Picking
from services.control.instagram.pinging import Pinging
from switchboard.clock import utc_now
from switchboard.db.credentials import Vault
from switchboard.db.pool import open_pool
from switchboard.doctor import DoctorSettings, Visits, account_client
from switchboard.graph import AccountClient, LoginClient, open_http
from switchboard.hooks import open_hooks
from switchboard.queues import Address, Publisher, open_sqs
from switchboard.state import KeptFindings, Limits
from switchboard.state.client import Redis
from switchboard.state.erasing import forget, forget_account
from switchboard.storage import open_place_if_set
from switchboard.telemetry import Meter
from switchboard.topology import EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Caretaking:
    """The workers, and what the routes need. Without `exporting` no exports are made."""

    caretaker: Caretaker
    deleting: Deleting
    exporting: Exporting | None
    desk: Desk

    def workers(self) -> tuple[Caretaker | Deleting | Exporting, ...]:
        """Return what is to be run."""
        always = (self.caretaker, self.deleting)
        return always if self.exporting is None else (*always, self.exporting)

    def pulses(self) -> Mapping[str, Callable[[], float]]:
        """Return what health asks of them."""
        return {worker.name: worker.still_s for worker in self.workers()}


@contextlib.asynccontextmanager
async def open_caretaking(
    settings: CaretakerSettings, redis: Redis, meter: Meter, doctor: DoctorSettings | None = None
) -> AsyncIterator[Caretaking]:
    """Open what looking after accounts needs; close it in reverse, whatever happens."""
    prefix = settings.queue_prefix
    async with (
        open_pool(
            str(settings.caretaker_database_url),
            max_size=settings.caretaker_at_once + 4,  # beside the jobs: deletions, an export
            name="switchboard-caretaker",
        ) as db,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        Publisher.open(sqs, Address(sqs, EVENTS.physical(prefix))) as events,
        open_http() as http,
        open_hooks(
            call_budget_s=settings.caretaker_webhook_try_s,
            allow_private=settings.webhooks_allow_private,
        ) as hooks,
        open_place_if_set(settings.archive, settings.s3()) as archive,
        open_place_if_set(settings.exports_url, settings.s3()) as exports,
    ):
        app, budget_s = settings.app(), settings.caretaker_call_budget_s
        vault = Vault(settings.vault_keys())
        meta = AccountClient(
            http,
            url=settings.meta_graph_url,
            version=settings.meta_api_version,
            call_budget_s=budget_s,
        )
        login = LoginClient(http, app, call_budget_s=budget_s)
        means = Means(
            db=db,
            limits=Limits(redis),
            meta=meta,
            login=login,
            events=events,
            meter=meter,
            forget_account=partial(forget_account, redis),
            archive=archive,
            exports=exports,
        )
        budget = CallBudget(means.limits, an_hour=settings.caretaker_calls_an_hour)
        yield Caretaking(
            caretaker=make_caretaker(means, settings),
            exporting=make_exporting(means, settings),
            deleting=Deleting(
                db=db, forget=partial(forget, redis), every_s=settings.caretaker_every_s
            ),
            desk=Desk(
                app=app,
                secrets=settings.meta_app_secrets,
                public_url=settings.control_public_url,
                connecting=connecting(means, vault),
                picking=Picking(db=db, meta=meta, budget=budget, vault=vault),
                pinging=Pinging(db=db, hooks=hooks, vault=vault, now=utc_now),
                vault=vault,
                db=db,
                examining=None
                if doctor is None
                else Examining(
                    doctor,
                    db,
                    Visits(db, account_client(doctor, http), vault, take=budget.take, now=utc_now),
                    keys=list(settings.vault_keys()),
                    budget=budget,
                    kept=KeptFindings(redis),
                    now=utc_now,
                ),
            ),
        )
