"""A workspace is taken away and brought elsewhere, and is then what it was."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from switchboard.contracts import WorkspaceId
from switchboard.db import alerts, credentials, deliveries, labels
from switchboard.db.labels import Label
from switchboard.db.pool import Database
from switchboard.db.portable import STAYS, TRAVEL, Owned, Table, lines
from switchboard.exporting import (
    Arrived,
    CannotArrive,
    CannotLeave,
    Manifest,
    bring,
    open_source,
    open_target,
    take,
)
from switchboard.rules.states import OPEN
from tests.integration.cli.past import Past

TOKEN = "IGQVJ-a-token-that-must-not-leave"


async def fill(past: Past) -> None:
    """Give the workspace a row in every table that travels, and tokens, which do not."""
    db = past.db
    await past.play(120, datetime.now(UTC) - timedelta(hours=3))
    rows = await db.fetch("select id from public.deliveries where state = 'ready' order by id")
    for number, row in enumerate(rows[:3]):
        assert await deliveries.claim(db, row["id"], owner="test", lease_s=60)
        if number < 2:
            await deliveries.record_sent(db, row["id"], owner="test", message_id=f"mid.{number}")
    await db.execute(_LOOK, past.workspace)
    await db.execute(_CLICK, past.workspace)
    await db.execute(_COVERAGE, past.workspace)
    for statement in _NUMBERS:
        await db.execute(statement, past.workspace)
    await labels.keep(db, past.account, past.workspace, [Label(text="how much?", intent="price")])
    await alerts.raise_alert(db, past.account, "our_bug", detail={"reason": "ünknown"})
    vault = credentials.Vault({"k": b"0" * 32})
    await credentials.store(db, past.account, vault.seal(TOKEN, past.account), None)
    sealed = vault.seal(TOKEN, past.account, "webhook")
    await credentials.store_webhook_secret(db, past.account, sealed)


async def leave(db: Database, workspace: WorkspaceId, path: Path) -> Manifest:
    """Take the workspace away, to `path`."""
    with open_target(path) as files:
        return await take(db, workspace, files)


async def arrive(
    db: Database, path: Path, *, owner: str | None = None, keep_owed: bool = False
) -> Arrived:
    """Bring what is at `path`."""
    with open_source(path) as files:
        return await bring(db, files, owner=owner, keep_owed=keep_owed)


def contents(path: Path) -> dict[str, bytes]:
    """Return what is in a folder, by the files' names."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


async def test_the_same_bytes(past: Past, there: Database, tmp_path: Path) -> None:
    """Taken away, brought to an empty installation and taken away again: nothing is otherwise."""
    await fill(past)

    first = await leave(past.db, past.workspace, tmp_path / "first")
    arrived = await arrive(there, tmp_path / "first", keep_owed=True)
    await leave(there, past.workspace, tmp_path / "second")

    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert (first, 0) == (arrived.manifest, arrived.called_off)
    assert [] == [one.name for one in first.files if one.rows == 0]


