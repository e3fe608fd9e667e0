"""Two tenants with a row in every table, and everybody who could come near them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

from switchboard.contracts import MediaId, PublishedPost
from switchboard.db import attachments, credentials, forecasts, labels, posts, rules, tenancy
from switchboard.db.alerts import raise_alert
from switchboard.db.credentials import Vault
from switchboard.db.deliveries import claim
from switchboard.db.ledger import record
from switchboard.db.pool import Database
from switchboard.rules.outlook import Outlook
from tests.integration.db.town import Shop, now, open_shop, owe, recorded
from tests.integration.db.users import Role, hire, sign_up

STAFF: tuple[Role, ...] = ("viewer", "editor", "admin", "owner")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace, its people by their role, and an API key that may do what an admin may."""

    shop: Shop
    staff: dict[Role, UUID]
    key: UUID

    @property
    def ids(self) -> list[UUID]:
        """What tells a row of theirs: the workspace, the account, or one of those who call."""
        return [self.shop.workspace, self.shop.account, *self.staff.values(), self.key]


@dataclass(frozen=True, slots=True)
class Town:
    """Whose rows are at stake, those who have rows of their own, and a user who has none."""

    ours: Tenant
    theirs: Tenant
    stranger: UUID


async def settle(owner: Database, pipeline: Database) -> Town:
    """Set up two tenants in an empty database."""
    ours, theirs = await _tenant(owner, pipeline), await _tenant(owner, pipeline)
    return Town(ours, theirs, await sign_up(owner, "stranger@example.com"))


async def _tenant(owner: Database, pipeline: Database) -> Tenant:
    shop = await open_shop(owner)
    staff = {role: await hire(owner, shop, role) for role in STAFF}
    key = uuid4()
    await _happen(owner, pipeline, shop)
    await owner.execute(_KEY, key, shop.workspace)
    await owner.execute(_INVITATION, shop.workspace)
    await owner.execute(_EXPORT, shop.workspace)
    await owner.execute(_JOB, shop.workspace)
    await owner.execute(_COVERAGE, shop.account, shop.workspace)
    await owner.execute(_READING, shop.account)
    await owner.execute(_LETTERS, {shop.instagram_id: ["1"]})
    for statement in _NUMBERS:
        await owner.execute(statement, shop.account, shop.workspace)
    await owner.execute(_LOGIN, shop.workspace, staff["admin"])
    await owner.execute(_DELETION)
    await owner.execute(_REMOVED)
    await owner.execute(_FORGOTTEN, shop.account)
    for statement in (*_ARCHIVES, _MEMORY):
        await owner.execute(statement)
    await owner.execute(_OPERATOR, await sign_up(owner, f"operator@{shop.username}.example"))
    for caller in (*staff.values(), key):
        await owner.execute(_ANSWERED, caller)
    return Tenant(shop, staff, key)


