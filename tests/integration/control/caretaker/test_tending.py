"""Tokens are refreshed in time, subscriptions mended, and what is wrong is said."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from services.control.caretaker.job import Done
from services.control.caretaker.probing import FIELDS
from switchboard.db import jobs
from switchboard.db.care import Cared
from switchboard.errors import Unavailable
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES, SCOPES
from tests.integration.control.caretaker.household import VAULT, Household
from tests.integration.metasim.stage import TOKEN
from tests.support.waiting import until

DAY = timedelta(days=1)


async def age(house: Household, days: float, *, token: str = TOKEN) -> None:
    """Let the account's token be so many days old, here and at Instagram."""
    issued_at = datetime.now(UTC) - days * DAY
    account = {"username": "shop", "token": token, "token_issued_at": issued_at.isoformat()}
    await house.meta.sim("PUT", f"/accounts/{house.shop.instagram_id}", account)
    await house.store_token(token, issued_at + 60 * DAY)
    await house.owner.execute(
        "update private.instagram_credentials set issued_at = $2 where account_id = $1",
        house.shop.account,
        issued_at,
    )


async def token(house: Household) -> str:
    account = await house.account()
    assert account.credential is not None
    return VAULT.open(account.credential, account.id)


@pytest.mark.parametrize(("days", "refreshed"), [(0.5, False), (20, False), (31, True), (59, True)])
async def test_a_token_is_refreshed_in_time(
    house: Household,
    days: float,
    refreshed: bool,  # noqa: FBT001  a table's column
) -> None:
    """From half its life on; the new one is another one, which works, for 60 days."""
    await age(house, days)
    standing = await house.run(house.refreshing())
    account, after = await house.account(), await token(house)
    me = await house.accounts.read_me(token=after)

    assert ("done", refreshed) == (standing.last_outcome, standing.detail["refreshed"])
    assert refreshed == (after != TOKEN)
    assert house.shop.instagram_id == me.account_id
    if refreshed:
        assert account.expires_at is not None
        assert timedelta(days=59) < account.expires_at - datetime.now(UTC) <= 60 * DAY


async def test_a_refresh_that_fails_is_tried_again(house: Household) -> None:
    """Nobody is told while there are weeks; a week before the end the operator is."""
    await age(house, 40)
    fault = {"preset": "app_limited", "on": "any"}
    await house.meta.sim("PUT", "/config", {"faults": [fault]})
    early = await house.run(house.refreshing())
    quiet = await house.alerts()
    await age(house, 55)
    late = await house.run(house.refreshing())
    (alert,) = await house.alerts()
    await house.meta.sim("PUT", "/config", {"faults": []})
    await house.meta.sim("DELETE", "/holds")
    await house.run(house.refreshing())

    assert ("failed", 1, []) == (early.last_outcome, early.failures, quiet)
    assert 2 == late.failures
    assert "token_not_refreshed" == alert.kind
    assert [] == await house.alerts()


async def test_an_expired_token(house: Household) -> None:
    """It is too late: the owner must log in again, and nothing more is asked until then."""
    await age(house, 61)
    await house.run(house.refreshing())
    (alert,) = await house.alerts()
    row = await house.owner.fetchrow(
        "select status from public.instagram_accounts where id = $1", house.shop.account
    )
    due = await jobs.take(house.db, "refresh", owner="x", lease=timedelta(minutes=1), limit=5)

    assert ("reconnect_needed", {"reason": "token_expired"}) == (alert.kind, dict(alert.detail))
    assert row is not None
    assert "reconnect_needed" == row["status"]
    assert [] == list(due)


async def test_a_token_that_was_never_stored(house: Household) -> None:
    """It is said what is wrong."""
    await house.owner.execute("delete from private.instagram_credentials")
    standing = await house.run(house.probing())

    assert "failed" == standing.last_outcome
    assert "token_missing" in (standing.last_error or "")


async def test_the_token_of_another(house: Household) -> None:
    """A token of another account is noticed before anything is done with it."""
    other = {"username": "other", "token": "other"}
    await house.meta.sim("PUT", "/accounts/17841400000099999", other)
    await house.store_token("other")
    standing = await house.run(house.probing())

    assert "token_of_another" in (standing.last_error or "")


async def test_a_subscription_is_mended(house: Household) -> None:
    """All we need is subscribed; what somebody added stays; what is right is not touched."""
    us = house.shop.instagram_id
    await house.accounts.subscribe(us, ["comments", "story_insights"], token=TOKEN)
    first = await house.run(house.probing())
    after = await house.accounts.read_subscription(us, token=TOKEN)
    second = await house.run(house.probing())

    assert {*FIELDS, "story_insights"} == set(after.fields)
    assert (True, False) == (first.detail["subscribed_again"], second.detail["subscribed_again"])
    assert after.fields == (await house.account()).subscribed_fields
    assert [] == await house.alerts()


