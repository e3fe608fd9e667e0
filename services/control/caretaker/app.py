"""The caretaker on one page: its jobs, and what they work with."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from services.control.caretaker.backfilling import Backfilling
from services.control.caretaker.budget import CallBudget
from services.control.caretaker.caretaker import Caretaker
from services.control.caretaker.clearing import Clearing
from services.control.caretaker.counting import Counting
from services.control.caretaker.covering import Covering
from services.control.caretaker.exporting import Exporting
from services.control.caretaker.housekeeping import Housekeeping
from services.control.caretaker.probing import Probing
from services.control.caretaker.refreshing import Refreshing
from services.control.caretaker.removing import Forget, Removing
from services.control.caretaker.retaining import Keeping, Retaining
from services.control.caretaker.settings import CaretakerSettings
from services.control.caretaker.shelf import Shelf
from services.control.caretaker.sifting import Queue, Sifting
from services.control.caretaker.snapshotting import Snapshotting
from services.control.caretaker.sweeping import Sweeping
from services.control.instagram.connecting import Connecting
from switchboard.clock import Clock, utc_now
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from switchboard.graph import AccountClient, LoginClient
from switchboard.graph.account import MOST_COMMENTS
from switchboard.state import Limits
from switchboard.storage import Place
from switchboard.telemetry import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """
    What the caretaker works with; `db` is as switchboard_caretaker.

    `archive` is where old days of the ledger are kept, if they are dropped; `exports` where exports
    are, if any are made.
    """

    db: Database
    limits: Limits
    meta: AccountClient
    login: LoginClient
    events: Queue
    meter: Meter
    forget_account: Forget
    archive: Place | None = None
    exports: Place | None = None
    now: Clock = utc_now


def make_caretaker(means: Means, settings: CaretakerSettings) -> Caretaker:
    """Put a caretaker together; the job that matters most to people comes first."""
    vault = Vault(settings.vault_keys())
    an_hour = settings.caretaker_calls_an_hour
    budget = CallBudget(means.limits, an_hour=an_hour)
    shelf = Shelf(db=means.db, meta=means.meta, budget=budget, vault=vault)
    sifting = Sifting(
        db=means.db,
        meta=means.meta,
        budget=budget,
        events=means.events,
        meter=means.meter,
        now=means.now,
        on_its_way=timedelta(seconds=settings.caretaker_on_its_way_s),
    )
    keeping = _keeping(means, settings)
    counting = replace(sifting, budget=CallBudget(means.limits, an_hour=an_hour, counting=True))
    return Caretaker(
        means.db,
        [
            Refreshing(db=means.db, tokens=means.login, vault=vault, now=means.now),
            Backfilling(shelf=shelf, sifting=sifting, rhythm=settings.rhythm(), now=means.now),
            Probing(db=means.db, meta=means.meta, budget=budget, vault=vault),
            Covering(shelf=shelf, sifting=counting, now=means.now, deep=_deep(an_hour)),
            Counting(db=means.db),
            Retaining(db=means.db, keeping=keeping, now=means.now),
            Clearing(db=means.db, keeping=keeping, now=means.now),
            Housekeeping(db=means.db),
            Snapshotting(db=means.db, snapshots=settings.snapshots()),
            Sweeping(db=means.db, place=means.exports),
            Removing(
                db=means.db,
                accounts=connecting(means, vault),
                forget=means.forget_account,
                now=means.now,
            ),
        ],
        owner=process_name(),
        meter=means.meter,
        every_s=settings.caretaker_every_s,
        lease=timedelta(seconds=settings.caretaker_lease_s),
        at_once=settings.caretaker_at_once,
    )


def connecting(means: Means, vault: Vault) -> Connecting:
    """Put together who connects accounts, and lets them go."""
    return Connecting(
        db=means.db, login=means.login, accounts=means.meta, vault=vault, now=means.now
    )


def _deep(calls_an_hour: int) -> int:
    """Return how many comments a round may read beyond the last days': six hours of its calls."""
    return calls_an_hour // 2 * 6 * MOST_COMMENTS


def make_exporting(means: Means, settings: CaretakerSettings) -> Exporting | None:
    """Put together who writes exports; `None`: none are made."""
    if means.exports is None:
        return None
    return Exporting(
        db=means.db,
        place=means.exports,
        owner=process_name(),
        lease=timedelta(seconds=settings.caretaker_lease_s),
        keep=timedelta(days=settings.exports_keep_days),
        every_s=settings.caretaker_every_s,
    )


def _keeping(means: Means, settings: CaretakerSettings) -> Keeping | None:
    """Return how long the ledger keeps a day; `None`: for ever."""
    if means.archive is None or settings.retention_days is None:
        return None
    return Keeping(settings.retention_days, means.archive)


def process_name() -> str:
    """Return what a worker of this process is called in the rows that it takes."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
