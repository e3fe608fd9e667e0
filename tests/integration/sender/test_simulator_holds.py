"""Restrictions at the simulator, which judges every call that is made while it holds an account."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import DeliveryId
from switchboard.db import alerts, connections
from tests.integration.metasim.stage import Meta
from tests.integration.sender.stage import VAULT, Stage
from tests.integration.sender.test_simulator import writes

MINUTE = timedelta(minutes=1)
PEOPLE = ("ana", "bo", "cy", "di", "ed", "fay")

# Each restriction the simulator plays, how long we hold for it at first, and what is told.
RESTRICTIONS = [
    ("policy_block", 60, "account_held"),
    ("suspected_spam", 120, "account_held"),
    ("sending_restricted", 30, "account_held"),
    ("link_restricted", 30, "link_restricted"),
    ("account_restricted", 240, "account_restricted"),
    ("account_blocked", 240, "account_blocked"),
    ("message_access_off", 60, "message_access_off"),
    ("messages_disabled", 60, "messages_disabled"),
    ("account_checkpointed", 60, "account_checkpointed"),
    ("account_unconfirmed", 60, "account_unconfirmed"),
]


class Time:
    """Lets time pass for all: at the simulator, in the account's row, and in Redis."""

    def __init__(self, town: Stage, meta: Meta) -> None:
        self._town, self._meta, self._passed = town, meta, timedelta()

    async def passes(self, minutes: float) -> None:
        """Let so many minutes pass, at the simulator a moment more."""
        self._passed += minutes * MINUTE
        shift = {"clock": {"offset_s": self._passed.total_seconds() + 1}}
        await self._meta.sim("PUT", "/config", shift)
        await self._town.owner.execute(
            "update public.instagram_accounts set held_until = held_until - $1::interval",
            minutes * MINUTE,
        )
        await self._town.redis.flushall()


async def owed(town: Stage, meta: Meta) -> list[DeliveryId]:
    """Let people write; return the messages they are owed."""
    return [await town.owe("message", person=await writes(town, meta, one)) for one in PEOPLE]


async def restrict(town: Stage, meta: Meta, preset: str, **more: Any) -> None:
    """Let the simulator restrict the account with its next refusal."""
    fault = {"preset": preset, "account_id": town.shop.instagram_id, "times": 1, **more}
    await meta.sim("PUT", "/config", {"faults": [fault]})


async def judgement(meta: Meta) -> dict[str, Any]:
    """Return what the simulator has to say of us."""
    async with meta.http.get("/judgement") as answer:
        told: dict[str, Any] = await answer.json()
        return told


async def told(town: Stage) -> list[str]:
    """Return the kinds that are open."""
    return [one.kind for one in await alerts.open_alerts(town.owner, town.shop.account)]


async def send_all(town: Stage, deliveries: list[DeliveryId]) -> None:
    """Let senders hear of all of them, at once."""
    await asyncio.gather(*(town.send(delivery) for delivery in deliveries))


@pytest.mark.parametrize(("preset", "minutes", "kind"), RESTRICTIONS)
async def test_a_restriction_that_lasts_as_long_as_we_wait(
    town: Stage, meta: Meta, preset: str, minutes: int, kind: str
) -> None:
    """A crowd meets it; nothing is tried while it holds, and afterwards all are answered."""
    deliveries = await owed(town, meta)
    await restrict(town, meta, preset, hold_s=60 * minutes)
    time = Time(town, meta)
    await send_all(town, deliveries)
    while_held = await told(town)
    await town.pacer().round()
    await send_all(town, deliveries)
    await time.passes(minutes)
    for delivery in deliveries:
        await town.paced_until("sent", delivery)

    judged = await judgement(meta)
    assert ([kind], []) == (while_held, await told(town))
    assert [] == judged["while_held"]
    assert [] == judged["twice"]
    assert 0 == (await town.account())["holds"]


@pytest.mark.parametrize(("preset", "minutes"), [("policy_block", 60), ("sending_restricted", 30)])
async def test_a_restriction_that_lasts_longer(
    town: Stage, meta: Meta, preset: str, minutes: int
) -> None:
    """One call after each wait, each wait twice as long, and no other call before it is over."""
    deliveries = await owed(town, meta)
    await restrict(town, meta, preset, hold_s=60 * 6 * minutes, probe_s=60 * minutes)
    time = Time(town, meta)
    await send_all(town, deliveries)
    await time.passes(minutes)
    await refused_once_more(town)
    second = await town.account()
    await time.passes(2 * minutes)
    await refused_once_more(town)
    third = await town.account()
    await time.passes(4 * minutes)
    for delivery in deliveries:
        await town.paced_until("sent", delivery)

    judged = await judgement(meta)
    assert (2, 3) == (second["holds"], third["holds"])
    assert [] == judged["while_held"]
    assert [] == judged["twice"]


async def refused_once_more(town: Stage) -> None:
    """Let pacers and senders work until the account is held again, and on for some rounds."""
    for _ in range(5):
        await town.pacer().round()
        due, town.outbound.published = town.outbound.published, []
        await asyncio.gather(*(town.send(one.delivery_id) for one in due))


async def test_another_account_is_not_held(town: Stage, meta: Meta) -> None:
    """The simulator restricts one; only that one is held."""
    deliveries = await owed(town, meta)
    await restrict(town, meta, "policy_block", hold_s=3600, account_id="17841499999999999")
    for delivery in deliveries:
        await town.send(delivery)
        await town.paced_until("sent", delivery)

    assert [] == await told(town)


@pytest.mark.parametrize(
    ("preset", "reason"),
    [
        ("token_dead", "token_invalid"),
        ("app_removed", "app_removed"),
        ("password_changed", "password_changed"),
        ("token_expired", "token_expired"),
        ("token_revoked", "token_revoked"),
    ],
)
async def test_a_dead_token_until_there_is_another(
    town: Stage, meta: Meta, preset: str, reason: str
) -> None:
    """One call tells; none follows until the owner has connected again, and then all are sent."""
    deliveries = await owed(town, meta)
    await restrict(town, meta, preset)
    await town.send(deliveries[0])
    await send_all(town, deliveries)
    await town.pacer().round()
    (alert,) = await alerts.open_alerts(town.owner, town.shop.account)
    refused = len((await judgement(meta))["refused"])

    us = town.shop.instagram_id
    await meta.sim("PUT", f"/accounts/{us}", {"username": "shop", "token": "another"})
    sealed = VAULT.seal("another", town.shop.account)
    assert await connections.reconnect(town.owner, town.shop.account, sealed, None)
    for delivery in deliveries:
        await town.paced_until("sent", delivery)

    assert (1, "reconnect_needed", {"reason": reason}) == (refused, alert.kind, alert.detail)
    assert (1, []) == (len((await judgement(meta))["refused"]), await told(town))