async def test_a_zip_is_the_same_each_time(past: Past, there: Database, tmp_path: Path) -> None:
    """A .zip has the same files as a folder, and two of the same rows are the same bytes."""
    await fill(past)

    await leave(past.db, past.workspace, tmp_path / "one.zip")
    await leave(past.db, past.workspace, tmp_path / "folder")
    await arrive(there, tmp_path / "one.zip", keep_owed=True)
    await leave(there, past.workspace, tmp_path / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert contents(tmp_path / "folder") == inside


async def test_no_secret_leaves(past: Past, tmp_path: Path) -> None:
    """Nothing that opens an account is in any file, sealed or not."""
    await fill(past)
    rows = await past.db.fetch(
        "select encode(ciphertext, 'hex') as sealed from private.instagram_credentials"
        " union all select encode(ciphertext, 'hex') from private.webhook_secrets"
    )

    await leave(past.db, past.workspace, tmp_path / "out")

    everything = b"".join(contents(tmp_path / "out").values())
    assert 2 == len(rows)
    assert TOKEN.encode() not in everything
    assert [] == [row["sealed"] for row in rows if row["sealed"].encode() in everything]


async def test_accounts_arrive_disconnected(past: Past, there: Database, tmp_path: Path) -> None:
    """Tokens don't travel, so nothing is sent before the account is connected here."""
    await fill(past)
    await past.db.execute(
        "update public.instagram_accounts"
        " set holds = 1, hold_reason = 'policy_block', held_until = now() + interval '1 hour'"
    )

    await leave(past.db, past.workspace, tmp_path / "out")
    await arrive(there, tmp_path / "out")

    rows = await there.fetch("select id, status, held_until from public.instagram_accounts")
    assert [(past.account, "disconnected", None)] == [
        (row["id"], row["status"], row["held_until"]) for row in rows
    ]


async def test_what_is_owed_is_called_off(past: Past, there: Database, tmp_path: Path) -> None:
    """Both installations might send it: here it is called off, unless it is said to be safe."""
    await fill(past)
    row = await past.db.fetchrow(
        "select count(*)::int as owed from public.deliveries where state = any ($1)", sorted(OPEN)
    )
    assert row is not None

    await leave(past.db, past.workspace, tmp_path / "out")
    arrived = await arrive(there, tmp_path / "out")

    assert row["owed"] == arrived.called_off > 0
    left = await there.fetch(
        "select distinct state from public.deliveries where state = any ($1)", sorted(OPEN)
    )
    assert [] == [one["state"] for one in left]


async def test_it_goes_on_there(past: Past, there: Database, tmp_path: Path) -> None:
    """Rules are numbered on from where they were, and a campaign can be published again."""
    await fill(past)
    await leave(past.db, past.workspace, tmp_path / "out")
    await arrive(there, tmp_path / "out")

    await there.execute("update public.instagram_accounts set status = 'connected'")

    row = await there.fetchrow(
        "select (select rules_version from public.instagram_accounts)"
        " > (select max(version) from public.rule_books) as later"
    )
    assert row is not None
    assert row["later"]


async def test_an_owner(past: Past, there: Database, tmp_path: Path) -> None:
    """Users belong to each installation's login; whoever is named owns it here."""
    user = uuid4()
    await there.execute("insert into auth.users (id, email) values ($1, 'o@shop.example')", user)
    await leave(past.db, past.workspace, tmp_path / "out")

    with pytest.raises(CannotArrive, match=r"there is no user 'nobody@shop\.example'"):
        await arrive(there, tmp_path / "out", owner="nobody@shop.example")
    await arrive(there, tmp_path / "out", owner="O@shop.example")

    rows = await there.fetch("select workspace_id, user_id, role from public.memberships")
    assert [(past.workspace, user, "owner")] == [
        (row["workspace_id"], row["user_id"], row["role"]) for row in rows
    ]


class TestRefused:
    async def test_what_is_here_already(self, past: Past, tmp_path: Path) -> None:
        """Nothing is mixed: the workspace, or an account of it, is named, and nothing written."""
        await leave(past.db, past.workspace, tmp_path / "out")

        with pytest.raises(CannotArrive, match=rf"already here: workspace {past.workspace}"):
            await arrive(past.db, tmp_path / "out")

    async def test_an_event_that_is_here(self, past: Past, there: Database, tmp_path: Path) -> None:
        """The same happening was recorded here, for another tenant: all of it is refused."""
        await past.play(40)
        await leave(past.db, past.workspace, tmp_path / "out")
        await there.execute(
            """
            insert into public.events (event_id, instagram_id, kind, identity, occurred_at,
                                       received_at, outcome, decision, event, trace_id)
            values ($1, '1', 'message.v1', 'm', now(), now(), 'ignored', '{}', '{}', 't')
            """,
            past.decided[0].event.event_id,
        )

        with pytest.raises(CannotArrive, match=r"events.jsonl: something of it is here already"):
            await arrive(there, tmp_path / "out")

        assert [] == await there.fetch("select from public.workspaces")

    async def test_a_file_that_was_changed(
        self, past: Past, there: Database, tmp_path: Path
    ) -> None:
        """What is not what was written is not read."""
        await leave(past.db, past.workspace, tmp_path / "out")
        file = tmp_path / "out" / "accounts.jsonl"
        file.write_bytes(file.read_bytes().replace(b'"username": "shop"', b'"username": "mine"'))

        with pytest.raises(CannotArrive, match=r"accounts.jsonl was changed"):
            await arrive(there, tmp_path / "out")

    async def test_a_file_that_is_missing(
        self, past: Past, there: Database, tmp_path: Path
    ) -> None:
        """Half an export is none."""
        await leave(past.db, past.workspace, tmp_path / "out")
        (tmp_path / "out" / "events.jsonl").unlink()

        with pytest.raises(CannotArrive, match=r"events.jsonl is missing"):
            await arrive(there, tmp_path / "out")

    async def test_no_export(self, there: Database, tmp_path: Path) -> None:
        """A folder of something else is told of."""
        with pytest.raises(CannotArrive, match="this is no export"):
            await arrive(there, tmp_path)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"version": 2}, "version"),
            ({"format": "switchboard.events"}, "no whole workspace"),
            ({"migration": "99999999999999"}, "later release"),
            ({"files": [{"name": "../x", "rows": 1, "sha256": ""}]}, "'../x' is nothing"),
        ],
    )
    async def test_another_manifest(
        self, past: Past, there: Database, tmp_path: Path, change: dict[str, object], told: str
    ) -> None:
        """Another format, a later release, and files beside the export are refused."""
        await leave(past.db, past.workspace, tmp_path / "out")
        file = tmp_path / "out" / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | change))

        with pytest.raises(CannotArrive, match=told):
            await arrive(there, tmp_path / "out")

    async def test_a_column_nobody_knows(self, past: Past, there: Database, tmp_path: Path) -> None:
        """An export of a release that stored something else says what."""
        await there.execute("alter table public.intents drop column description cascade")
        await leave(past.db, past.workspace, tmp_path / "out")

        with pytest.raises(CannotArrive, match=r"public.intents has no description"):
            await arrive(there, tmp_path / "out")

    async def test_a_workspace_nobody_has(self, here: Database, tmp_path: Path) -> None:
        """There is nothing to take away."""
        with pytest.raises(CannotLeave, match="there is no workspace"):
            await leave(here, WorkspaceId(uuid4()), tmp_path / "out")

    async def test_a_place_that_is_taken(self, past: Past, tmp_path: Path) -> None:
        """Nothing is written over."""
        with pytest.raises(FileExistsError):
            await leave(past.db, past.workspace, tmp_path)


