"""What is owed to people, as a workspace's members look at it and decide it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId, PersonId
from switchboard.db import alerts, deliveries, forecasts
from switchboard.db.pool import Database
from switchboard.db.uncertain import ALERT
from switchboard.rules.outlook import Outlook
from tests.integration.control.house import House
from tests.integration.db.town import Shop, force, now, open_shop, owe, state_of
from tests.integration.db.users import Role

ANA = PersonId("1")


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of a workspace's deliveries."""
    return f"/v1/workspaces/{shop.workspace}/deliveries{rest}"


async def message(owner: Database, shop: Shop, **fields: Any) -> DeliveryId:
    """Owe Ana a message."""
    return await owe(owner, shop, kind="message", person_id=ANA, comment_id=None, **fields)


async def doubtful(owner: Database, shop: Shop, **fields: Any) -> DeliveryId:
    """Owe Ana a message of which nobody knows whether it was sent, and somebody was told."""
    delivery = await message(owner, shop, **fields)
    await deliveries.claim(owner, delivery, owner="first", lease_s=60)
    await deliveries.record_uncertain(owner, delivery, owner="first", reason="timed_out")
    await alerts.raise_alert(owner, shop.account, ALERT, subject=str(delivery), detail={})
    return delivery


async def last_deed(owner: Database, shop: Shop) -> dict[str, Any]:
    """Return the last line of a workspace's audit log."""
    row = await owner.fetchrow(
        "select * from public.audit_log where workspace_id = $1 order by id desc limit 1",
        shop.workspace,
    )
    assert row is not None
    return {name: row[name] for name in ("actor", "actor_id", "subject", "subject_id", "after")}


class TestList:
    async def test_by_state(self, house: House, owner: Database, shop: Shop) -> None:
        """The newest is first; with states only those that are in one of them."""
        parked = await message(owner, shop, state="parked")
        doubt = await doubtful(owner, shop)
        sent = await message(owner, shop)
        await force(owner, sent, "sent")
        viewer = await house.member(shop, "viewer")

        every = (await viewer.get(path(shop))).body["items"]
        some = (await viewer.get(path(shop, "?state=parked&state=uncertain"))).body["items"]
        queue = (await viewer.get(path(shop, "/queue"))).body["states"]

        assert [str(sent), str(doubt), str(parked)] == [one["id"] for one in every]
        assert [str(doubt), str(parked)] == [one["id"] for one in some]
        assert "timed_out" == some[0]["reason"]
        assert some[0]["why"] not in {None, "timed_out"}
        assert {"waiting": 0, "parked": 1, "ready": 0, "sending": 0, "uncertain": 1} == queue

    async def test_page_by_page(self, house: House, owner: Database, shop: Shop) -> None:
        """All of them come, each once, the newest first."""
        made = [str(await message(owner, shop)) for _ in range(5)]
        viewer = await house.member(shop, "viewer")
        seen, address = [], path(shop, "?limit=2&state=ready")
        while address:
            page = (await viewer.get(address)).body
            seen += [one["id"] for one in page["items"]]
            following = page["next_cursor"]
            address = path(shop, f"?limit=2&state=ready&cursor={following}") if following else ""

        assert made[::-1] == seen

    async def test_filters(self, house: House, owner: Database, shop: Shop) -> None:
        """Each narrows."""
        to_ana, reply = await message(owner, shop), await owe(owner, shop)
        viewer = await house.member(shop, "viewer")
        for query, found in (
            (f"account_id={shop.account}", [reply, to_ana]),
            (f"account_id={uuid4()}", []),
            (f"campaign_id={shop.campaign}", [reply, to_ana]),
            ("kind=message", [to_ana]),
            ("person_id=1", [to_ana]),
            ("state=sent", []),
        ):
            listed = (await viewer.get(path(shop, f"?{query}"))).body["items"]
            assert [str(one) for one in found] == [one["id"] for one in listed], query


