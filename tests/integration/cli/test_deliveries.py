"""What is owed is listed and shown, and a person decides what nobody could find out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId, PersonId
from switchboard.db import alerts, deliveries, pacing, uncertain
from switchboard.db.pool import Database
from switchboard.db.uncertain import ALERT, Note
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import Shop, force, now, open_shop, owe, state_of

ANA = PersonId("1")


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A tenant with an account."""
    return await open_shop(owner)


async def _owe(db: Database, shop: Shop, **fields: Any) -> DeliveryId:
    return await owe(db, shop, kind="message", person_id=ANA, comment_id=None, **fields)


async def _unresolved(owner: Database, shop: Shop, **fields: Any) -> DeliveryId:
    """Return a message that nobody could find, about which a person is asked."""
    delivery = await _owe(owner, shop, **fields)
    await deliveries.claim(owner, delivery, owner="first", lease_s=60)
    await deliveries.record_uncertain(owner, delivery, owner="first", reason="timed_out")
    (doubt,) = await uncertain.take(owner, limit=1, each=1, lease=timedelta(minutes=1))
    note = Note(asked="conversation", outcome="unclear", because="another", seen=1)
    await alerts.raise_alert(owner, shop.account, ALERT, subject=str(delivery), detail={})
    await uncertain.look_again(
        owner, doubt, note, after=timedelta(hours=1), absent_at=None, unresolved=True
    )
    return delivery


async def _last_step(owner: Database, delivery: DeliveryId) -> tuple[str, str, str]:
    row = await owner.fetchrow(
        """
        select after, reason, moved_by from public.delivery_transitions
         where delivery_id = $1 order by number desc limit 1
        """,
        delivery,
    )
    assert row is not None
    return row["after"], row["reason"], row["moved_by"]


