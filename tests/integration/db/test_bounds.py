"""Each table says what bounds it."""

from __future__ import annotations

import re
from pathlib import Path

from switchboard.db.pool import Database

PAGE = Path(__file__).parents[3] / "docs" / "database.md"


def listed(page: str) -> list[str]:
    """Return the tables that the page says of what bounds them."""
    _, _, after = page.partition("## What grows, and what bounds it\n")
    section, _, _ = after.partition("\n## ")
    rows = re.findall(r"^\| (`(?:public|private)\..*?) \|", section, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


async def test_every_table_says_what_bounds_it(owner: Database) -> None:
    """A table that a migration adds must be on the page, once, with what bounds it."""
    rows = await owner.fetch(
        """
        select n.nspname || '.' || c.relname as name
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
           and not c.relispartition
        """
    )

    assert sorted(row["name"] for row in rows) == sorted(listed(PAGE.read_text(encoding="utf-8")))


def test_what_is_not_listed_is_noticed() -> None:
    """Only names in the first column of that section's table are taken from the page."""
    page = (
        "`public.a`\n## What grows, and what bounds it\n\n"
        "| `public.b`, `private.c` | x `public.d` |\n"
        "\n## Another\n| `public.e` | |\n"
    )

    assert ["public.b", "private.c"] == listed(page)
