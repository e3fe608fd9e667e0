"""Whoever has signed out undoes nothing with a token that is still good."""

from __future__ import annotations

from switchboard.db.pool import Database
from tests.integration.control.house import House, Person
from tests.integration.db.town import Shop
from tests.integration.db.users import hire, log_out


async def everything(house: House, person: Person, shop: Shop) -> list[int]:
    """Let `person` try what asks for the session; return the statuses."""
    workspace, member = f"/v1/workspaces/{shop.workspace}", await hire(house.owner, shop, "viewer")
    answers = [
        await person.post(f"{workspace}/api-keys", {"name": "a key"}),
        await person.call("DELETE", f"{workspace}/members/{member}"),
        await person.call("DELETE", f"{workspace}/contacts/{shop.account}/12345"),
    ]
    return [one.status for one in answers]


async def test_signed_out(house: House, shop: Shop, owner: Database) -> None:
    """They may look while the token lasts, and are refused what cannot be undone."""
    person = await house.member(shop, "owner")
    before = await everything(house, person, shop)
    await log_out(owner, person.id)
    after = await everything(house, person, shop)

    assert [201, 204, 200] == before
    assert [401, 401, 401] == after
    assert 200 == (await person.get(f"/v1/accounts/{shop.account}")).status


async def test_the_session_of_another(house: House, shop: Shop) -> None:
    """A token of one user's with the session of another's is of no session."""
    person, other = await house.member(shop, "owner"), await house.member(shop, "viewer")
    mixed = house.of(person.id, session_id=str(other.id))

    assert [401, 401, 401] == await everything(house, mixed, shop)


async def test_a_token_of_no_session(house: House, shop: Shop) -> None:
    """Where Auth names no session there is none that could be over."""
    person = await house.member(shop, "owner")

    assert [201, 204, 200] == await everything(house, house.of(person.id, session_id=...), shop)


async def test_what_looks_only_and_would_write(house: House, shop: Shop, owner: Database) -> None:
    """It is a bug of ours, answered and logged as one; nobody is told to try again."""
    await owner.execute(
        "create or replace function private.emails_of_members(of_workspace uuid)"
        " returns table (user_id uuid, email text) language plpgsql volatile security definer"
        " set search_path = '' as $$ begin"
        " update public.workspaces set name = 'x' where id = of_workspace; return; end $$"
    )
    person = await house.member(shop, "owner")
    answer = await person.get(f"/v1/workspaces/{shop.workspace}/members")

    assert (500, "failed") == (answer.status, answer.code)
    assert "retry-after" not in answer.headers