class TestList:
    async def test_of_one_state(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """The newest stands last; with a state only those that are in it."""
        parked = await _owe(owner, shop, state="parked")
        doubtful = await _unresolved(owner, shop)

        every = await switchboard("deliveries", "list", "--account", shop.username, "--json")
        some = await switchboard(
            "deliveries", "list", "--account", shop.username, "--state", "uncertain"
        )

        assert [str(parked), str(doubtful)] == [one["id"] for one in json.loads(every.out)]
        assert str(doubtful) in some.out
        assert "unresolved" in some.out
        assert str(parked) not in some.out

    async def test_of_none(self, shop: Shop, switchboard: Switchboard) -> None:
        """Nothing to list is said so."""
        every = await switchboard("deliveries", "list", "--account", shop.username)
        some = await switchboard(
            "deliveries", "list", "--account", shop.username, "--state", "parked"
        )

        assert "Nothing is owed to anybody yet.\n" == every.out
        assert "There is no such delivery.\n" == some.out

    async def test_of_a_state_there_is_not(self, shop: Shop, switchboard: Switchboard) -> None:
        """The states there are are named."""
        ended = await switchboard(
            "deliveries", "list", "--account", shop.username, "--state", "lost"
        )

        assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
        assert "--state: 'lost' is none of waiting, parked, ready" in ended.err


class TestShow:
    async def test_one_that_is_uncertain(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """How it stands, its steps, where it was looked for, and what can be decided."""
        delivery = await _unresolved(owner, shop)

        shown = await switchboard("deliveries", "show", delivery)

        assert 0 == shown.code, shown.err
        for told in (
            f"Delivery {delivery} of {shop.username}",
            "may have been sent",
            "nobody could find out whether it was sent, so a person must decide (unresolved)",
            'It says "Here you are".',
            "uncertain, by sender: Meta did not answer in time",
            "the conversation with the person: that could not be told, because the account had",
            f"switchboard deliveries decide {delivery} --retry   If Meta did get the first call,",
        ):
            assert told in shown.out

    async def test_as_json(self, owner: Database, shop: Shop, switchboard: Switchboard) -> None:
        """All that is stored, for programs."""
        delivery = await _unresolved(owner, shop)

        shown = json.loads((await switchboard("deliveries", "show", delivery, "--json")).out)

        assert ("uncertain", "unresolved") == (shown["state"], shown["reason"])
        assert ["sending", "uncertain"] == [step["after"] for step in shown["steps"]]
        assert ["conversation"] == [look["asked"] for look in shown["looks"]]

    @pytest.mark.parametrize("command", ["show", "cancel", "decide"])
    async def test_one_that_is_not_there(self, command: str, switchboard: Switchboard) -> None:
        """It is said in one line, and where to look."""
        more = ["--drop"] if command == "decide" else []
        unknown = await switchboard("deliveries", command, uuid4(), *more)
        no_id = await switchboard("deliveries", command, "mine", *more)

        assert (2, "", 2, "") == (unknown.code, unknown.out, no_id.code, no_id.out)
        assert "see `switchboard deliveries list`" in unknown.err
        assert "'mine' is no delivery's id" in no_id.err


class TestDecide:
    @pytest.mark.parametrize(
        ("verdict", "state", "reason", "warned"),
        [
            ("--sent", "sent", "decided_sent", "the person never gets it."),
            ("--retry", "ready", "decided_retry", "the person gets it twice."),
            ("--drop", "cancelled", "decided_drop", "nor what was to follow it."),
        ],
    )
    async def test_what_is_uncertain(  # noqa: PLR0917  a table, and what it needs
        self,
        owner: Database,
        shop: Shop,
        switchboard: Switchboard,
        verdict: str,
        state: str,
        reason: str,
        warned: str,
    ) -> None:
        """It is done, in a person's name, with what it means said; nobody is asked any more."""
        delivery = await _unresolved(owner, shop)

        ended = await switchboard("deliveries", "decide", delivery, verdict)

        assert 0 == ended.code, ended.err
        assert warned in ended.err
        assert (state, reason, "owner") == await _last_step(owner, delivery)
        assert [] == await alerts.open_alerts(owner, shop.account)

    async def test_that_it_was_sent_as_a_message(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """What Meta calls it is kept, and what was to follow it is ready."""
        delivery = await _unresolved(owner, shop)
        after = await _owe(owner, shop, state="waiting", after_id=delivery)

        await switchboard("deliveries", "decide", delivery, "--sent", "--message-id", "mid.1")

        row = await owner.fetchrow("select * from public.deliveries where id = $1", delivery)
        assert row is not None
        assert ("mid.1", row["attempt_over_at"]) == (row["message_id"], row["sent_at"])
        assert "ready" == await state_of(owner, after)

    async def test_that_it_was_sent_as_anothers_message(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """A message is one delivery's: whose it is is said, and nothing changes."""
        first, second = await _unresolved(owner, shop), await _unresolved(owner, shop)
        message = ("--sent", "--message-id", "mid.1")
        await switchboard("deliveries", "decide", first, *message)

        ended = await switchboard("deliveries", "decide", second, *message)

        assert 2 == ended.code
        assert f"--message-id: that is the message of delivery {first}" in ended.err
        assert "uncertain" == await state_of(owner, second)

    async def test_to_send_it_again(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """A pacer tells senders of it at once, and the sender of before has lost it."""
        delivery = await _unresolved(owner, shop)
        await switchboard("deliveries", "decide", delivery, "--retry")

        stale = await pacing.republish_stale(owner, older_than_s=3600, limit=10)
        late = await deliveries.record_sent(owner, delivery, owner="first", message_id="mid.9")

        assert [delivery] == [due.delivery_id for due in stale]
        assert late is None
        assert await deliveries.claim(owner, delivery, owner="second", lease_s=60)

    async def test_to_send_it_again_too_late(
        self, owner: Database, shop: Shop, switchboard: Switchboard
    ) -> None:
        """What Meta no longer allows would only expire: that is said instead."""
        delivery = await _unresolved(owner, shop, deadline=now() - timedelta(seconds=1))

        ended = await switchboard("deliveries", "decide", delivery, "--retry")

        assert (2, 1) == (ended.code, ended.err.count("\n"))
        assert "cannot be sent again; decide --sent or --drop" in ended.err
        assert "uncertain" == await state_of(owner, delivery)

    @pytest.mark.parametrize("verdict", ["--sent", "--retry", "--drop"])
    @pytest.mark.parametrize(
        "state",
        ["waiting", "parked", "ready", "sending", "sent", "refused", "expired", "cancelled"],
    )
    async def test_what_is_not_uncertain(
        self, owner: Database, shop: Shop, switchboard: Switchboard, state: str, verdict: str
    ) -> None:
        """There is nothing to decide: one line says how it stands, and nothing changes."""
        delivery = await _owe(owner, shop)
        await force(owner, delivery, state)

        ended = await switchboard("deliveries", "decide", delivery, verdict)

        assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
        assert "only what is uncertain can be decided" in ended.err
        assert state == await state_of(owner, delivery)


class TestCancel:
    @pytest.mark.parametrize("state", ["waiting", "parked", "ready"])
    async def test_what_was_not_tried(
        self, owner: Database, shop: Shop, switchboard: Switchboard, state: str
    ) -> None:
        """It is called off in a person's name, with what was to follow it."""
        delivery = await _owe(owner, shop)
        after = await _owe(owner, shop, state="waiting", after_id=delivery)
        await force(owner, delivery, state)

        ended = await switchboard("deliveries", "cancel", delivery)

        assert 0 == ended.code, ended.err
        assert ("cancelled", "called_off", "owner") == await _last_step(owner, delivery)
        assert "cancelled" == await state_of(owner, after)

    @pytest.mark.parametrize(
        ("state", "says"),
        [
            ("sending", "see what comes of it in a moment"),
            ("uncertain", "see `switchboard deliveries decide`"),
            ("sent", "was sent; there is nothing to call off"),
            ("cancelled", "was called off; there is nothing to call off"),
        ],
    )
    async def test_what_was_tried(
        self, owner: Database, shop: Shop, switchboard: Switchboard, state: str, says: str
    ) -> None:
        """It is told in one line why not, and nothing changes."""
        delivery = await _owe(owner, shop)
        await force(owner, delivery, state)

        ended = await switchboard("deliveries", "cancel", delivery)

        assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
        assert says in ended.err
        assert state == await state_of(owner, delivery)