@pytest.mark.parametrize(
    ("scopes", "lost"),
    [
        (SCOPES, set()),
        ((BASIC, MANAGE_COMMENTS), {MANAGE_MESSAGES}),
        ((BASIC, MANAGE_MESSAGES), {MANAGE_COMMENTS}),
        ((BASIC,), {MANAGE_COMMENTS, MANAGE_MESSAGES}),
    ],
)
async def test_what_was_not_granted(
    house: Household, scopes: tuple[str, ...], lost: set[str]
) -> None:
    """Each permission is named that is missing; the account goes on; granted, it is over."""
    us = house.shop.instagram_id
    partly = {"username": "shop", "token": "partly", "token_scopes": scopes}
    await house.meta.sim("PUT", f"/accounts/{us}", partly)
    await house.store_token("partly")
    standing = await house.run(house.probing())
    told = {alert.subject for alert in await house.alerts()}
    granted = (await house.account()).permissions
    await house.meta.sim("PUT", f"/accounts/{us}", {"username": "shop", "token": TOKEN})
    await house.store_token()
    await house.run(house.probing())

    assert "done" == standing.last_outcome
    assert lost == told
    assert frozenset(scopes) == granted
    assert [] == await house.alerts()


async def test_each_call_is_within_the_budget(house: Household) -> None:
    """All that a probe asks is counted, conversations as such; with nothing left, none is made."""
    await house.run(house.probing())
    calls = (await house.meta.sim("GET", "/calls"))["calls"]
    taken, house.purse.left = house.purse.taken, 0
    standing = await house.run(house.probing())
    after = (await house.meta.sim("GET", "/calls"))["calls"]

    assert "failed" == standing.last_outcome
    assert taken == sum(one["calls"] for one in calls) > 3
    assert 1 == house.purse.of_conversations
    assert calls == after


async def test_message_access(house: Household) -> None:
    """The switch in the Instagram app is noticed within a day, both ways."""
    fault = {"preset": "message_access_off", "on": "conversations"}
    await house.meta.sim("PUT", "/config", {"faults": [fault]})
    off = await house.run(house.probing())
    told = [alert.kind for alert in await house.alerts()]
    await house.meta.sim("PUT", "/config", {"faults": []})
    await house.meta.sim("DELETE", "/holds")
    await house.run(house.probing())

    assert "done" == off.last_outcome
    assert ["message_access_off"] == told
    assert [] == await house.alerts()


async def test_an_app_that_was_removed(house: Household) -> None:
    """Found by the probe, whether or not Meta tells of it."""
    leaving = {"account_id": house.shop.instagram_id, "tell": False}
    await house.meta.sim("POST", "/deauthorizations", leaving)
    await house.run(house.probing())
    (alert,) = await house.alerts()

    assert ("reconnect_needed", "app_removed") == (alert.kind, alert.detail["reason"])


@dataclass
class Chore:
    """A job that waits to be let go, and breaks if it is told to."""

    breaks: Exception | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    runs: int = 0
    name: str = "chore"
    every: timedelta = timedelta(hours=1)
    first_within: timedelta = timedelta()

    async def run(self, account: Cared) -> Done:
        self.runs += 1
        self.begun.set()
        await self.go.wait()
        if self.breaks is not None:
            raise self.breaks
        return Done({"account": str(account.id)})


async def test_what_is_under_way_is_finished(house: Household) -> None:
    """Told to stop, a caretaker ends when its job has, and has recorded it."""
    chore, stop = Chore(), asyncio.Event()
    caretaker = house.caretaker(chore)
    running = asyncio.create_task(caretaker.run(stop))
    await chore.begun.wait()
    stop.set()
    await asyncio.sleep(0)
    assert not running.done()
    chore.go.set()
    await running

    assert "done" == (await house.standing("chore")).last_outcome


async def test_of_two_caretakers_one_does_it(house: Household) -> None:
    """While one is at it, the other leaves it alone."""
    chore = Chore()
    one, other = house.caretaker(chore), house.caretaker(chore)
    first = asyncio.create_task(one.round())
    await chore.begun.wait()
    second = await other.round()
    chore.go.set()

    assert (1, 0) == (await first, second)
    assert 1 == chore.runs


@pytest.mark.parametrize(
    ("breaks", "error"),
    [(Unavailable("away"), "unavailable: away"), (KeyError("oops"), "bug: KeyError")],
)
async def test_a_job_that_breaks(house: Household, breaks: Exception, error: str) -> None:
    """It is recorded with it, tried again, and ends nothing else."""
    chore, other = Chore(breaks), Chore(name="other")
    chore.go.set()
    other.go.set()
    stop = asyncio.Event()
    running = asyncio.create_task(house.caretaker(chore, other).run(stop))
    await other.begun.wait()
    await until(lambda: house.standing("chore"), lambda standing: standing.last_outcome == "failed")
    stop.set()
    await running
    standing = await house.standing("chore")

    assert (1, error) == (standing.failures, standing.last_error)
    assert "done" == (await house.standing("other")).last_outcome


async def test_a_job_that_takes_too_long(house: Household) -> None:
    """It is cut off before its lease ends, so that no two are at it."""
    chore = Chore()
    await house.caretaker(chore, lease=timedelta(seconds=0.2)).round()

    assert "timed_out" in ((await house.standing("chore")).last_error or "")