async def test_every_table_travels_or_is_said_to_stay(here: Database) -> None:
    """A table that a migration adds must be in one of the lists, with why if it stays."""
    rows = await here.fetch(
        """
        select n.nspname || '.' || c.relname as name
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
           and not c.relispartition
        """
    )

    assert {row["name"] for row in rows} == {*(table.name for table in TRAVEL), *STAYS}
    assert not {table.name for table in TRAVEL} & set(STAYS)


async def test_pages(past: Past) -> None:
    """However many rows there are, no more than a page of them is in memory."""
    await past.play(30)
    events = Table(name="public.events", order="event_id")
    async with past.db.transaction() as tx:
        pages = [len(page) async for page in lines(tx, events, Owned(past.workspace), page=7)]

    assert {7} == set(pages[:-1])
    assert 0 < pages[-1] <= 7
    assert sum(pages) >= 30


_LOOK = """
insert into public.delivery_looks (delivery_id, number, workspace_id, asked, outcome, because, seen)
select id, 1, workspace_id, 'ledger', 'absent', 'another', 0
  from public.deliveries where workspace_id = $1 order by id limit 1
"""

_COVERAGE = """
insert into public.post_coverage (account_id, media_id, workspace_id, told)
select id, '18000000000000009', workspace_id, 7
  from public.instagram_accounts where workspace_id = $1
"""

_NUMBERS = (
    """
    insert into public.funnel_days (account_id, begins_at, ends_at, day, workspace_id, counted_at,
                                    gone_at)
    select id, '2026-01-01Z', '2026-01-02Z', '2026-01-01', workspace_id, '2026-02-01Z',
           '2026-02-02Z'
      from public.instagram_accounts where workspace_id = $1
    """,
    """
    insert into public.funnel_counts (account_id, begins_at, workspace_id, came, matched, sent,
                                      tapped, clicked, late, waiting, lost)
    select id, '2026-01-01Z', workspace_id, 5, 4, 3, 2, 1, 1, 1, 0
      from public.instagram_accounts where workspace_id = $1
    """,
)

_CLICK = """
insert into public.link_clicks (event_id, workspace_id, account_id, delivery_id, campaign_id,
                                campaign_version, step, url, clicked_at)
select event_id, workspace_id, account_id, id, campaign_id, campaign_version, step,
       'https://shop.example/', created_at
  from public.deliveries where workspace_id = $1 order by id limit 1
"""
