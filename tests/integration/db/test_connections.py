"""A token that Meta refuses, and the owner who connects again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId
from switchboard.db import alerts, connections, credentials, deliveries, holds
from switchboard.db.credentials import Vault
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Row
from tests.integration.db.town import Shop, hold, lose_token, open_shop, owe

VAULT = Vault({"k": bytes(32)})


async def account(owner: Database, shop: Shop) -> Row:
    """Return the shop's account as it is stored."""
    row = await owner.fetchrow(
        "select * from public.instagram_accounts where id = $1", shop.account
    )
    assert row is not None
    return row


async def test_a_dead_token_is_news_once(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Of all the senders that notice at once, one tells; another account hears nothing of it."""
    other = await open_shop(owner)
    news = await asyncio.gather(*(lose_token(pipeline, shop) for _ in range(10)))

    assert 1 == sum(news)
    assert "reconnect_needed" == (await account(owner, shop))["status"]
    assert "connected" == (await account(owner, other))["status"]


async def test_connecting_again(owner: Database, pipeline: Database, shop: Shop) -> None:
    """One call stores the token, lets the account send, and ends the alert."""
    await credentials.store(owner, shop.account, VAULT.seal("old", shop.account), None)
    await owner.execute("update public.instagram_accounts set proved_at = now()")
    old = await _used(pipeline, shop)
    await connections.need_reconnect(pipeline, shop.account, used=old, reason="token_expired")
    await alerts.raise_alert(pipeline, shop.account, "reconnect_needed", detail={})

    new = VAULT.seal("new", shop.account)
    over = [await connections.reconnect(owner, shop.account, new, None) for _ in range(2)]

    assert [True, False] == over
    row = await account(owner, shop)
    assert ("connected", None) == (row["status"], row["proved_at"])
    used = await _used(pipeline, shop)
    assert used is not None
    assert "new" == VAULT.open(used, shop.account)
    assert [] == await alerts.open_alerts(owner, shop.account)


async def test_the_old_token_says_nothing_of_the_new_one(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """A refusal of the old token that comes in after the login does not disconnect again."""
    await credentials.store(owner, shop.account, VAULT.seal("old", shop.account), None)
    old = await _used(pipeline, shop)
    await connections.reconnect(owner, shop.account, VAULT.seal("new", shop.account), None)

    for used in (old, None):
        late = await connections.need_reconnect(
            pipeline, shop.account, used=used, reason="token_expired"
        )
        assert not late
    assert "connected" == (await account(owner, shop))["status"]


async def test_a_hold_outlives_a_login(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Instagram's restriction is not lifted by connecting again."""
    held = await hold(pipeline, shop)
    await lose_token(pipeline, shop)
    await connections.reconnect(owner, shop.account, VAULT.seal("new", shop.account), None)

    row = await account(owner, shop)
    assert held is not None
    assert (1, held.until) == (row["holds"], row["held_until"])


async def test_a_hold_that_ends_in_a_login(owner: Database, pipeline: Database, shop: Shop) -> None:
    """A permission that stayed away is asked for anew, and nothing else is waited for then."""
    await hold(pipeline, shop, reason="token_expired")
    await owner.execute("update public.instagram_accounts set held_until = now()")
    probe = DeliveryId(uuid4())
    await holds.take_probe(pipeline, shop.account, probe, within=timedelta(minutes=1))
    await lose_token(pipeline, shop)

    row = await account(owner, shop)
    names = ("holds", "held_until", "hold_reason", "probe_id", "probe_until")
    assert [0, None, None, None, None] == [row[name] for name in names]


async def test_an_account_nobody_knows(owner: Database) -> None:
    """There is nothing to connect."""
    unknown = uuid4()

    with pytest.raises(QueryFailed):
        await connections.reconnect(owner, unknown, VAULT.seal("new", unknown), None)


async def test_it_is_not_the_pipelines_to_do(pipeline: Database, shop: Shop) -> None:
    """Who sends cannot put another token in place."""
    with pytest.raises(QueryFailed, match="permission denied"):
        await connections.reconnect(pipeline, shop.account, VAULT.seal("x", shop.account), None)


async def _used(pipeline: Database, shop: Shop) -> credentials.Sealed | None:
    """Return the token that a sender would use now."""
    taken = await deliveries.claim(pipeline, await owe(pipeline, shop), owner="me", lease_s=30)
    assert taken is not None
    return taken.credential
