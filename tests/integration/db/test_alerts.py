"""What a person should know: raised once, renewed while it is true, over when it is."""

from __future__ import annotations

from typing import Any

from switchboard.db.alerts import end_by_success, open_alerts, raise_alert, resolve
from switchboard.db.deliveries import claim
from switchboard.db.pool import Database
from switchboard.rules.alerts import AlertKind
from tests.integration.db.town import Shop, open_shop, owe


async def _open(db: Database, shop: Shop) -> list[tuple[str, str, Any]]:
    return [(one.kind, one.subject, one.detail) for one in await open_alerts(db, shop.account)]


async def test_what_is_said_twice_is_one_alert(pipeline: Database, shop: Shop) -> None:
    """Only the first to say it hears that it is news; the figures are the latest."""
    told = [
        await raise_alert(pipeline, shop.account, "will_miss_deadline", detail={"missing": missing})
        for missing in (3, 5)
    ]

    assert [True, False] == told
    assert [("will_miss_deadline", "", {"missing": 5})] == await _open(pipeline, shop)


async def test_what_is_over_can_begin_again(pipeline: Database, shop: Shop) -> None:
    """Resolving tells whether there was something; what comes back is a new alert."""
    await raise_alert(pipeline, shop.account, "reconnect_needed", detail={})
    over = [await resolve(pipeline, shop.account, "reconnect_needed") for _ in range(2)]
    news = await raise_alert(pipeline, shop.account, "reconnect_needed", detail={})

    assert ([True, False], True) == (over, news)


async def test_subjects_and_accounts_are_apart(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """An account has one of a kind for each subject, and another account its own."""
    other = await open_shop(owner)
    for account, subject in ((shop, "one"), (shop, "two"), (other, "one")):
        assert await raise_alert(
            pipeline, account.account, "will_miss_deadline", subject=subject, detail={}
        )
    await resolve(pipeline, shop.account, "will_miss_deadline", subject="one")

    assert [("will_miss_deadline", "two", {})] == await _open(pipeline, shop)
    assert [("will_miss_deadline", "one", {})] == await _open(pipeline, other)


async def _sees(owner: Database, db: Database, shop: Shop) -> list[tuple[bool, list[str]]]:
    """Return whether a sender sees an alert to end, and what it ends: at once, and a day later."""
    seen = []
    for _ in range(2):
        taken = await claim(db, await owe(db, shop), owner="me", lease_s=30)
        assert taken is not None
        over = await end_by_success(db, shop.account) if taken.alerts_end else []
        seen.append((taken.alerts_end, sorted(one.kind for one in over)))
        await owner.execute("update public.alerts set seen_at = seen_at - interval '25 h'")
    return seen


async def test_what_was_sent_ends_what_kept_it(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """What stopped the account is over at once; what is about single ones, unseen for a day."""
    kinds: list[AlertKind] = ["account_held", "message_access_off", "app_limited"]
    for kind in (*kinds, "our_bug", "unknown_error"):
        await raise_alert(pipeline, shop.account, kind, detail={})

    expected = [(True, sorted(kinds)), (True, ["our_bug", "unknown_error"])]
    assert expected == await _sees(owner, pipeline, shop)
    assert [] == await _open(pipeline, shop)


async def test_what_nothing_ends_but_whoever_raised_it(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """A message that was sent does not connect an account, nor decide another message."""
    kinds: list[AlertKind] = ["reconnect_needed", "unresolved_delivery", "will_miss_deadline"]
    for kind in kinds:
        await raise_alert(pipeline, shop.account, kind, detail={})

    assert [(False, []), (False, [])] == await _sees(owner, pipeline, shop)
    assert 3 == len(await _open(pipeline, shop))


async def test_what_is_seen_again_stays(owner: Database, pipeline: Database, shop: Shop) -> None:
    """An alert that was over soon is renewed by whoever finds it true again."""
    await raise_alert(pipeline, shop.account, "our_bug", detail={})
    await owner.execute("update public.alerts set seen_at = seen_at - interval '25 h'")
    await raise_alert(pipeline, shop.account, "our_bug", detail={})

    assert [] == await end_by_success(pipeline, shop.account)
    assert 1 == len(await _open(pipeline, shop))


async def test_success_is_one_accounts(owner: Database, pipeline: Database, shop: Shop) -> None:
    """What one account sends ends nothing of another's."""
    other = await open_shop(owner)
    await raise_alert(pipeline, other.account, "account_held", detail={})

    assert [] == await end_by_success(pipeline, shop.account)
    assert 1 == len(await _open(pipeline, other))
