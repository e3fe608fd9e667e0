"""What an earlier release had stopped is stopped after the upgrade, and told."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from switchboard.db import alerts, migrate
from switchboard.db.pool import open_pool
from tests.integration.db.town import now

MIGRATIONS = Path(__file__).parents[3] / "supabase" / "migrations"
HOLDS = "20261126000300"


async def test_accounts_of_an_earlier_release(bare_database_url: str, tmp_path: Path) -> None:
    """Held ones are on their first hold, dead ones have their alert, the others are free."""
    for path in MIGRATIONS.iterdir():
        if path.name[:14] < HOLDS:
            shutil.copy(path, tmp_path)
    await migrate.apply(bare_database_url, tmp_path)
    later = now() + timedelta(hours=1)
    held, dead, over, free = (uuid4() for _ in range(4))
    async with open_pool(bare_database_url, name="owner") as db:
        workspace = uuid4()
        await db.execute("insert into public.workspaces (id, name) values ($1, 'old')", workspace)
        for number, (account, status, until, reason) in enumerate(
            [
                (held, "connected", later, "policy_block"),
                (dead, "reconnect_needed", None, "password_changed"),
                (over, "connected", now() - timedelta(hours=1), "policy_block"),
                (free, "connected", None, None),
            ]
        ):
            await db.execute(_ACCOUNT, account, workspace, str(number + 1), status, until, reason)

        await migrate.apply(bare_database_url, MIGRATIONS)

        rows = await db.fetch(
            "select id, holds, held_until, hold_reason from public.instagram_accounts"
        )
        found: dict[UUID, Any] = {
            row["id"]: (row["holds"], row["held_until"], row["hold_reason"]) for row in rows
        }
        told = [(one.account, one.kind, one.detail) for one in await alerts.open_alerts(db)]
    free_of_holds = (0, None, None)
    assert (1, later, "policy_block") == found[held]
    assert [free_of_holds] * 3 == [found[one] for one in (dead, over, free)]
    assert [(dead, "reconnect_needed", {"reason": "password_changed"})] == told


_ACCOUNT = """
insert into public.instagram_accounts (
  id, workspace_id, instagram_id, username, status, held_until, hold_reason)
values ($1, $2, $3, 'old', $4, $5, $6)
"""
