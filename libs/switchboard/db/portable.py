"""
A workspace's rows as lines of JSON, and lines of JSON as rows: what leaves an installation.

A line is the row as PostgreSQL itself writes it, with times in UTC, without the columns that do not
travel. So every column that a later migration adds travels too, unless it is named here; and a
table that is in neither list below fails a test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic_core import from_json

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable, Row

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    A table whose rows travel, in the order of `order`.

    `stays` are columns that do not: what only this installation knows. `arrives` is what they are
    then, in SQL, where their default would not do. `whose` is the column with the workspace's id.
    """

    name: str
    order: str
    stays: frozenset[str] = frozenset()
    arrives: Mapping[str, str] | None = None
    whose: str = "workspace_id"


# That it is to be deleted where it comes from is no reason to delete it where it goes.
WORKSPACES: Final = Table(
    name="public.workspaces",
    order="id",
    stays=frozenset({"deletion_asked_at", "deletion_asked_by", "deletion_due_at"}),
    whose="id",
)
# Without its token an account sends nothing, and what Meta thought of it is another app's matter.
ACCOUNTS: Final = Table(
    name="public.instagram_accounts",
    order="id",
    stays=frozenset(
        {"status", "held_until", "hold_reason", "holds", "probe_id", "probe_until", "proved_at"}
    ),
    arrives={"status": "'disconnected'"},
)
CAMPAIGNS: Final = Table(name="public.campaigns", order="id")
VERSIONS: Final = Table(name="public.campaign_versions", order="campaign_id, version")
EVENTS: Final = Table(name="public.events", order="received_at, event_id")
DELIVERIES: Final = Table(name="public.deliveries", order="created_at, id")
# In the order in which they can arrive: what is referred to goes first.
OTHERS: Final[Mapping[str, Table]] = {
    "intents.jsonl": Table(name="public.intents", order="account_id, name"),
    "labels.jsonl": Table(name="public.intent_labels", order="labelled_at, id"),
    "posts.jsonl": Table(name="public.posts", order="account_id, media_id"),
    "coverage.jsonl": Table(name="public.post_coverage", order="account_id, media_id"),
    "rule_books.jsonl": Table(name="public.rule_books", order="account_id, version"),
    "contacts.jsonl": Table(name="public.contacts", order="account_id, person_id"),
    "events.jsonl": EVENTS,
    "deliveries.jsonl": DELIVERIES,
    "delivery_transitions.jsonl": Table(
        name="public.delivery_transitions", order="delivery_id, number"
    ),
    "delivery_looks.jsonl": Table(name="public.delivery_looks", order="delivery_id, number"),
    "clicks.jsonl": Table(name="public.link_clicks", order="clicked_at, event_id"),
    # What came with its events is counted anew; a day whose events are gone is what it was.
    "funnel_days.jsonl": Table(
        name="public.funnel_days",
        order="account_id, begins_at",
        stays=frozenset({"counted_at"}),
        arrives={"counted_at": "one.gone_at"},
    ),
    "funnel_counts.jsonl": Table(
        name="public.funnel_counts", order="account_id, begins_at, campaign_id"
    ),
    "alerts.jsonl": Table(name="public.alerts", order="raised_at, id"),
    # Its numbers are the installation's; the order of the lines is the log's.
    "audit.jsonl": Table(name="public.audit_log", order="id", stays=frozenset({"id"})),
}
TRAVEL: Final = (WORKSPACES, ACCOUNTS, CAMPAIGNS, VERSIONS, *OTHERS.values())

