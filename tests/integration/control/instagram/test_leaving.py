"""Owners who leave: believed only if Meta says so, and forgotten where they ask for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from switchboard.clock import utc_now
from switchboard.contracts import PersonId
from switchboard.db import ledger
from tests.integration.control.instagram.owners import PUBLIC, Owners
from tests.integration.db.town import Shop, recorded
from tests.support.builders import comment
from tests.support.waiting import until

WORDS = "a very particular wish for blue hats"
PERSON = PersonId("987654321012345")


@pytest.mark.parametrize("what", ["deauthorizations", "data-deletions"])
@pytest.mark.parametrize(
    ("secret", "status"), [("good", 200), ("meta", 200), ("forged", 403), ("missing", 403)]
)
async def test_only_meta_is_believed(owners: Owners, what: str, secret: str, status: int) -> None:
    """Signed with either secret of ours; anybody else changes nothing."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    told = await owners.meta.sim("POST", f"/{what}", {"account_id": instagram_id, "secret": secret})

    assert status == told["status"]
    if status == 403:
        assert "connected" == (await owners.row(connected.body["id"]))["status"]


async def test_somebody_we_do_not_know(owners: Owners) -> None:
    """Meta is answered in the same way; there is nothing to do."""
    instagram_id = await owners.account()
    removed = await owners.meta.sim("POST", "/deauthorizations", {"account_id": instagram_id})
    deletion = await owners.meta.sim("POST", "/data-deletions", {"account_id": instagram_id})
    page = await shown(owners, deletion, "was deleted")

    assert (200, 200) == (removed["status"], deletion["status"])
    assert "was deleted" in page


async def shown(owners: Owners, deletion: Any, awaited: str) -> str:
    """Return the status page of a deletion as soon as it says what is awaited."""
    told = json.loads(deletion["body"])
    assert told["url"] == f"{PUBLIC}/instagram/deletion?id={told['confirmation_code']}"
    path = told["url"].removeprefix(PUBLIC)

    async def page() -> str:
        answer = await owners.house.call("GET", path)
        assert 200 == answer.status
        return answer.text

    return await until(page, lambda text: awaited in text)


async def test_a_status_page_of_nothing(owners: Owners) -> None:
    """A code that was never given says so, and shows nothing of what was asked."""
    answer = await owners.house.call("GET", "/instagram/deletion?id=<script>")

    assert 404 == answer.status
    assert "<script>" not in answer.text


async def test_an_owners_data_is_deleted(owners: Owners) -> None:
    """Of the account and its people no column of any table says anything afterwards."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    row = await owners.row(connected.body["id"])
    shop = Shop(workspace, row["id"], instagram_id, row["username"], row["id"])  # type: ignore[arg-type]
    said = comment(text=WORDS, author_id=PERSON)
    event = recorded(
        shop,
        said.identity(),
        answered=False,
        person_id=PERSON,
        event=said.to_json(),
        username="ana.with.a.rare.name",
        decision=json.dumps({"proof": WORDS}),
        inbound=True,
    )
    await ledger.record(owners.house.owner, [event])
    before = await everything(owners)
    secret_words = (WORDS, PERSON, "ana.with.a.rare.name", row["app_scoped_id"])
    known = [word for word in secret_words if word in before]

    deletion = await owners.meta.sim("POST", "/data-deletions", {"account_id": instagram_id})
    await shown(owners, deletion, "was deleted")
    after = await everything(owners)
    left = await owners.row(connected.body["id"])

    assert list(secret_words) == known
    assert [] == [word for word in secret_words if word in after]
    assert ("disconnected", "erased", None) == (left["status"], left["username"], left["key_id"])


async def test_what_the_log_still_says(owners: Owners) -> None:
    """That the account was connected and disconnected, by whom and when; not which it was."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    row = await owners.row(connected.body["id"])
    before = await logged(owners, connected.body["id"])

    deletion = await owners.meta.sim("POST", "/data-deletions", {"account_id": instagram_id})
    await shown(owners, deletion, "was deleted")
    after = await logged(owners, connected.body["id"])

    names = (instagram_id, row["username"], row["app_scoped_id"])
    assert names[0] in str(before)
    assert [] == [name for name in names if name in str(after)]
    assert [(one["id"], one["at"], one["actor"], one["actor_id"]) for one in before] == [
        (one["id"], one["at"], one["actor"], one["actor_id"]) for one in after[: len(before)]
    ]
    assert {"erased"} == {one["after"]["username"] for one in after if one["action"] == "insert"}
    assert "disconnected" in [(one["after"] or {}).get("status") for one in after]


async def test_what_is_on_its_way_to_the_account(owners: Owners) -> None:
    """Events of before that are recorded after name nobody, whoever wrote them."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    connected = await owners.connect(person, workspace, instagram_id)
    row = await owners.row(connected.body["id"])
    shop = Shop(workspace, row["id"], instagram_id, row["username"], row["id"])  # type: ignore[arg-type]
    said = comment(text=WORDS, author_id=PERSON, account_id=instagram_id)
    before = utc_now()
    deletion = await owners.meta.sim("POST", "/data-deletions", {"account_id": instagram_id})
    await shown(owners, deletion, "was deleted")
    # The account is disconnected, so no router knows whose it is.
    late = replace(
        recorded(shop, said.identity(), answered=False, person_id=PERSON, event=said.to_json()),
        workspace_id=None,
        account=None,
        occurred_at=before,
        received_at=before,
    )
    stood = await ledger.record(owners.house.owner, [late])
    after = await everything(owners)

    assert [True] == [one.erased for one in stood.values()]
    assert [] == [word for word in (WORDS, PERSON) if word in after]


async def logged(owners: Owners, account: str) -> list[Any]:
    """Return what the audit log says of an account."""
    return list(
        await owners.house.owner.fetch(
            "select * from public.audit_log"
            " where subject = 'instagram_accounts' and subject_id = $1 order by id",
            account,
        )
    )


async def everything(owners: Owners) -> str:
    """Return all that the database holds, as text."""
    found = []
    for table in await owners.house.owner.fetch(_TABLES):
        rows = await owners.house.owner.fetch(f"select t::text as row from {table['name']} t")
        found += [row["row"] for row in rows]
    return "\n".join(found)


_TABLES = """
select format('%I.%I', schemaname, tablename) as name
  from pg_tables
 where schemaname in ('public', 'private')
"""
