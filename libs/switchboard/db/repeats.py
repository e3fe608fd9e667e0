"""
Requests that were answered under a key of the caller's choice.

Run inside the envelope, in the transaction that does what is asked: the key is there for others
once that has happened, and not if it has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked (`digest`, SHA-256), and what was answered."""

    digest: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


async def begin(db: Queryable, caller: UUID, key: str, digest: bytes) -> bool:
    """
    Take `key` for what is being done; false if something was answered under it.

    Waits while somebody else is about to answer under it. What is past its time is forgotten.
    """
    await db.execute(_FORGET, caller, key)
    return await db.fetchrow(_BEGIN, caller, key, digest) is not None


async def answered(db: Queryable, caller: UUID, key: str) -> Answered:
    """Return what was answered under `key`, which was taken."""
    row = await db.fetchrow(_ANSWERED, caller, key)
    assert row is not None  # nobody but its caller could have removed it, and they are here
    return Answered(row["request_hash"], row["status"], row["headers"], row["body"])


async def finish(db: Queryable, caller: UUID, key: str, given: Answered) -> None:
    """Keep what is answered under `key`."""
    await db.execute(_FINISH, caller, key, given.status, dict(given.headers), given.body)


_FORGET = """
delete from private.idempotency_keys where caller_id = $1 and key = $2 and expires_at <= now()
"""

_BEGIN = """
insert into private.idempotency_keys (caller_id, key, request_hash) values ($1, $2, $3)
on conflict (caller_id, key) do nothing
returning key
"""

_ANSWERED = """
select request_hash, status, headers, body
  from private.idempotency_keys
 where caller_id = $1 and key = $2
"""

_FINISH = """
update private.idempotency_keys
   set status = $3, headers = $4::jsonb, body = $5
 where caller_id = $1 and key = $2
"""