class TestOne:
    async def test_all_that_is_known(self, house: House, owner: Database, shop: Shop) -> None:
        """Its steps are told, and what may be decided of it."""
        doubt = await doubtful(owner, shop)
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(path(shop, f"/{doubt}"))

        assert 200 == answer.status, answer.text
        assert ["sending", "uncertain"] == [step["after"] for step in answer.body["steps"]]
        assert ["sent", "retry", "drop"] == answer.body["choices"]
        assert answer.body["look_at"] is not None

    async def test_what_can_be_decided(self, house: House, owner: Database, shop: Shop) -> None:
        """By its state, and for sending it again by Meta's deadline."""
        viewer = await house.member(shop, "viewer")
        late = await doubtful(owner, shop)
        await owner.execute(
            "update public.deliveries set deadline = now() - interval '1 s' where id = $1", late
        )
        gone = await message(owner, shop)
        await force(owner, gone, "sent")
        for delivery, choices in (
            (await message(owner, shop), ["cancel"]),
            (late, ["sent", "drop"]),
            (gone, []),
        ):
            shown = (await viewer.get(path(shop, f"/{delivery}"))).body
            assert choices == shown["choices"]


class TestDeciding:
    @pytest.mark.parametrize(
        ("verdict", "states"),
        [
            ("sent", ("sent", "ready")),
            ("retry", ("ready", "waiting")),
            ("drop", ("cancelled", "cancelled")),
        ],
    )
    async def test_what_is_uncertain(
        self,
        house: House,
        owner: Database,
        shop: Shop,
        verdict: str,
        states: tuple[str, str],
    ) -> None:
        """It becomes what was decided, what waits for it goes along, and nobody is asked again."""
        doubt = await doubtful(owner, shop)
        after = await message(owner, shop, state="waiting", after_id=doubt)
        editor = await house.member(shop, "editor")
        answer = await editor.post(path(shop, f"/{doubt}/decision"), {"verdict": verdict})

        state, follower = states
        assert (200, state) == (answer.status, answer.body["state"])
        assert (state, follower) == (await state_of(owner, doubt), await state_of(owner, after))
        assert ("owner", f"decided_{verdict}") == (
            answer.body["steps"][-1]["by"],
            answer.body["steps"][-1]["reason"],
        )
        assert [] == await alerts.open_alerts(owner, shop.account)
        assert {
            "actor": "user",
            "actor_id": editor.id,
            "subject": "deliveries",
            "subject_id": str(doubt),
            "after": {"state": state, "reason": f"decided_{verdict}"},
        } == await last_deed(owner, shop)

    @pytest.mark.parametrize("state", ["waiting", "parked", "ready"])
    async def test_calling_off(self, house: House, owner: Database, shop: Shop, state: str) -> None:
        """What was not tried yet is not sent, nor what waits for it; a second time is refused."""
        first = await message(owner, shop)
        delivery = await message(owner, shop, state=state, after_id=first)
        await force(owner, delivery, state)
        after = await message(owner, shop, state="waiting", after_id=delivery)
        editor = await house.member(shop, "editor")
        done = await editor.post(path(shop, f"/{delivery}/decision"), {"verdict": "cancel"})
        again = await editor.post(path(shop, f"/{delivery}/decision"), {"verdict": "cancel"})

        assert (200, "cancelled") == (done.status, done.body["state"])
        assert "cancelled" == await state_of(owner, after)
        assert (409, "conflict") == (again.status, again.code)

    @pytest.mark.parametrize(
        ("state", "verdict"),
        [
            ("sending", "cancel"),
            ("sent", "cancel"),
            ("ready", "sent"),
            ("parked", "retry"),
            ("refused", "retry"),
            ("uncertain", "cancel"),
        ],
    )
    async def test_what_no_state_allows(
        self, house: House, owner: Database, shop: Shop, state: str, verdict: str
    ) -> None:
        """It is refused, and nothing changes."""
        delivery = await message(owner, shop)
        await force(owner, delivery, state)
        editor = await house.member(shop, "editor")
        answer = await editor.post(path(shop, f"/{delivery}/decision"), {"verdict": verdict})

        assert (409, "conflict") == (answer.status, answer.code)
        assert state == await state_of(owner, delivery)

    async def test_sending_again_too_late(self, house: House, owner: Database, shop: Shop) -> None:
        """What Meta no longer allows is not sent again."""
        doubt = await doubtful(owner, shop)
        await owner.execute(
            "update public.deliveries set deadline = now() - interval '1 s' where id = $1", doubt
        )
        editor = await house.member(shop, "editor")
        answer = await editor.post(path(shop, f"/{doubt}/decision"), {"verdict": "retry"})

        assert (409, "/verdict") == (answer.status, answer.body["errors"][0]["pointer"])
        assert "uncertain" == await state_of(owner, doubt)

    async def test_the_message_of_another(self, house: House, owner: Database, shop: Shop) -> None:
        """A message is one delivery's; who names another's is told whose it is."""
        one, other = await doubtful(owner, shop), await doubtful(owner, shop)
        editor = await house.member(shop, "editor")
        sent = {"verdict": "sent", "message_id": "mid.1"}
        first = await editor.post(path(shop, f"/{one}/decision"), sent)
        second = await editor.post(path(shop, f"/{other}/decision"), sent)

        assert (200, "mid.1") == (first.status, first.body["message_id"])
        assert (409, "/message_id") == (second.status, second.body["errors"][0]["pointer"])
        assert str(one) in second.body["detail"]

    async def test_viewers_do_not_decide(self, house: House, owner: Database, shop: Shop) -> None:
        """They look, and are told that they may no more; nor does the database let them."""
        doubt = await doubtful(owner, shop)
        viewer = await house.member(shop, "viewer")
        answer = await viewer.post(path(shop, f"/{doubt}/decision"), {"verdict": "drop"})

        assert (403, "forbidden") == (answer.status, answer.code)
        assert "uncertain" == await state_of(owner, doubt)

    @pytest.mark.parametrize("role", ["editor", "admin", "owner"])
    async def test_deliveries_of_others(
        self, house: House, owner: Database, shop: Shop, role: Role
    ) -> None:
        """What another tenant owes is neither seen nor decided, whatever one is at home."""
        other = await open_shop(owner)
        doubt = await doubtful(owner, other)
        person = await house.member(shop, role)
        read = await person.get(path(shop, f"/{doubt}"))
        here = await person.post(path(shop, f"/{doubt}/decision"), {"verdict": "drop"})
        there = await person.post(path(other, f"/{doubt}/decision"), {"verdict": "drop"})

        assert (404, 404, 404) == (read.status, here.status, there.status)
        assert "uncertain" == await state_of(owner, doubt)


