"""People, where they are logged in, and what they go on with: the tables of Supabase Auth."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from dev.auth.passwords import fits, seal
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Queryable, Row

# Supabase Auth's: whoever refreshes twice at once, in two tabs, is given the same token.
REUSE: Final = timedelta(seconds=10)
_OURS: Final = "switchboard:"

User = Mapping[str, Any]
Scope = Literal["global", "local", "others"]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in, and the token they go on with."""

    id: UUID
    user: User
    refresh_token: str


class Users:
    """The people in the database `db`, which must have `dev/platform.sql`'s tables."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def sign_up(self, email: str, password: str, data: Mapping[str, Any]) -> Session | None:
        """Make a user, logged in; `None` if there is one of that address."""
        async with self._db.transaction() as tx:
            row = await tx.fetchrow(_SIGN_UP, email, seal(password), dict(data))
            return None if row is None else await _begin(tx, row)

    async def log_in(self, email: str, password: str) -> Session | None:
        """Log a user in; `None` if there is none with that address and password."""
        row = await self._db.fetchrow(_BY_EMAIL, email)
        if row is None or not fits(password, row["encrypted_password"]):
            return None
        async with self._db.transaction() as tx:
            return await _begin(tx, row)

    async def go_on(self, refresh_token: str) -> Session | Literal["unknown", "used"]:
        """Go on with a session: its token is used up, and another takes its place."""
        async with self._db.transaction() as tx:
            given = await tx.fetchrow(_LOCK, refresh_token)
            if given is None:
                return "unknown"
            row = await tx.fetchrow(_BY_ID, given["user_id"])
            assert row is not None  # a token goes with its user
            if not given["revoked"]:
                await tx.execute(_USE_UP, refresh_token)
                following = await _issue(tx, given["session_id"], row["id"], refresh_token)
                return Session(given["session_id"], _user(row), following)
            child = await tx.fetchrow(_CHILD, refresh_token, REUSE)
            if child is not None:
                return Session(given["session_id"], _user(row), child["token"])
            await tx.execute("delete from auth.sessions where id = $1", given["session_id"])
            return "used"

    async def of_session(self, user: UUID, session: UUID) -> User | None:
        """Return the user, if they are still logged in there."""
        row = await self._db.fetchrow(_OF_SESSION, user, session)
        return None if row is None else _user(row)

    async def of_address(self, email: str) -> UUID | None:
        """Return whose address it is; `None`: nobody's."""
        row = await self._db.fetchrow("select id from auth.users where lower(email) = $1", email)
        return None if row is None else UUID(str(row["id"]))

    async def join(self, email: str, data: Mapping[str, Any]) -> UUID:
        """Make a user without a password; one who is there already stays as they are."""
        await self._db.execute(_JOIN, email, dict(data))
        user = await self.of_address(email)
        if user is None:
            raise QueryFailed("a user who joined is not there")
        return user

    async def let_in(self, user: UUID) -> Session:
        """Log in a user who has shown otherwise that it is they."""
        async with self._db.transaction() as tx:
            row = await tx.fetchrow(_SEEN, user)
            if row is None:
                raise QueryFailed("whoever is let in is no user")
            return await _begin(tx, row)

    async def set_password(self, user: UUID, session: UUID, password: str) -> bool:
        """Set a user's password, and end their other sessions; false if it is the one they have."""
        async with self._db.transaction() as tx:
            row = await tx.fetchrow(_BY_ID, user)
            if row is None or fits(password, row["encrypted_password"]):
                return False
            await tx.execute(_RESEAL, user, seal(password))
            await tx.execute(_LOG_OUT, user, session, "others")
            return True

    async def add_data(self, user: UUID, data: Mapping[str, Any]) -> None:
        """Add to what a user says of themselves; what is null is taken away."""
        await self._db.execute(_ADD_DATA, user, dict(data))

    async def move(self, user: UUID, email: str) -> bool:
        """Give a user another address; false if it is somebody else's by now."""
        return await self._db.fetchrow(_MOVE, user, email) is not None

    async def log_out(self, user: UUID, session: UUID, scope: Scope) -> None:
        """End this session, all others, or all."""
        await self._db.execute(_LOG_OUT, user, session, scope)


async def ensure(db: Queryable, user: UUID, email: str, password: str) -> None:
    """See that there is such a user, whose password it is."""
    await db.execute(_ENSURE, user, email, seal(password))


