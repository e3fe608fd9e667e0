"""A workspace ends as its owner sees it: nothing more comes at once, and later nothing is left."""

from __future__ import annotations

from typing import Any

from switchboard.contracts import WorkspaceId
from tests.integration.control.instagram.owners import Owners
from tests.support.waiting import until


async def fall_due(owners: Owners, workspace: WorkspaceId) -> None:
    """Let the time pass until it is due, and the job be looked for."""
    await owners.house.owner.execute(
        "update public.workspaces set deletion_asked_at = now() - interval '8 days',"
        " deletion_due_at = now() - interval '1 day' where id = $1",
        workspace,
    )
    await owners.house.owner.execute(
        "update private.jobs set next_run_at = now() where name = 'removals'"
    )


async def test_from_asking_to_the_end(owners: Owners) -> None:
    """Meta sends nothing more of its account, the token goes; when it is due, all of it does."""
    person, workspace = await owners.person("owner")
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    began_before = await owners.begin(person, workspace)
    returned = await owners.consent(began_before.body["address"], await owners.account())
    path = f"/v1/workspaces/{workspace}"
    asked = await person.post(f"{path}/deletion", {"name": "A business"})

    async def stands() -> Any:
        return await owners.row(connected.body["id"])

    let_go = await until(stands, lambda row: row["key_id"] is None)
    accounts = (await owners.meta.sim("GET", "/accounts"))["accounts"]
    (ours,) = (one for one in accounts if one["account_id"] == instagram_id)
    begun = await owners.begin(person, workspace)
    completed = await owners.complete(person, returned)
    await fall_due(owners, workspace)
    gone = await until(lambda: person.get(path), lambda answer: answer.status == 404)
    await until(
        lambda: owners.house.owner.fetch("select from public.workspaces"), lambda rows: not rows
    )
    me = await person.get("/v1/me")

    assert 200 == asked.status
    assert ("disconnected", []) == (let_go["status"], ours["subscribed_fields"])
    assert [409, 409] == [begun.status, completed.status]
    assert "to be deleted" in completed.body["detail"]
    assert (404, []) == (gone.status, me.body["workspaces"])


async def test_the_account_elsewhere_afterwards(owners: Owners) -> None:
    """Whose workspace is to end may connect the account in another one at once, and keeps it."""
    person, workspace = await owners.person("owner")
    _, other = await owners.person()
    await owners.house.owner.execute(
        "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, 'owner')",
        other,
        person.id,
    )
    instagram_id = await owners.account()
    await owners.connect(person, workspace, instagram_id)
    await person.post(f"/v1/workspaces/{workspace}/deletion", {"name": "A business"})
    moved = await owners.connect(person, other, instagram_id)
    await fall_due(owners, workspace)
    path = f"/v1/workspaces/{workspace}"
    await until(lambda: person.get(path), lambda answer: answer.status == 404)
    row = await owners.row(moved.body["id"])

    assert 200 == moved.status
    assert ("connected", True) == (row["status"], row["key_id"] is not None)