# What stays, and why.
STAYS: Final[Mapping[str, str]] = {
    "public.memberships": "users belong to the installation's login; --owner names the first",
    "public.invitations": "as memberships",
    "public.api_keys": "secrets: programs are given new ones",
    "public.exports": "where this installation keeps its files",
    "public.delivery_forecasts": "reckoned anew within a minute",
    "private.instagram_credentials": "secrets: accounts are connected again",
    "private.webhook_secrets": "secrets: `switchboard webhook-secret` makes new ones",
    "private.attachments": "ids of uploads that are the app's own; files are uploaded again",
    "private.comment_readings": "readings at Instagram that are under way here",
    "private.jobs": "what this installation does again and again",
    "private.login_states": "logins at Instagram that are under way here",
    "private.idempotency_keys": "answers to requests, kept for a day",
    "private.deletion_requests": "whom Meta asked this installation to forget",
    "private.known_events": "made again of the events that arrive",
    "private.delivery_archives": "where this installation keeps its files",
    "private.event_memory": "what this installation has forgotten",
    "private.funnel_changes": "days whose events arrive are counted anew",
    "private.event_archives": "where this installation keeps its files",
    "private.forgotten": "what is still on its way to this installation is nobody's elsewhere",
    "private.letter_deeds": "what became of this installation's dead letters",
    "private.operators": "who runs this installation",
    "private.removed_workspaces": "what was deleted here",
}


class Source(Protocol):
    """Whose rows are read, and by what right."""

    async def open(self, tx: Queryable, table: Table) -> None:
        """Open the cursor `travelling`: the rows of `table` as `line`, in order."""
        ...

    async def migration(self, tx: Queryable) -> str:
        """Return the version of the last migration that they have been through."""
        ...


@dataclass(frozen=True, slots=True)
class Owned:
    """A workspace's rows, for the role that owns the schema."""

    workspace: WorkspaceId

    async def open(self, tx: Queryable, table: Table) -> None:
        """Open the cursor `travelling` on the workspace's rows."""
        # A cursor takes no parameters here; a UUID is hexadecimal digits, whatever was given.
        stays = ",".join(sorted(table.stays))
        await tx.execute(
            "declare travelling no scroll cursor for"  # noqa: S608  names of ours, and a UUID
            f" select (to_jsonb(one) - '{{{stays}}}'::text[])::text as line"
            f"   from {table.name} one"
            f"  where {table.whose} = '{UUID(str(self.workspace))}'"
            f"  order by {table.order}"
        )

    async def migration(self, tx: Queryable) -> str:
        """Return the version of the last migration that was applied."""
        return await last_migration(tx)


class UnknownColumn(Exception):  # noqa: N818  it says what is wrong with a file
    """A line has a column that this release's table has not."""


async def begin_reading(tx: Queryable) -> None:
    """Make everything that is read in this transaction one view, written in one way."""
    await tx.execute("set transaction isolation level repeatable read, read only")
    await _write_in_one_way(tx)


async def lines(
    tx: Queryable, table: Table, source: Source, *, page: int = _PAGE
) -> AsyncIterator[Sequence[str]]:
    """Yield the rows of `table`, in order, a page of lines at a time."""
    await source.open(tx, table)
    while rows := await tx.fetch(f"fetch {page} from travelling"):
        yield [row["line"] for row in rows]
    await tx.execute("close travelling")


async def begin_writing(tx: Queryable) -> None:
    """
    Prepare for rows that arrive as they were.

    What tables do by themselves, counting, numbering and writing logs, was done where the rows come
    from. So until the transaction ends, nobody else writes to these tables.
    """
    await _write_in_one_way(tx)
    for table in TRAVEL:
        await tx.execute(f"alter table {table.name} disable trigger user")
    # What arrives is known from then on; what is known already does not arrive.
    await tx.execute("alter table public.events enable trigger know_event")


async def end_writing(tx: Queryable) -> None:
    """Let tables do by themselves what they do; numbers go on from those that have arrived."""
    for table in TRAVEL:
        await tx.execute(f"alter table {table.name} enable trigger user")
    await tx.execute(_GO_ON_COUNTING)