async def is_ours(db: Queryable) -> bool:
    """Return whether the database's `auth` is the stand-in's, and no real project's."""
    row = await db.fetchrow(_MARK)
    return row is not None and str(row["mark"] or "").startswith(_OURS)


async def _begin(tx: Queryable, row: Row) -> Session:
    began = await tx.fetchrow(_BEGIN, row["id"])
    if began is None:
        raise QueryFailed("a session could not begin")
    return Session(began["id"], _user(row), await _issue(tx, began["id"], row["id"], None))


async def _issue(tx: Queryable, session: UUID, user: UUID, parent: str | None) -> str:
    token = secrets.token_urlsafe(16)
    await tx.execute(_ISSUE, token, user, session, parent)
    return token


def _user(row: Row) -> User:
    """Return a user as Supabase Auth shows one."""
    return {
        "id": str(row["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": row["email"],
        "phone": "",
        "email_confirmed_at": _moment(row["email_confirmed_at"]),
        "confirmed_at": _moment(row["email_confirmed_at"]),
        "last_sign_in_at": _moment(row["last_sign_in_at"]),
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": row["raw_user_meta_data"] or {},
        # Clients take a user without any for one who was there before.
        "identities": [_identity(row)],
        "is_anonymous": False,
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _identity(row: Row) -> Mapping[str, Any]:
    id_, confirmed = str(row["id"]), row["email_confirmed_at"] is not None
    return {
        "identity_id": id_,
        "id": id_,
        "user_id": id_,
        "identity_data": {"sub": id_, "email": row["email"], "email_verified": confirmed},
        "provider": "email",
        "email": row["email"],
        "last_sign_in_at": _moment(row["last_sign_in_at"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_COLUMNS = """ id, email, encrypted_password, email_confirmed_at, last_sign_in_at,
          raw_user_meta_data, created_at, updated_at
"""

_SIGN_UP = (
    """
insert into auth.users (email, encrypted_password, email_confirmed_at, last_sign_in_at,
                        raw_user_meta_data)
values (lower($1), $2, now(), now(), $3::jsonb)
on conflict (lower(email)) do nothing
returning"""
    + _COLUMNS
)

_BY_EMAIL = (
    """
update auth.users set last_sign_in_at = now() where lower(email) = lower($1) returning"""
    + _COLUMNS
)

_BY_ID = "select" + _COLUMNS + "from auth.users where id = $1"

_SEEN = (
    """
update auth.users set last_sign_in_at = now() where id = $1 returning"""
    + _COLUMNS
)

_JOIN = """
insert into auth.users (email, email_confirmed_at, raw_user_meta_data)
values (lower($1), now(), $2::jsonb)
on conflict (lower(email)) do nothing
"""

_RESEAL = """
update auth.users set encrypted_password = $2, updated_at = now() where id = $1
"""

_ADD_DATA = """
update auth.users
   set raw_user_meta_data = (coalesce(raw_user_meta_data, '{}') || $2::jsonb)
         - array(select key from jsonb_each($2::jsonb) where value = 'null'),
       updated_at = now()
 where id = $1
"""

_MOVE = """
update auth.users
   set email = lower($2), email_confirmed_at = now(), updated_at = now()
 where id = $1
   and not exists (select from auth.users other where lower(other.email) = lower($2)
                                                  and other.id <> $1)
returning id
"""

_OF_SESSION = _BY_ID + " and exists (select from auth.sessions where id = $2 and user_id = $1)"

_BEGIN = "insert into auth.sessions (user_id) values ($1) returning id"

_ISSUE = """
insert into auth.refresh_tokens (token, user_id, session_id, parent) values ($1, $2, $3, $4)
"""

_LOCK = """
select user_id, session_id, revoked from auth.refresh_tokens where token = $1 for update
"""

_USE_UP = "update auth.refresh_tokens set revoked = true, updated_at = now() where token = $1"

_CHILD = """
select child.token
  from auth.refresh_tokens child
  join auth.refresh_tokens used on used.token = child.parent
 where used.token = $1 and used.updated_at > now() - $2::interval and not child.revoked
"""

_LOG_OUT = """
delete from auth.sessions
 where user_id = $1
   and case $3::text when 'local' then id = $2 when 'others' then id <> $2 else true end
"""

_ENSURE = """
insert into auth.users (id, email, encrypted_password, email_confirmed_at)
values ($1, lower($2), $3, now())
on conflict (id) do update set encrypted_password = excluded.encrypted_password
"""

_MARK = (
    "select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'auth'"
)
