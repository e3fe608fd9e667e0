"""
What everybody may do with each table. A table that is not in here fails the matrix.

A user's right is given as the least role that has it in its own workspace; `None`: nobody has it,
whatever their role. Nobody has any right in another's workspace, and `anon` and the API's own login
have none anywhere, so neither is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tests.integration.db.users import Role

# both: of all tenants. refused: the right is there, and a policy is against what was tried.
Pipeline = Literal["both", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    One table's rights.

    `hidden` are the columns no user may read, of a table they may read; `inserts` and `updates`
    those they may write. `pipeline` and `caretaker` have the commands that those roles may use.

    `tenant` is the column that says whose a row is; `author` one that must name the caller in a new
    row. `sample` chooses the row that attempts are made with. `by_users` are the commands that no
    program with a key may use.
    """

    select: Role | None = None
    insert: Role | None = None
    update: Role | None = None
    delete: Role | None = None
    hidden: str = ""
    inserts: str = ""
    updates: str = ""
    pipeline: dict[str, Pipeline] = field(default_factory=dict)
    caretaker: dict[str, Pipeline] = field(default_factory=dict)
    tenant: str | None = "workspace_id"
    author: str | None = None
    sample: str = "true"
    by_users: tuple[str, ...] = ()


READS: dict[str, Pipeline] = {"select": "both"}
ADDS: dict[str, Pipeline] = {"select": "both", "insert": "both"}
KEEPS: dict[str, Pipeline] = {"select": "both", "insert": "both", "update": "both"}
CARES: dict[str, Pipeline] = {**KEEPS, "delete": "both"}

TABLES: dict[str, Table] = {
    "public.workspaces": Table(select="viewer", update="owner", updates="name", tenant="id"),
    "public.memberships": Table(
        select="viewer",
        update="admin",
        delete="viewer",  # to leave; whom else is in test_attacks
        updates="role",
        sample="role = 'viewer'",
    ),
    "public.invitations": Table(
        select="admin",
        insert="admin",
        delete="admin",
        hidden="token_hash",
        inserts="email expires_at id invited_by role token_hash workspace_id",
        author="invited_by",
        by_users=("insert",),
    ),
    "public.api_keys": Table(
        select="admin",
        insert="admin",
        update="admin",
        hidden="key_hash",
        inserts="created_by expires_at key_hash name prefix role workspace_id",
        updates="name revoked_at",
        author="created_by",
        by_users=("insert",),
    ),
    "public.audit_log": Table(select="admin"),
    "public.instagram_accounts": Table(
        select="viewer",
        update="admin",
        hidden="probe_id probe_until",
        updates="first_served intent_calibration intent_threshold paused_until "
        "private_replies_per_hour reply_delay_max reply_delay_min sends_per_second takeover "
        "time_zone",
        pipeline={"select": "both", "update": "both"},
        caretaker=KEEPS,
    ),
    "public.campaigns": Table(
        select="viewer",
        insert="editor",
        update="editor",
        delete="editor",
        inserts="account_id draft id name rank workspace_id",
        updates="draft live_version name rank status",
        # It binds a campaign to a post, and may not leave one unbound that it updates.
        pipeline={"select": "both", "update": "refused"},
        caretaker=READS,
    ),
    "public.campaign_versions": Table(
        select="viewer",
        insert="editor",
        inserts="campaign_id definition published_by version workspace_id",
        pipeline=READS,
        caretaker=READS,
        author="published_by",
    ),
    "public.intents": Table(
        select="viewer",
        insert="editor",
        update="editor",
        delete="editor",
        inserts="account_id description examples id name workspace_id",
        updates="description examples name",
        pipeline=READS,
    ),
    "public.intent_labels": Table(
        select="viewer",
        insert="editor",
        update="editor",
        delete="editor",
        inserts="account_id answered event_id id intent labelled_by person_id text workspace_id",
        updates="intent labelled_at labelled_by",
        author="labelled_by",
    ),
    "public.contacts": Table(select="viewer", hidden="recordings", pipeline=KEEPS),
    "public.events": Table(select="viewer", pipeline=KEEPS, caretaker=READS),
    "public.deliveries": Table(
        select="viewer",
        hidden="lease_owner lease_until moved_by",
        pipeline=KEEPS,
        sample="state = 'ready'",
    ),
    "public.delivery_transitions": Table(select="viewer"),
    "public.delivery_looks": Table(select="viewer", pipeline={"insert": "both"}),
    "public.delivery_forecasts": Table(select="viewer", hidden="claimed_until", pipeline=KEEPS),
    "public.alerts": Table(select="viewer", hidden="over_after", pipeline=KEEPS, caretaker=KEEPS),
    "public.rule_books": Table(select="viewer", pipeline=ADDS),
    "public.posts": Table(select="viewer", pipeline=ADDS),
    "public.post_coverage": Table(select="viewer", caretaker=KEEPS),
    "public.link_clicks": Table(select="viewer"),
    "public.funnel_days": Table(select="viewer"),
    "public.funnel_counts": Table(select="viewer"),
    "private.funnel_changes": Table(select="viewer", hidden="made_at number"),
    "public.exports": Table(
        select="admin",
        insert="admin",
        hidden="kept_for lease_owner lease_until swept_at",
        inserts="account_id asked_by id kind person_id workspace_id",
        author="asked_by",
    ),
    "private.instagram_credentials": Table(tenant="account_id", pipeline=READS, caretaker=CARES),
    "private.webhook_secrets": Table(tenant="account_id", pipeline=READS, caretaker=READS),
    "private.attachments": Table(tenant="account_id", pipeline=KEEPS),
    "private.comment_readings": Table(tenant="account_id", caretaker=CARES),
    "private.jobs": Table(select="admin", hidden="lease_owner", caretaker=CARES),
    "private.login_states": Table(
        insert="admin",
        inserts="account_id expires_at state_hash user_id workspace_id",
        author="user_id",
        by_users=("insert",),
    ),
    # Everybody's own, whatever they are.
    "private.idempotency_keys": Table(
        select="viewer",
        insert="viewer",
        update="viewer",
        delete="viewer",
        inserts="body caller_id expires_at headers key request_hash status",
        updates="body headers status",
        tenant="caller_id",
        author="caller_id",
        sample="expires_at <= now()",
    ),
    "private.deletion_requests": Table(tenant=None, caretaker=KEEPS),
    "private.known_events": Table(tenant=None, pipeline=ADDS, caretaker=READS),
    # Whoever owns the schema says who is one: nobody who comes by the API.
    "private.operators": Table(tenant=None),
    "private.removed_workspaces": Table(tenant=None),
    "private.letter_deeds": Table(tenant=None),
    "private.event_archives": Table(tenant=None, caretaker=KEEPS),
    "private.forgotten": Table(tenant=None, pipeline=READS),
    "private.delivery_archives": Table(tenant=None, caretaker=KEEPS),
    "private.event_memory": Table(tenant=None, pipeline=READS),
}
