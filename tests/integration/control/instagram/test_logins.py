"""Owners connect their accounts, once each, to the workspace of who began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.control.caretaker.probing import FIELDS
from switchboard.db.credentials import Sealed
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES, SCOPES
from tests.integration.control.instagram.owners import VAULT, Owners
from tests.integration.db.users import log_out


async def test_an_account_is_connected(owners: Owners) -> None:
    """With both its ids, a sealed token of 60 days that works, and all its webhooks."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    account = connected.body
    row = await owners.row(account["id"])
    sealed = Sealed(row["key_id"], row["nonce"], row["ciphertext"])
    token = VAULT.open(sealed, row["id"])
    _, me = await owners.meta.graph("GET", "/me?fields=id,user_id", token=token)
    _, apps = await owners.meta.graph("GET", "/me/subscribed_apps", token=token)

    assert 200 == connected.status
    assert (sorted(SCOPES), [], []) == (
        account["permissions"],
        account["not_granted"],
        account["not_subscribed"],
    )
    assert (instagram_id, me["id"], workspace, "connected") == (
        row["instagram_id"],
        row["app_scoped_id"],
        row["workspace_id"],
        row["status"],
    )
    assert timedelta(days=59) < row["expires_at"] - datetime.now(UTC) <= timedelta(days=60)
    assert set(FIELDS) == set(apps["data"][0]["subscribed_fields"])


@pytest.mark.parametrize("granted", [(BASIC,), (BASIC, MANAGE_COMMENTS)])
async def test_a_part_is_granted(owners: Owners, granted: tuple[str, ...]) -> None:
    """The account is connected, and it is said what is missing."""
    person, workspace = await owners.person()
    connected = await owners.connect(person, workspace, await owners.account(), scopes=granted)

    assert 200 == connected.status
    assert sorted(granted) == connected.body["permissions"]
    assert sorted(set(SCOPES) - set(granted)) == connected.body["not_granted"]


async def test_an_owner_says_no(owners: Owners) -> None:
    """The dashboard hears Instagram's word for it, and nothing is connected."""
    person, workspace = await owners.person()
    begun = await owners.begin(person, workspace)
    returned = await owners.refuse(begun.body["address"])

    assert ("access_denied", "user_denied") == (returned["error"], returned["error_reason"])
    assert "code" not in returned


async def test_a_login_is_completed_once(owners: Owners) -> None:
    """Its state works once; another one of nobody's making does not."""
    person, workspace = await owners.person()
    begun = await owners.begin(person, workspace)
    returned = await owners.consent(begun.body["address"], await owners.account())
    first = await owners.complete(person, returned)
    again = await owners.complete(person, returned)
    forged = await owners.complete(person, returned | {"state": "A" * 64})

    assert [200, 409, 409] == [one.status for one in (first, again, forged)]
    assert "conflict" == again.code


async def test_a_login_that_took_too_long(owners: Owners) -> None:
    """After its time it can no longer be completed."""
    person, workspace = await owners.person()
    begun = await owners.begin(person, workspace)
    returned = await owners.consent(begun.body["address"], await owners.account())
    await owners.house.owner.execute(
        "update private.login_states set created_at = now() - interval '20 minutes',"
        " expires_at = now() - interval '10 minutes'"
    )

    assert 409 == (await owners.complete(person, returned)).status


async def test_nobody_completes_the_login_of_another(owners: Owners) -> None:
    """Who is talked into agreeing on Instagram's page connects nothing to a stranger's."""
    attacker, theirs = await owners.person()
    victim, _ = await owners.person()
    begun = await owners.begin(attacker, theirs)
    instagram_id = await owners.account()
    returned = await owners.consent(begun.body["address"], instagram_id)
    refused = await owners.complete(victim, returned)
    rows = await owners.house.owner.fetch(
        "select id from public.instagram_accounts where instagram_id = $1", instagram_id
    )

    assert 403 == refused.status
    assert [] == list(rows)
    assert 401 == (await owners.house.call("POST", "/v1/instagram-logins/complete")).status


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 403), ("owner", 201)])
async def test_who_may_begin(owners: Owners, role: str, status: int) -> None:
    """Admins and owners of the workspace, and nobody of another."""
    person, workspace = await owners.person(role)  # type: ignore[arg-type]  # a table's column
    stranger, _ = await owners.person("owner")

    assert status == (await owners.begin(person, workspace)).status
    assert (await owners.begin(stranger, workspace)).status in {403, 404}


