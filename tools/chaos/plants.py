"""
Mistakes that are easily made, and that chaos must find.

    ack_before_storing     ingress says ok, and stores the events afterwards
    send_before_recording  the sender calls Meta first, and takes the row when it has the answer
    resend_on_timeout      a call that got no answer is made again
    retry_after_lease      a row that a dead sender left behind is sent again
    fifo_instead_of_edf    who came first goes first, however little time others have left
    fixed_window_limiter   so many in each hour of the clock, counted in Redis
    ignore_holds           an account that Meta restricts goes on sending
    backfill_under_new_ids what was read at Meta has another name than what a webhook told
    skip_a_page            of the pages of comments, every other is not read
    backfill_the_old       comments that are too old to be answered are published

Each is put into a service's process before it starts, by replacing what has a name there;
production code has no place for that, and the tools import no service. A name that is gone is an
error, so a plant cannot wither unnoticed.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

# Seconds since 1970 at which the hour of `fixed_window_limiter` turns.
HOUR_TURNS_AT: Final = "CHAOS_HOUR_TURNS_AT"

_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Plant:
    """A mistake in services, by the modules that are run."""

    services: tuple[str, ...]
    put: Callable[[], None]


def _replace(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Replace what `module` has under a dotted `name` by what `make` makes of it."""
    owner: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, make(getattr(owner, last)))


def _ack_before_storing() -> None:
    def make(store: Any) -> Any:
        under_way: set[asyncio.Task[None]] = set()

        async def store_later(self: Any, messages: Any) -> None:
            storing = asyncio.create_task(_quietly(store(self, messages)))
            under_way.add(storing)
            storing.add_done_callback(under_way.discard)

        return store_later

    _replace("services.ingress.event_queue", "EventQueue.store", make)


async def _quietly(storing: Any) -> None:
    failure = import_module("switchboard.errors").Failure
    try:
        await storing
    except failure:
        return


def _send_before_recording() -> None:
    claim = import_module("switchboard.db.deliveries").claim

    def look(_: Any) -> Any:
        async def look_only(db: Any, delivery: Any, **more: Any) -> Any:
            claimed = await claim(db, delivery, **more)
            await db.execute(_GIVE_BACK, delivery)
            return claimed

        return look_only

    def take_first(record: Any) -> Any:
        async def take_and_record(self: Any, delivery: Any, ending: Any, *, owner: str) -> Any:
            await claim(self.db, delivery.id, owner=owner, lease_s=60)
            return await record(self, delivery, ending, owner=owner)

        return take_and_record

    _replace("switchboard.db.deliveries", "claim", look)
    _replace("services.sender.stores", "StoredLedger.record", take_first)


def _resend_on_timeout() -> None:
    endings = import_module("services.sender.endings")
    unclear = import_module("switchboard.graph").Unclear

    def make(ending_of: Any) -> Any:
        def once_more(failure: Any, delivery: Any) -> Any:
            if isinstance(failure, unclear):
                return endings.Postponed("no_answer", timedelta(seconds=1))
            return ending_of(failure, delivery)

        return once_more

    _replace("services.sender.speaking", "ending_of", make)


def _retry_after_lease() -> None:
    def make(expire_leases: Any) -> Any:
        async def make_ready(self: Any, *, limit: int) -> Any:
            await self.db.execute(_MAKE_READY)
            return await expire_leases(self, limit=limit)

        return make_ready

    _replace("services.sender.stores", "StoredParking.expire_leases", make)


def _fifo_instead_of_edf() -> None:
    by_deadline, by_arrival = (
        f"account.first_served = '{order}'" for order in ("deadline", "oldest")
    )

    def make(statement: str) -> str:
        in_order_of_arrival = "account.first_served in ('deadline', 'oldest')"
        return _changed(_changed(statement, by_deadline, "false"), by_arrival, in_order_of_arrival)

    _replace("switchboard.db.backlog", "_RELEASE", make)


def _fixed_window_limiter() -> None:
    throttled = import_module("switchboard.errors").Throttled
    turns_at = float(os.environ[HOUR_TURNS_AT])

    def make(_: Any) -> Any:
        async def reserve(self: Any, account_id: str, buckets: Sequence[Any], **_: Any) -> None:
            for bucket in buckets:
                window_s = min(bucket.ceiling.window.total_seconds(), _HOUR_S)
                number, into_s = divmod(time.time() - turns_at, window_s)
                whose = f"{account_id}:{bucket.name}:{bucket.person_id}:{number:.0f}"
                taken = await self._reserve._redis.incr(f"counted:{whose}")  # noqa: SLF001
                if taken > bucket.ceiling.most:
                    raise throttled("this window's are gone", after_s=window_s - into_s)

        return reserve

    _replace("switchboard.state.limits", "Limits.reserve", make)


def _ignore_holds() -> None:
    def make(_: Any) -> Any:
        async def hold_nothing(*_args: Any, **_more: Any) -> None:
            return

        return hold_nothing

    _replace("switchboard.db.holds", "hold", make)


def _backfill_under_new_ids() -> None:
    def make(identity: Any) -> Any:
        def by_who_told(self: Any) -> str:
            return f"{identity(self)}:{self.told_by}" if self.told_by else str(identity(self))

        return by_who_told

    _replace("switchboard.contracts.events", "Comment.identity", make)


def _skip_a_page() -> None:
    def make(read: Any) -> Any:
        async def read_every_other(self: Any, media_id: Any, **more: Any) -> Any:
            page = await read(self, media_id, **more)
            if page.after is None:
                return page
            skipped = await read(self, media_id, **{**more, "after": page.after})
            return replace(page, after=skipped.after)

        return read_every_other

    _replace("switchboard.graph", "AccountClient.read_comments", make)


def _backfill_the_old() -> None:
    for module in ("sifting", "watching"):
        _replace(f"services.control.caretaker.{module}", "ANSWERABLE", lambda week: 4 * week)


def _changed(text: str, old: str, new: str) -> str:
    if old not in text:
        raise LookupError(f"the statement has no {old!r} any more")
    return text.replace(old, new)


PLANTS: Final[Mapping[str, Plant]] = {
    "ack_before_storing": Plant(("services.ingress",), _ack_before_storing),
    "send_before_recording": Plant(("services.sender",), _send_before_recording),
    "resend_on_timeout": Plant(("services.sender",), _resend_on_timeout),
    "retry_after_lease": Plant(("services.sender",), _retry_after_lease),
    "fifo_instead_of_edf": Plant(("services.sender",), _fifo_instead_of_edf),
    "fixed_window_limiter": Plant(("services.sender",), _fixed_window_limiter),
    "ignore_holds": Plant(("services.sender",), _ignore_holds),
    "backfill_under_new_ids": Plant(
        ("services.control", "services.router"), _backfill_under_new_ids
    ),
    "skip_a_page": Plant(("services.control",), _skip_a_page),
    "backfill_the_old": Plant(("services.control",), _backfill_the_old),
}

_GIVE_BACK: Final = """
update public.deliveries
   set state = 'ready', lease_owner = null, lease_until = null
 where id = $1 and state = 'sending'
"""
_MAKE_READY: Final = """
update public.deliveries
   set state = 'ready', lease_owner = null, lease_until = null, published_at = to_timestamp(0)
 where state = 'sending' and lease_until < now()
"""
