"""
Files that an account sends, and the ids they have at Meta once they are uploaded.

A file is its kind and its address. What is at an address may be replaced, so an id counts for a
while only (`fresh`), and then the file is uploaded again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from switchboard.contracts import AttachmentId
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was sent before: its id at Meta, or whether it may be uploaded now."""

    attachment_id: AttachmentId | None
    may_upload: bool


def source(kind: str, url: str) -> bytes:
    """Return the name of a file: short, and another one for another kind or address."""
    return hashlib.sha256(f"{kind} {url}".encode()).digest()


async def find(db: Queryable, account: UUID, file: bytes, *, fresh: timedelta) -> Attachment | None:
    """Return what is known of `file`; `None` if `account` has never sent it."""
    row = await db.fetchrow(_FIND, account, file, fresh)
    return None if row is None else Attachment(row["attachment_id"], row["may_upload"])


async def note(db: Queryable, account: UUID, file: bytes) -> None:
    """Remember that `account` sends `file`."""
    await db.execute(_NOTE, account, file)


async def claim(
    db: Queryable, account: UUID, file: bytes, *, fresh: timedelta, lease: timedelta
) -> bool:
    """Begin to upload `file`, unless it was uploaded, or somebody began within their `lease`."""
    return await db.fetchrow(_CLAIM, account, file, fresh, lease) is not None


async def keep(db: Queryable, account: UUID, file: bytes, attachment_id: AttachmentId) -> None:
    """Remember that Meta has `file` as `attachment_id`."""
    await db.execute(_KEEP, account, file, attachment_id)


async def put_off(db: Queryable, account: UUID, file: bytes, *, wait: timedelta) -> None:
    """Let nobody upload `file` for `wait`."""
    await db.execute(_PUT_OFF, account, file, wait)


async def forget(
    db: Queryable, account: UUID, attachment_id: AttachmentId, *, wait: timedelta
) -> None:
    """Forget an id that Meta does not know, and let nobody upload its file for `wait`."""
    await db.execute(_FORGET, account, attachment_id, wait)


_FIND = """
select case when uploaded_at > now() - $3::interval then attachment_id end as attachment_id,
       upload_after <= now() as may_upload
  from private.attachments
 where account_id = $1 and source = $2
"""

_NOTE = """
insert into private.attachments (account_id, source) values ($1, $2) on conflict do nothing
"""

_CLAIM = """
update private.attachments
   set upload_after = now() + $4::interval
 where account_id = $1 and source = $2 and upload_after <= now()
   and (attachment_id is null or uploaded_at <= now() - $3::interval)
returning source
"""

_KEEP = """
update private.attachments
   set attachment_id = $3, uploaded_at = now(), upload_after = now()
 where account_id = $1 and source = $2
"""

_PUT_OFF = """
update private.attachments
   set upload_after = now() + $3::interval
 where account_id = $1 and source = $2
"""

_FORGET = """
update private.attachments
   set attachment_id = null, uploaded_at = null, upload_after = now() + $3::interval
 where account_id = $1 and attachment_id = $2
"""