async def test_an_account_is_connected_in_one_workspace(owners: Owners) -> None:
    """Somebody else's is refused, without a word about whose; let go of, it may be connected."""
    first, theirs = await owners.person()
    second, ours = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(first, theirs, instagram_id)
    refused = await owners.connect(second, ours, instagram_id)
    away = f"/v1/accounts/{connected.body['id']}/disconnect"
    let_go = await first.post(away)
    then = await owners.connect(second, ours, instagram_id)

    assert [200, 409, 204, 200] == [one.status for one in (connected, refused, let_go, then)]
    assert str(theirs) not in refused.text
    assert connected.body["id"] != then.body["id"]


async def test_an_account_is_connected_again(owners: Owners) -> None:
    """It stays the same account, with a new token; its alert is over."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    first = await owners.connect(person, workspace, instagram_id)
    before = await owners.row(first.body["id"])
    leaving = {"account_id": instagram_id}
    told = await owners.meta.sim("POST", "/deauthorizations", leaving)
    gone = await owners.row(first.body["id"])
    begun = await owners.begin(person, workspace, first.body["id"])
    returned = await owners.consent(begun.body["address"], instagram_id)
    again = await owners.complete(person, returned)
    after = await owners.row(first.body["id"])
    alerts = await owners.house.owner.fetch("select kind, resolved_at from public.alerts")

    assert 200 == told["status"]
    assert ("reconnect_needed", None) == (gone["status"], gone["key_id"])
    assert first.body["id"] == again.body["id"]
    assert "connected" == after["status"]
    assert before["ciphertext"] != after["ciphertext"]
    assert ["reconnect_needed"] == [row["kind"] for row in alerts]
    assert alerts[0]["resolved_at"] is not None


async def test_another_account_was_chosen(owners: Owners) -> None:
    """Who connects an account again and chooses another one on Instagram's page is told."""
    person, workspace = await owners.person()
    first = await owners.connect(person, workspace, await owners.account())
    begun = await owners.begin(person, workspace, first.body["id"])
    returned = await owners.consent(begun.body["address"], await owners.account())

    assert 409 == (await owners.complete(person, returned)).status


async def test_a_disconnected_account(owners: Owners) -> None:
    """Meta sends nothing more of it, and its token is gone; only an admin may; it may come back."""
    person, workspace = await owners.person()
    stranger, _ = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    path = f"/v1/accounts/{connected.body['id']}/disconnect"
    refused = await stranger.post(path)
    done = await person.post(path)
    again = await person.post(path)
    row = await owners.row(connected.body["id"])
    accounts = (await owners.meta.sim("GET", "/accounts"))["accounts"]
    (ours,) = (one for one in accounts if one["account_id"] == instagram_id)
    back = await owners.connect(person, workspace, instagram_id)

    assert [404, 204, 404] == [one.status for one in (refused, done, again)]
    assert ("disconnected", None) == (row["status"], row["key_id"])
    assert [] == ours["subscribed_fields"]
    assert connected.body["id"] == back.body["id"]


async def test_who_has_signed_out_disconnects_nothing(owners: Owners) -> None:
    """Their token is still good, and their session over: the account stays connected."""
    person, workspace = await owners.person()
    connected = await owners.connect(person, workspace, await owners.account())
    await log_out(owners.house.owner, person.id)
    refused = await person.post(f"/v1/accounts/{connected.body['id']}/disconnect")

    assert 401 == refused.status
    assert "connected" == (await owners.row(connected.body["id"]))["status"]


async def test_a_code_that_meta_does_not_take(owners: Owners) -> None:
    """Meta's own sentence is told, and nothing is stored."""
    person, workspace = await owners.person()
    begun = await owners.begin(person, workspace)
    returned = await owners.consent(begun.body["address"], await owners.account())
    refused = await owners.complete(person, returned | {"code": "another"})

    assert 409 == refused.status
    assert "not found or was already used" in refused.body["detail"]


async def test_permissions_that_are_needed(owners: Owners) -> None:
    """The consent page is asked for everything that we need."""
    person, workspace = await owners.person()
    begun = await owners.begin(person, workspace)

    for scope in (BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES):
        assert scope in begun.body["address"]
