"""Everybody who could come near what is ours, and what is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from switchboard.db.pool import Database
from tests.integration.control.house import Answer, House, Person
from tests.integration.db.isolation.town import STAFF, Tenant, Town, settle
from tests.integration.db.users import Role, log_in

# Stands in every text of ours, so that none is told without being seen.
MARK: Final = "quite-particular"


@dataclass(frozen=True)
class World:
    """The API, two tenants, and who calls it."""

    house: House
    owner: Database
    town: Town
    staff: dict[Role, Person]
    outsiders: dict[str, Person]
    locked_out: dict[str, Person]
    ours: dict[str, str]
    theirs: dict[str, str]

    async def told(self, person: Person, method: str, path: str, body: Any = None) -> Answer:
        """Call, and return what is told; of an answer that stays open, how it begins."""
        headers = {"Authorization": f"Bearer {person.token}", "If-Match": "*"}
        async with self.house.http.request(
            method, f"{self.house.url}{path}", json=body, headers=headers
        ) as answer:
            kind = {name.lower(): value for name, value in answer.headers.items()}
            stays = kind.get("content-type", "").startswith("text/event-stream")
            return Answer(answer.status, kind, "" if stays else await answer.text())

    async def rows(self) -> Mapping[str, list[str]]:
        """Return every row that names one of ours, wherever it is."""
        found = {}
        for table in await self.owner.fetch(_TABLES):
            query = f"select to_jsonb(t)::text as row from {table['name']} t"
            rows = [str(row["row"]) for row in await self.owner.fetch(query)]
            found[table["name"]] = sorted(one for one in rows if self.is_told(one, {}))
        return found

    def is_told(self, text: str, asked: Mapping[str, str]) -> bool:
        """Return whether `text` has something of ours that was not in what was `asked`."""
        known = set(self.ours.values()) - set(asked.values()) - {"1", "refresh"}
        return MARK in text or any(one in text for one in known)


async def open_world(house: House, owner: Database, pipeline: Database) -> World:
    """Settle two tenants, mark ours, and let everybody log in."""
    town = await settle(owner, pipeline)
    await log_in(owner, town.stranger)
    workspace = town.ours.shop.workspace
    for statement in _MARKS:
        await owner.execute(statement, workspace, MARK)
    staff = {role: house.of(town.ours.staff[role]) for role in STAFF}
    boss = house.of(town.theirs.staff["owner"])
    return World(
        house=house,
        owner=owner,
        town=town,
        staff=staff,
        outsiders={
            "stranger": house.of(town.stranger),
            "neighbour": boss,
            "their key": await _key(house, boss, town.theirs.shop.workspace),
        },
        locked_out=await _locked_out(house, owner, staff["owner"], workspace),
        ours=await _ids(owner, town.ours),
        theirs=await _ids(owner, town.theirs),
    )


async def _key(house: House, boss: Person, workspace: UUID) -> Person:
    made = await boss.post(
        f"/v1/workspaces/{workspace}/api-keys", {"name": "program", "role": "admin"}
    )
    assert 201 == made.status, made.text
    return Person(UUID(made.body["id"]), made.body["key"], house.url, house.http)


async def _locked_out(
    house: House, owner: Database, boss: Person, workspace: UUID
) -> dict[str, Person]:
    """Return those with what was good once, or never: all of them ours."""
    revoked, over = await _key(house, boss, workspace), await _key(house, boss, workspace)
    await owner.execute("update public.api_keys set revoked_at = now() where id = $1", revoked.id)
    await owner.execute(
        "update public.api_keys set created_at = now() - interval '2 d',"
        " expires_at = now() - interval '1 d' where id = $1",
        over.id,
    )
    return {
        "a revoked key": revoked,
        "a key that is over": over,
        "nobody": Person(boss.id, "x", house.url, house.http),
        "a token that is over": house.of(boss.id, exp=1),
        "anonymous": house.of(boss.id, is_anonymous=True),
        "a service": house.of(boss.id, role="service_role"),
    }


async def _ids(owner: Database, tenant: Tenant) -> dict[str, str]:
    shop = tenant.shop
    row = await owner.fetchrow(_IDS, shop.workspace)
    assert row is not None
    return {
        "workspace_id": str(shop.workspace),
        "account_id": str(shop.account),
        "campaign_id": str(shop.campaign),
        "user_id": str(tenant.staff["viewer"]),
        "version": "1",
        "person_id": "1234567890",
        "name": "refresh",
        **{name: str(row[name]) for name in ("event_id", "delivery_id", "intent_id")},
        **{name: str(row[name]) for name in ("invitation_id", "key_id", "instagram_id")},
        "export_id": str(row["export_id"]),
    }


def nobodys() -> dict[str, str]:
    """Return ids of nothing."""
    return {
        **{name: str(uuid4()) for name in ("workspace_id", "account_id", "campaign_id")},
        **{name: str(uuid4()) for name in ("user_id", "event_id", "delivery_id", "intent_id")},
        **{name: str(uuid4()) for name in ("invitation_id", "key_id", "export_id")},
        "version": "1",
        "name": "refresh",
        "person_id": "1234567890",
    }


_TABLES: Final = """
select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
   and c.relname <> 'jobs'
"""

_MARKS: Final = (
    "update public.workspaces set name = $2 where id = $1",
    "update public.instagram_accounts set username = $2 where workspace_id = $1",
    "update public.campaigns set name = $2 where workspace_id = $1",
    "update public.intents set description = $2 where workspace_id = $1",
    "update public.intent_labels set text = $2 where workspace_id = $1",
    "update public.invitations set email = $2 || '@example.com' where workspace_id = $1",
    "update public.api_keys set name = $2 where workspace_id = $1",
    """insert into public.contacts (account_id, person_id, workspace_id, username, first_seen_at)
       select id, '1234567890', $1, $2, now()
         from public.instagram_accounts where workspace_id = $1
       on conflict (account_id, person_id) do update set username = $2""",
)

_IDS: Final = """
select (select event_id from public.events where workspace_id = $1 and kind = 'comment.v1'
         order by received_at limit 1) as event_id,
       (select id from public.deliveries where workspace_id = $1 and state = 'ready'
         limit 1) as delivery_id,
       (select id from public.intents where workspace_id = $1 limit 1) as intent_id,
       (select id from public.invitations where workspace_id = $1 limit 1) as invitation_id,
       (select id from public.api_keys where workspace_id = $1 limit 1) as key_id,
       (select id from public.exports where workspace_id = $1 limit 1) as export_id,
       (select instagram_id from public.instagram_accounts
         where workspace_id = $1) as instagram_id
"""
