"""
Taking webhooks to where they belong, and coming back with them until they are accepted.

A parcel is signed bytes. Anything but 200 within the deadline is a failure, and is tried again
after a growing delay, a bounded number of times. All parcels share one keep-alive session and a
bounded number of hands.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout

from tools.metasim.clock import Clock
from tools.metasim.config import Config
from tools.metasim.ids import Mint
from tools.metasim.ledger import Ledger
from tools.metasim.records import Json
from tools.metasim.settings import Settings
from tools.metasim.timeline import Timeline
from tools.metasim.webhooks.envelope import body_of
from tools.metasim.webhooks.events import Event
from tools.metasim.webhooks.options import Secret
from tools.metasim.webhooks.parcels import (
    Attempt,
    Order,
    Parcel,
    batches,
    headers_of,
    in_order,
    key_of,
)
from tools.metasim.webhooks.signing import escaped
from tools.metasim.world import World

HANDS = 100  # deliveries under way at once


class Office(Protocol):
    """What the courier needs to know, looked up each time, as a reset replaces some of it."""

    settings: Settings
    config: Config
    clock: Clock
    mint: Mint
    world: World
    ledger: Ledger
    timeline: Timeline


class Courier:
    """Delivers events; give it a session with `open` before, `close` it after."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._hands = asyncio.Semaphore(HANDS)
        self._rounds: set[asyncio.Task[object]] = set()
        self._held: list[Event] = []
        self._drawn = 0
        self._session: ClientSession | None = None

    def open(self, session: ClientSession) -> None:
        """Use `session`, which somebody else closes."""
        self._session = session

    async def close(self) -> None:
        """Give up on whatever is still under way."""
        rounds = self.forget()
        await asyncio.gather(*rounds, return_exceptions=True)

    def forget(self) -> list[asyncio.Task[object]]:
        """Drop what is held and call back what is under way."""
        self._drawn = 0
        self._held.clear()
        rounds = list(self._rounds)
        for one in rounds:
            one.cancel()
        return rounds

    async def tell(self, event: Event) -> list[Json]:
        """
        Hold, dispatch or deliver `event` as its options say; return one result per copy.

        Raises:
            NoSecretError: It is to be signed with a secret that is not set; nothing is told.
        """
        key_of(self._office.settings, event.options.secret)
        if not self._is_subscribed(event):
            return []
        if self._is_lost(event):
            return [_not_yet("lost")]
        return await self._set_out(event)

    async def _set_out(self, event: Event) -> list[Json]:
        if event.options.hold:
            self._held.append(event)
            return [_not_yet("held")]
        if event.options.after_s:
            self.tell_later(event, after_s=event.options.after_s)
            return [_not_yet("late")]
        return await self._send_off(self._pack([event]), is_waiting=event.options.wait)

    async def tell_many(self, events: Sequence[Event], *, per_post: int) -> Counter[str]:
        """Deliver `events`, so many in one POST; return how often each outcome was met at first."""
        subscribed = [event for event in events if self._is_subscribed(event)]
        told = [event for event in subscribed if not self._is_lost(event)]
        if any(event.options.hold or event.options.after_s for event in told):
            results = [result for event in told for result in await self._set_out(event)]
        else:
            parts = [told[start : start + per_post] for start in range(0, len(told), per_post)]
            parcels = [parcel for part in parts for parcel in self._pack(part)]
            results = await self._send_off(parcels, is_waiting=all(e.options.wait for e in told))
        lost = len(subscribed) - len(told)
        return Counter(result["outcome"] for result in results) + Counter(lost=lost)

    def tell_later(self, event: Event, *, after_s: float = 0.0) -> None:
        """Deliver `event` in the background, `after_s` simulated seconds from now."""
        if after_s:
            at_s = self._office.clock.now_s() + after_s
            self._go(self._tell_at(event, at_s))
        elif self._is_subscribed(event):
            for parcel in self._pack([event]):
                self._dispatch(parcel)

    async def flush(self, *, is_batch: bool, order: Order, seed: int) -> list[Json]:
        """Deliver what is held: in one POST per 1000 events, or one after the other."""
        held, self._held = in_order(self._held, order, seed), []
        results: list[Json] = []
        for events in batches(held) if is_batch else [[event] for event in held]:
            parcels = self._pack(events)
            results += await self._send_off(parcels, is_waiting=True)
        return results

    async def deliver_once(self, content: bytes, secret: Secret) -> Attempt:
        """Deliver bytes of somebody's own making, signed, and never try again."""
        return await self._post(self._seal(content, secret))

    async def post_form(self, url: str, form: dict[str, str]) -> tuple[int | None, str]:
        """Post a form to an address of the app's, once; return status and body, or why not."""
        if self._session is None:
            return None, "the simulator is closing"
        try:
            async with self._session.post(url, data=form, timeout=self._deadline()) as answer:
                return answer.status, await answer.text()
        except (ClientError, TimeoutError) as error:
            return None, _reason(error)

    async def shake_hands(self, verify_token: str, challenge: str) -> Json:
        """Ask the receiver to prove itself, as Meta does when a callback is configured."""
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token,
        }
        session, url = self._way()
        try:
            async with session.get(url, params=query, timeout=self._deadline()) as answer:
                text = await answer.text()
                is_ok = answer.status == 200 and text == challenge
                return {"ok": is_ok, "status": answer.status, "body": text, "challenge": challenge}
        except (ClientError, TimeoutError, ValueError) as error:
            return {"ok": False, "status": None, "error": _reason(error), "challenge": challenge}

    async def _send_off(self, parcels: Sequence[Parcel], *, is_waiting: bool) -> list[Json]:
        if not is_waiting:
            return [self._dispatch(parcel) for parcel in parcels]
        attempts = await asyncio.gather(*(self._deliver(parcel) for parcel in parcels))
        return [attempt.told() for attempt in attempts]

    def _is_subscribed(self, event: Event) -> bool:
        account = self._office.world.account(event.account_id)
        asked = account.subscribed_fields if account else set()
        name = "standby" if event.is_messaging and event.options.standby else event.field
        return name in asked or not self._office.config.require_subscription

    def _is_lost(self, event: Event) -> bool:
        """Draw whether Meta never tells of an event; nobody hears of it, and it is not repeated."""
        loss = self._office.config.webhook_loss
        if not loss.share or event.field not in loss.fields:
            return False
        self._drawn += 1
        is_lost = random.Random(f"{loss.seed}:{self._drawn}").random() < loss.share
        if is_lost:
            about = event.trigger.id if event.trigger else event.field
            self._office.timeline.add("webhook_lost", about=about)
        return is_lost

    def _pack(self, events: Sequence[Event]) -> list[Parcel]:
        content = escaped(body_of(events, sent_at_s=self._office.clock.now_s()))
        copies = max(event.options.copies for event in events)
        parcels = [self._seal(content, events[0].options.secret) for _ in range(copies)]
        for parcel in parcels:
            parcel.ledger.sent_off()
            parcel.triggers = [event.trigger for event in events if event.trigger]
            parcel.about = [event.trigger.id if event.trigger else event.field for event in events]
        for after_s in {event.options.again_after_s for event in events} - {None}:
            self._go(self._repeat(parcels[0], after_s or 0.0))
        return parcels

    def _seal(self, content: bytes, secret: Secret) -> Parcel:
        headers = headers_of(content, self._office.settings, secret)
        return Parcel(self._office.mint.webhook_id(), content, headers, self._office.ledger)

    async def _repeat(self, parcel: Parcel, after_s: float) -> None:
        """Deliver the same bytes again, though nobody asked for it."""
        await self._office.clock.wait_until(self._office.clock.now_s() + after_s)
        parcel.ledger.sent_off()
        await self._deliver(replace(parcel, attempts=0))

    def _dispatch(self, parcel: Parcel) -> Json:
        self._send_on_a_round(parcel, after_s=0.0)
        return {**_not_yet("pending"), "id": parcel.id}

    async def _deliver(self, parcel: Parcel) -> Attempt:
        attempt = await self._post(parcel)
        self._conclude(parcel, attempt)
        return attempt

    def _conclude(self, parcel: Parcel, attempt: Attempt) -> None:
        retry, has_way = self._office.config.webhook_retry, self._office.config.webhook_url
        if attempt.outcome == "accepted" or parcel.attempts >= retry.attempts or not has_way:
            at_s = self._office.clock.now_s()
            parcel.ledger.settle(parcel.triggers, attempt.outcome, at_s=at_s)
            self._office.timeline.add("settled", id=parcel.id, outcome=attempt.outcome)
            return
        delay_s = min(retry.base_delay_s * 2 ** (parcel.attempts - 1), retry.max_delay_s)
        self._send_on_a_round(parcel, after_s=delay_s)

    def _send_on_a_round(self, parcel: Parcel, *, after_s: float) -> None:
        self._go(self._later(parcel, after_s))

    def _go(self, errand: Coroutine[None, None, None]) -> None:
        round_ = asyncio.get_running_loop().create_task(errand)
        self._rounds.add(round_)
        round_.add_done_callback(self._rounds.discard)

    async def _tell_at(self, event: Event, at_s: float) -> None:
        await self._office.clock.wait_until(at_s)
        self.tell_later(event)

    async def _later(self, parcel: Parcel, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._deliver(parcel)

    async def _post(self, parcel: Parcel) -> Attempt:
        async with self._hands:
            parcel.attempts += 1
            began_s = time.monotonic()
            for trigger in parcel.triggers:
                parcel.ledger.begin(trigger, began_s)
            status, error = await self._knock(parcel)
        latency_ms = round((time.monotonic() - began_s) * 1000, 3)
        attempt = Attempt(parcel.id, status, latency_ms, error)
        self._office.timeline.add(
            "webhook",
            **attempt.told(),
            attempt=parcel.attempts,
            about=parcel.about,
        )
        return attempt

    async def _knock(self, parcel: Parcel) -> tuple[int | None, str | None]:
        try:
            session, url = self._way()
            async with session.post(
                url,
                data=parcel.content,
                headers=parcel.headers,
                timeout=self._deadline(),
                allow_redirects=False,  # Meta does not reliably follow them
            ) as answer:
                await answer.read()
                return answer.status, None
        except (ClientError, TimeoutError, ValueError) as error:
            return None, _reason(error)

    def _way(self) -> tuple[ClientSession, str]:
        url = self._office.config.webhook_url
        if self._session is None or url is None:
            raise ValueError("no webhook URL is set: METASIM_WEBHOOK_URL or PUT /sim/config")
        return self._session, str(url)

    def _deadline(self) -> ClientTimeout:
        return ClientTimeout(total=self._office.config.webhook_timeout_s)


def _not_yet(outcome: str) -> Json:
    return {"id": None, "status": None, "latency_ms": None, "outcome": outcome}


def _reason(error: Exception) -> str:
    is_ours = isinstance(error, ValueError)
    return str(error) if is_ours else f"{type(error).__name__}: {error}".rstrip(": ")
