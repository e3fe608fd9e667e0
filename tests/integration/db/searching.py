"""Looking for somebody in every column of every table."""

from __future__ import annotations

from switchboard.db.pool import Database


async def found(db: Database, needle: str) -> list[str]:
    """Return the columns in which `needle` is, `schema.table.column`."""
    there = []
    for table in await db.fetch(_TABLES):
        parts = ", ".join(f"bool_or({part})" for part in table["parts"])
        row = await db.fetchrow(f"select array[{parts}] as there from {table['name']}", needle)
        assert row is not None  # an aggregate has one row
        named = zip(table["columns"], row["there"], strict=True)
        there += [f"{table['name']}.{column}" for column, is_there in named if is_there]
    return there


# Every column of every table of ours, whatever its type, as text; bytes as what they may spell.
_TABLES = """
select format('%I.%I', n.nspname, c.relname) as name,
       array_agg(a.attname::text order by a.attnum) as columns,
       array_agg(format(case when a.atttypid = 'bytea'::regtype
                             then 'position($1 in encode(%I, ''escape'')) > 0'
                             else 'position($1 in %I::text) > 0' end, a.attname)
                 order by a.attnum) as parts
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
 group by 1
 order by 1
"""