class TestForecast:
    async def test_as_it_was_made(self, house: House, owner: Database, shop: Shop) -> None:
        """The account's and its campaigns', with when it was made; nothing before there is one."""
        viewer = await house.member(shop, "viewer")
        address = f"/v1/accounts/{shop.account}/forecast"
        before = await viewer.get(address)
        at = now() + timedelta(hours=3)
        whole = Outlook(waiting=2_000, drained_at=at, missed=5, missed_from=at)
        await forecasts.store(owner, shop.account, whole, {shop.campaign: whole})
        after = await viewer.get(address)

        assert (200, None, []) == (before.status, before.body["account"], before.body["campaigns"])
        assert (720, "connected") == (after.body["an_hour"], after.body["status"])
        assert (2_000, 5) == (after.body["account"]["waiting"], after.body["account"]["missed"])
        assert [("link", 2_000)] == [
            (one["campaign"], one["waiting"]) for one in after.body["campaigns"]
        ]

    async def test_of_others(self, house: House, owner: Database, shop: Shop) -> None:
        """Another tenant's account is not found, and to strangers nothing is."""
        other = await open_shop(owner)
        viewer, stranger = await house.member(shop, "viewer"), await house.newcomer()
        answers = [
            await viewer.get(f"/v1/accounts/{other.account}/forecast"),
            await stranger.get(f"/v1/accounts/{shop.account}/forecast"),
            await stranger.get(path(shop)),
            await stranger.get(path(shop, "/queue")),
        ]

        assert [404] * 4 == [answer.status for answer in answers]
