"""What looking after an account reads and keeps, as the role it is done by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.contracts import MediaId
from switchboard.db import care, connections, coverage, credentials
from switchboard.db.alerts import open_alerts, raise_alert, resolve
from switchboard.db.credentials import Vault
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from tests.integration.db.town import Shop

VAULT = Vault({"k": b"k" * 32})
THEN = datetime(2027, 1, 1, tzinfo=UTC)
POST = MediaId("18000000000000001")


async def test_a_token_is_replaced(owner: Database, caretaker: Database, shop: Shop) -> None:
    """By its refresh, which is as old as it is; and not if its owner has brought another."""
    first, second, third = (VAULT.seal(one, shop.account) for one in ("a", "b", "c"))
    await credentials.store(owner, shop.account, first, None)
    replaced = await care.replace_token(
        caretaker, shop.account, used=first, by=second, expires_at=THEN
    )
    late = await care.replace_token(caretaker, shop.account, used=first, by=third, expires_at=THEN)
    after = await care.connected(caretaker, shop.account)

    assert (True, False) == (replaced, late)
    assert after is not None
    assert after.credential is not None
    assert after.issued_at is not None
    assert "b" == VAULT.open(after.credential, shop.account)
    assert THEN == after.expires_at
    assert abs(after.issued_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_probe_is_kept(caretaker: Database, shop: Shop) -> None:
    """What was not seen stays as it was known."""
    await care.probed(caretaker, shop.account, permissions=["b", "a"], subscribed_fields=None)
    await care.probed(caretaker, shop.account, permissions=None, subscribed_fields=["comments"])
    after = await care.connected(caretaker, shop.account)

    assert after is not None
    assert ({"a", "b"}, {"comments"}) == (
        set(after.permissions or ()),
        set(after.subscribed_fields or ()),
    )


async def test_what_campaigns_wait_for(caretaker: Database, shop: Shop) -> None:
    """The triggers of those that are live."""
    (found,) = await care.targets(caretaker, shop.account)

    assert "comment" == found.trigger["kind"]
    assert found.next_media_id is None


async def test_the_dead_are_told_of(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Its role may say that an account must be connected again, and that this is over."""
    sealed = VAULT.seal("a", shop.account)
    await credentials.store(owner, shop.account, sealed, None)
    news = await connections.need_reconnect(
        caretaker, shop.account, used=sealed, reason="token_expired"
    )
    await raise_alert(caretaker, shop.account, "reconnect_needed", detail={"reason": "x"})
    told = await open_alerts(caretaker, shop.account)
    over = await resolve(caretaker, shop.account, "reconnect_needed")

    assert (True, 1, True) == (news, len(told), over)
    assert await care.connected(caretaker, shop.account) is None


async def test_ground_never_goes_back(caretaker: Database, shop: Shop) -> None:
    """What was once read need not be read again; what was missed adds up."""
    for told, missed, grounded_at in ((3, 2, THEN), (5, 1, None), (4, 0, THEN - timedelta(1))):
        await coverage.keep_ground(
            caretaker,
            shop.account,
            shop.workspace,
            POST,
            told=told,
            missed=missed,
            grounded_at=grounded_at,
        )
    await coverage.keep_count(caretaker, shop.account, shop.workspace, POST, readable=9, stored=7)
    known = await coverage.grounds(caretaker, shop.account)
    (counted,) = await coverage.of_account(caretaker, shop.account)

    assert {POST: coverage.Ground(told=4, grounded_at=THEN)} == known
    assert (4, 9, 7, 3) == (counted.told, counted.readable, counted.stored, counted.missed)


@pytest.mark.parametrize(
    "forbidden",
    [
        "select event from public.events",
        "select person_id from public.events",
        "select * from public.contacts",
        "select * from public.deliveries",
        "select * from public.memberships",
        "insert into public.memberships select id, id, 'owner' from public.workspaces",
        "update public.instagram_accounts set workspace_id = gen_random_uuid()",
        "update public.campaigns set status = 'draft'",
        "delete from public.instagram_accounts",
        "set role service_role",
        "set role authenticated",
    ],
)
async def test_what_it_may_not(caretaker: Database, shop: Shop, forbidden: str) -> None:
    """It sees neither people nor what they wrote, and changes nothing that answers."""
    with pytest.raises(QueryFailed, match="42501"):
        await caretaker.execute(forbidden)