async def insert(tx: Queryable, table: Table, arriving: Sequence[str]) -> None:
    """
    Insert rows from their lines.

    Raises:
        UnknownColumn: They are of a later release.
        QueryFailed: One is here already, or does not fit.
    """
    if not arriving:
        return
    columns = sorted(from_json(arriving[0]))
    unknown = set(columns) - await _columns(tx, table)
    if unknown:
        raise UnknownColumn(f"{table.name} has no {', '.join(sorted(unknown))}")
    quoted = [f'"{column}"' for column in columns]
    given = dict(table.arrives or {})
    into = ", ".join([*quoted, *given])
    values = ", ".join([*(f"one.{column}" for column in quoted), *given.values()])
    await tx.execute(
        f"insert into {table.name} ({into}) select {values}"  # noqa: S608
        " from unnest($1::text[]) with ordinality as line (text, number)"
        f" cross join lateral jsonb_populate_record(null::{table.name}, line.text::jsonb) one"
        " order by line.number",
        list(arriving),
    )


async def make_live(tx: Queryable, campaigns: Sequence[str]) -> None:
    """Give campaigns, which arrived as drafts, the status and version of their lines."""
    await tx.execute(_MAKE_LIVE, list(campaigns))


async def call_off_what_is_owed(tx: Queryable, workspace: WorkspaceId) -> int:
    """Cancel what the workspace owes anybody; return how many that were."""
    rows = await tx.fetch(_CALL_OFF, workspace)
    return len(rows)


async def conflicts(
    db: Queryable, workspace: WorkspaceId, accounts: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return what of a workspace is here already, in words."""
    rows = await db.fetch(_CONFLICTS, workspace, [UUID(one["id"]) for one in accounts])
    return [row["what"] for row in rows]


async def make_owner(tx: Queryable, workspace: WorkspaceId, user: str) -> bool:
    """Make the user with that id or e-mail address the workspace's owner; false: there is none."""
    return await tx.fetchrow(_MAKE_OWNER, workspace, user) is not None


async def last_migration(db: Queryable) -> str:
    """Return the version of the last migration that was applied."""
    row = await db.fetchrow(
        "select max(version) as version from supabase_migrations.schema_migrations"
    )
    return "" if row is None else str(row["version"])


async def _write_in_one_way(tx: Queryable) -> None:
    for setting, value in (
        ("timezone", "UTC"),
        ("intervalstyle", "iso_8601"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
    ):
        await tx.execute(f"set local {setting} = '{value}'")


async def _columns(tx: Queryable, table: Table) -> set[str]:
    rows: Sequence[Row] = await tx.fetch(_COLUMNS, table.name)
    return {row["attname"] for row in rows}


_COLUMNS = """
select attname from pg_attribute
 where attrelid = $1::regclass and attnum > 0 and not attisdropped
"""

_MAKE_LIVE = """
update public.campaigns campaign
   set status = one.status, live_version = one.live_version
  from unnest($1::text[]) as line (text)
 cross join lateral jsonb_populate_record(null::public.campaigns, line.text::jsonb) one
 where campaign.id = one.id
"""

_CALL_OFF = """
update public.deliveries
   set state = case state when 'sending' then 'uncertain' else 'cancelled' end,
       moved_by = 'import', reason = 'imported', lease_until = null
 where workspace_id = $1 and state in ('waiting', 'parked', 'ready', 'sending', 'uncertain')
returning id
"""

_CONFLICTS = """
select 'workspace ' || id || ' (' || name || ')' as what
  from public.workspaces where id = $1
 union all
select 'account ' || id || ' (' || username || ')'
  from public.instagram_accounts where id = any ($2::uuid[])
"""

_MAKE_OWNER = """
insert into public.memberships (workspace_id, user_id, role)
select $1, id, 'owner' from auth.users where id::text = $2 or lower(email) = lower($2)
returning user_id
"""

_GO_ON_COUNTING = """
select setval('private.rules_versions', greatest(
         (select last_value from private.rules_versions),
         (select max(rules_version) from public.instagram_accounts),
         (select max(version) from public.rule_books)))
"""
