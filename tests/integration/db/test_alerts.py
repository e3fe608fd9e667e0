"""What a person should know: raised once, renewed while it is true, over when it is."""

from __future__ import annotations

from typing import Any

from switchboard.db.alerts import open_alerts, raise_alert, resolve
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, open_shop


async def _open(db: Database, shop: Shop) -> list[tuple[str, str, Any]]:
    return [(one.kind, one.subject, one.detail) for one in await open_alerts(db, shop.account)]


async def test_what_is_said_twice_is_one_alert(pipeline: Database, shop: Shop) -> None:
    """Only the first to say it hears that it is news; the figures are the latest."""
    told = [
        await raise_alert(pipeline, shop.account, "will_miss", detail={"missing": missing})
        for missing in (3, 5)
    ]

    assert [True, False] == told
    assert [("will_miss", "", {"missing": 5})] == await _open(pipeline, shop)


async def test_what_is_over_can_begin_again(pipeline: Database, shop: Shop) -> None:
    """Resolving tells whether there was something; what comes back is a new alert."""
    await raise_alert(pipeline, shop.account, "token_invalid", detail={})
    over = [await resolve(pipeline, shop.account, "token_invalid") for _ in range(2)]
    news = await raise_alert(pipeline, shop.account, "token_invalid", detail={})

    assert ([True, False], True) == (over, news)


async def test_subjects_and_accounts_are_apart(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """An account has one of a kind for each subject, and another account its own."""
    other = await open_shop(owner)
    for account, subject in ((shop, "one"), (shop, "two"), (other, "one")):
        assert await raise_alert(pipeline, account.account, "will_miss", subject=subject, detail={})
    await resolve(pipeline, shop.account, "will_miss", subject="one")

    assert [("will_miss", "two", {})] == await _open(pipeline, shop)
    assert [("will_miss", "one", {})] == await _open(pipeline, other)
