"""
Access tokens, and what webhooks are signed with, at rest: sealed with AES-256-GCM, each bound to
its account.

The account's id is authenticated with the token, so a value copied into another account's row does
not open there. Keys have names, so that a new one can be introduced while the old one still opens
what it sealed; they come from the environment and are never in the database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from switchboard.db.pool import Queryable
from switchboard.errors import Failure

_KEY_BYTES: Final = 32  # AES-256
_NONCE_BYTES: Final = 12  # NIST SP 800-38D, 8.2: what GCM is made for


class CannotOpen(Failure):
    """A sealed token does not open: its key is not here, or it is not this account's."""

    reason: ClassVar[str] = "credential_unreadable"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A token nobody can read without the key named `key_id`."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


# What a secret is for. One that is moved to the other's place does not open there.
Purpose = Literal["token", "webhook"]


class Vault:
    """
    Seals and opens tokens.

    `keys` are 32 bytes each, by name; the first one seals, all of them open.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("a vault needs a key")
        for key_id, key in keys.items():
            if len(key) != _KEY_BYTES:
                raise ValueError(f"key {key_id!r} has {len(key)} bytes; AES-256 needs {_KEY_BYTES}")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._sealing_key = next(iter(keys))

    def seal(self, token: str, account: UUID, purpose: Purpose = "token") -> Sealed:
        """Return `token` so that it opens for `account` and `purpose` only."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._sealing_key]
        ciphertext = cipher.encrypt(nonce, token.encode(), _bound_to(account, purpose))
        return Sealed(self._sealing_key, nonce, ciphertext)

    def open(self, sealed: Sealed, account: UUID, purpose: Purpose = "token") -> str:
        """
        Return what was sealed for `account` and `purpose`.

        Raises:
            CannotOpen: There is no such key here, or the value was changed or is another account's.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            known = ", ".join(map(repr, self._ciphers))
            raise CannotOpen(
                f"the token of account {account} is sealed with key {sealed.key_id!r}; "
                f"known are {known}"
            )
        try:
            bound_to = _bound_to(account, purpose)
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, bound_to).decode()
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(
                f"the token of account {account} does not open: it was changed, sealed for another "
                f"account, or key {sealed.key_id!r} is not the one it was sealed with"
            ) from error


def _bound_to(account: UUID, purpose: Purpose) -> bytes:
    """Return what is authenticated with a secret; tokens, which came first, name no purpose."""
    return account.bytes if purpose == "token" else account.bytes + purpose.encode()


async def store(db: Queryable, account: UUID, sealed: Sealed, expires_at: datetime | None) -> None:
    """Keep `sealed` as the token of `account`, in place of the one before."""
    await db.execute(_STORE, account, sealed.key_id, sealed.nonce, sealed.ciphertext, expires_at)


async def store_webhook_secret(db: Queryable, account: UUID, sealed: Sealed) -> None:
    """Keep `sealed` as what calls to the addresses of `account`'s owner are signed with."""
    await db.execute(_STORE_FOR_WEBHOOKS, account, sealed.key_id, sealed.nonce, sealed.ciphertext)


async def set_webhook_secret(db: Queryable, account: UUID, sealed: Sealed) -> None:
    """
    The same for a caller, who must be an admin of the account's workspace. Inside the envelope.

    Raises:
        QueryFailed: They are not.
    """
    await db.execute(_SET_FOR_WEBHOOKS, account, sealed.key_id, sealed.nonce, sealed.ciphertext)


async def webhook_secret(db: Queryable, account: UUID) -> Sealed | None:
    """Return what calls for `account` are signed with, if that was ever stored."""
    row = await db.fetchrow(_FOR_WEBHOOKS, account)
    return None if row is None else Sealed(row["key_id"], row["nonce"], row["ciphertext"])


async def sealed_otherwise(
    db: Queryable, key_id: str, *, after: tuple[UUID, Purpose] | None, limit: int
) -> Sequence[tuple[UUID, Purpose, Sealed]]:
    """
    Return what is sealed with another key than that one, by account and purpose, beyond `after`.

    For the role that owns the schema.
    """
    account, purpose = after or (None, None)
    rows = await db.fetch(_OTHERWISE, key_id, account, purpose, limit)
    return [
        (row["account_id"], row["purpose"], Sealed(row["key_id"], row["nonce"], row["ciphertext"]))
        for row in rows
    ]


async def reseal(
    db: Queryable, account: UUID, purpose: Purpose, *, used: Sealed, by: Sealed
) -> bool:
    """
    Keep `by`, which opens to the same, in place of `used`; false if another is kept by now.

    When a token was issued and when it ends stays as it is.
    """
    arguments = (account, used.nonce, by.key_id, by.nonce, by.ciphertext)
    return await db.fetchrow(_RESEAL[purpose], *arguments) is not None


_STORE = """
insert into private.instagram_credentials as stored (
  account_id, key_id, nonce, ciphertext, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (account_id) do update
   set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
       expires_at = excluded.expires_at, issued_at = now()
"""

_STORE_FOR_WEBHOOKS = """
insert into private.webhook_secrets as stored (account_id, key_id, nonce, ciphertext)
values ($1, $2, $3, $4)
on conflict (account_id) do update
   set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
       created_at = now()
"""

_SET_FOR_WEBHOOKS = "select private.set_webhook_secret($1, $2, $3, $4)"

_FOR_WEBHOOKS = """
select key_id, nonce, ciphertext from private.webhook_secrets where account_id = $1
"""

_OTHERWISE = """
select account_id, purpose, key_id, nonce, ciphertext
  from (select account_id, 'token' as purpose, key_id, nonce, ciphertext
          from private.instagram_credentials
        union all
        select account_id, 'webhook', key_id, nonce, ciphertext
          from private.webhook_secrets) sealed
 where key_id <> $1 and ($2::uuid is null or (account_id, purpose) > ($2, $3::text))
 order by account_id, purpose
 limit $4
"""

_RESEAL_IN = """
update {table}
   set key_id = $3, nonce = $4, ciphertext = $5
 where account_id = $1 and nonce = $2
returning account_id
"""
_RESEAL: Final[Mapping[Purpose, str]] = {
    "token": _RESEAL_IN.format(table="private.instagram_credentials"),
    "webhook": _RESEAL_IN.format(table="private.webhook_secrets"),
}
