"""The envelope: what is done in it is done as its caller, and nothing of it stays behind."""

from __future__ import annotations

from uuid import uuid4

import pytest

from switchboard.db.acting import WroteInView, acting_as
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, open_pool
from tests.integration.db.town import Shop, open_shop
from tests.integration.db.users import hire

SEEN = "select id from public.workspaces"
RENAME = "update public.workspaces set name = 'Other'"


async def test_everybody_sees_their_own(owner: Database, api_url: str, shop: Shop) -> None:
    """On one connection, one after the other, each sees their workspace alone."""
    other = await open_shop(owner)
    users = [(await hire(owner, one, "viewer"), one.workspace) for one in (shop, other)]
    async with open_pool(api_url, max_size=1, name="test") as api:
        for user, workspace in users * 3:
            async with acting_as(api, {"sub": str(user)}) as tx:
                assert [workspace] == [row["id"] for row in await tx.fetch(SEEN)]


async def test_outside_there_is_nothing(owner: Database, api_url: str, shop: Shop) -> None:
    """The role we log in as may read nothing, also after somebody was in the envelope."""
    user = await hire(owner, shop, "owner")
    async with open_pool(api_url, max_size=1, name="test") as api:
        async with acting_as(api, {"sub": str(user)}) as tx:
            await tx.fetch(SEEN)
        with pytest.raises(QueryFailed) as refused:
            await api.fetch(SEEN)

    assert refused.value.refusal is not None
    assert "42501" == refused.value.refusal.state


async def test_nobody_sees_nothing(api: Database, shop: Shop) -> None:
    """A stranger's claims, and claims that name nobody, see no row."""
    for claims in ({"sub": str(uuid4())}, {}):
        async with acting_as(api, claims) as tx:
            assert [] == list(await tx.fetch(SEEN))


async def test_a_view_changes_nothing(owner: Database, api: Database, shop: Shop) -> None:
    """Even an owner's writes are refused in it."""
    user = await hire(owner, shop, "owner")
    with pytest.raises(WroteInView, match="read-only"):
        async with acting_as(api, {"sub": str(user)}, view=True) as tx:
            await tx.execute(RENAME)


async def test_a_failure_undoes_it(owner: Database, api: Database, shop: Shop) -> None:
    """What was done before something failed did not happen."""
    user = await hire(owner, shop, "owner")

    async def renamed_and_failed() -> None:
        async with acting_as(api, {"sub": str(user)}) as tx:
            await tx.execute(RENAME)
            raise LookupError

    with pytest.raises(LookupError):
        await renamed_and_failed()
    async with acting_as(api, {"sub": str(user)}) as tx:
        (row,) = await tx.fetch("select name from public.workspaces")

    assert "Other" != row["name"]
