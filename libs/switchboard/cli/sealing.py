"""`tokens`: new keys, and everything that is sealed, sealed again with the first of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import typer

from switchboard import wrapping
from switchboard.cli import telling
from switchboard.cli.database import environment, open_database
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.cli.progress import counting
from switchboard.db import credentials, examining
from switchboard.db.credentials import CannotOpen, Purpose, Vault
from switchboard.db.pool import Queryable
from switchboard.settings import AwsSettings, VaultSettings
from switchboard.wrapping import CannotUnwrap, unwrapped

_PAGE: Final = 500


@dataclass(slots=True)
class Rotated:
    """How many were sealed again, and which do not open."""

    many: int = 0
    closed: list[tuple[UUID, Purpose]] = field(default_factory=list)


async def rotate(*, as_json: bool) -> int:
    """Seal everything with the first key; 1 if something does not open."""
    keys = (await opened(environment(VaultSettings))).vault_keys()
    first = next(iter(keys))
    async with open_database() as db:
        rotated = await _all(db, Vault(keys), first)
    if as_json:
        closed = [{"account": account, "what": what} for account, what in rotated.closed]
        telling.as_json({"key": first, "sealed_again": rotated.many, "do_not_open": closed})
    else:
        typer.echo(f"{rotated.many:,} sealed again with {first}.")
        for account, what in rotated.closed:
            sys.stderr.write(f"the {what} of account {account} opens with none of the keys\n")
    return EXIT_FOUND if rotated.closed else 0


async def opened(settings: VaultSettings) -> VaultSettings:
    """
    Return `settings` with the keys that KMS had wrapped.

    Raises:
        CannotDo: KMS does not give one.
    """
    try:
        return await unwrapped(settings)
    except CannotUnwrap as failure:
        raise CannotDo(str(failure)) from None


async def new_key(name: str, *, kms_key: str, as_json: bool) -> int:
    """Print a new key, as TOKEN_KEYS_KMS has it."""
    try:
        made = await wrapping.new_key(environment(AwsSettings), name, kms_key=kms_key)
    except CannotUnwrap as failure:
        raise CannotDo(str(failure)) from None
    telling.done({"name": name, "token_keys_kms": made}, made, as_json=as_json)
    return 0


async def _all(db: Queryable, vault: Vault, first: str) -> Rotated:
    """
    Seal one after the other again.

    One that a service replaces meanwhile was sealed by that service, and is come to again only if
    that one does not have the new key as its first.
    """
    rotated, after = Rotated(), None
    sealed_with = await examining.sealed_with(db)
    total = sum(many for name, many in sealed_with.items() if name != first)
    with counting("sealed again", total) as count:
        while page := await credentials.sealed_otherwise(db, first, after=after, limit=_PAGE):
            for account, purpose, used in page:
                after = (account, purpose)
                try:
                    by = vault.seal(vault.open(used, account, purpose), account, purpose)
                except CannotOpen:
                    rotated.closed.append((account, purpose))
                    continue
                rotated.many += await credentials.reseal(db, account, purpose, used=used, by=by)
                count()
    return rotated
