"""`events`: what happened last, with the ids that `explain` takes."""

from __future__ import annotations

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import reading
from switchboard.db.pool import Row

_MAX_SHOWN = 40  # characters of what somebody wrote


async def events(account: str, *, last: int, as_json: bool) -> int:
    """Print an account's latest events, the newest last."""
    async with reading() as db:
        of = await accounts.account(db, account)
        rows = list(reversed(await db.fetch(_LATEST, of.id, last)))
    if as_json:
        telling.as_json([{name: row[name] for name in _COLUMNS} for row in rows])
    elif not rows:
        typer.echo("Nothing has happened to the account yet.")
    else:
        head = ("came", "what", "outcome", "because", "event", "text")
        telling.columns([head, *map(_row, rows)])
    return 0


def _row(row: Row) -> tuple[str, ...]:
    text = str(row["text"] or "")
    shown = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
    what = str(row["kind"]).split(".")[0]
    return (
        f"{row['received_at']:%Y-%m-%d %H:%M:%S}",
        what,
        str(row["outcome"]),
        str(row["because"]),
        str(row["event_id"]),
        shown,
    )


_COLUMNS = ("event_id", "received_at", "kind", "person_id", "outcome", "because", "text")
_LATEST = """
select event_id, received_at, kind, person_id, outcome, decision ->> 'because' as because,
       event ->> 'text' as text
  from public.events
 where account_id = $1
 order by received_at desc, event_id desc
 limit $2
"""