async def _happen(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Let something happen in `shop` for each table that the pipeline and owners fill."""
    await tenancy.upsert_intent(owner, workspace=shop.workspace, account=shop.account, name="price")
    said = labels.Label(text="how much?", intent="price", event_id=None, person_id=None)
    await labels.keep(owner, shop.account, shop.workspace, [said])
    event = recorded(shop, f"c:{shop.account}")
    await record(pipeline, [event])
    assert await claim(pipeline, event.deliveries[0].id, owner="me", lease_s=60)
    waiting = await owe(pipeline, shop)
    url = {"delivery_id": str(waiting), "url": "https://example.com"}
    click = {"kind": "link_clicked.v1", "person_id": None, "event": json.dumps(url)}
    await record(pipeline, [recorded(shop, f"l:{shop.account}", answered=False, **click)])
    await owner.execute(_LOOK, waiting, shop.workspace)
    post = PublishedPost(media_id=MediaId("1"), posted_at=now())
    await posts.keep(pipeline, shop.account, shop.workspace, [post])
    await rules.keep_book(pipeline, shop.account, shop.workspace, 1, "{}")
    vault = Vault({"k1": b"1" * 32})
    await credentials.store(owner, shop.account, vault.seal("token", shop.account), None)
    secret = vault.seal("whsec", shop.account, "webhook")
    await credentials.store_webhook_secret(owner, shop.account, secret)
    await raise_alert(pipeline, shop.account, "reconnect_needed", detail={})
    await forecasts.store(pipeline, shop.account, Outlook(), {})
    await attachments.note(pipeline, shop.account, attachments.source("image", "https://e.com/a"))


_KEY = """
insert into public.api_keys (id, workspace_id, name, prefix, key_hash, role, created_by)
values ($1, $2, 'till', 'sb_1', sha256($1::uuid::text::bytea), 'admin', gen_random_uuid())
"""
_INVITATION = """
insert into public.invitations (workspace_id, email, role, token_hash, invited_by)
values ($1, 'ben@example.com', 'viewer', sha256($1::uuid::text::bytea), gen_random_uuid())
"""
_EXPORT = """
insert into public.exports (workspace_id, kind, asked_by)
values ($1, 'workspace', gen_random_uuid())
"""
_JOB = (
    "insert into private.jobs (name, subject, workspace_id) values ('refresh', $1::uuid::text, $1)"
)
_LOGIN = """
insert into private.login_states (state_hash, workspace_id, user_id)
values (sha256($1::uuid::text::bytea), $1, $2)
"""
_COVERAGE = """
insert into public.post_coverage (account_id, media_id, workspace_id) values ($1, '1', $2)
"""
_LETTERS = "select private.begin_letters('events', 'sent_back', $1::jsonb)"
_OPERATOR = "insert into private.operators (user_id) values ($1)"
_READING = """
insert into private.comment_readings (account_id, job, media_id, floor_at, began_at)
values ($1, 'coverage', '1', now(), now())
"""
_NUMBERS = (
    """
    insert into public.funnel_days (account_id, begins_at, ends_at, day, workspace_id)
    values ($1, '2026-01-01Z', '2026-01-02Z', '2026-01-01', $2)
    """,
    """
    insert into public.funnel_counts (account_id, begins_at, workspace_id, came, matched, sent,
                                      tapped, clicked, late, waiting, lost)
    values ($1, '2026-01-01Z', $2, 1, 0, 0, 0, 0, 0, 0, 0)
    """,
    """
    insert into private.funnel_changes (account_id, workspace_id, since, until)
    values ($1, $2, now(), now())
    """,
)
_DELETION = """
insert into private.deletion_requests (confirmation_code, app_scoped_id_hash)
values (gen_random_uuid()::text, sha256('1'))
"""
_REMOVED = """
insert into private.removed_workspaces (workspace_id, asked_at, finished_at)
values (gen_random_uuid(), now(), now())
"""
_ARCHIVES = tuple(
    f"""
    insert into private.{table} (day, number, rows, size_bytes, sha256, location)
    select current_date - 90, count(*) + 1, 1, 1, repeat('0', 64), 'a'
      from private.{table}
    """
    for table in ("event_archives", "delivery_archives")
)
# Nothing is forgotten of what happens here.
_MEMORY = """
insert into private.event_memory (begins_at) values ('2000-01-01Z') on conflict do nothing
"""
_FORGOTTEN = """
insert into private.forgotten (account_id, instagram_id, marks)
select id, instagram_id, '{00000000}' from public.instagram_accounts where id = $1
"""
# Out of date, so that it may be deleted; not answered, so that it may be.
_ANSWERED = """
insert into private.idempotency_keys (caller_id, key, request_hash, created_at, expires_at)
values ($1, 'k', sha256('r'), now() - interval '2 days', now() - interval '1 day')
"""
_LOOK = """
insert into public.delivery_looks (
  delivery_id, number, workspace_id, asked, outcome, because, seen)
values ($1, 1, $2, 'ledger', 'absent', 'nothing_there', 0)
"""
