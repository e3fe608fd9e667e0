"""`webhook-secret`: what calls to an owner's server are signed with."""

from __future__ import annotations

from switchboard.cli import accounts, telling
from switchboard.cli.database import environment, open_database
from switchboard.cli.sealing import opened
from switchboard.db import credentials
from switchboard.hooks import new_secret
from switchboard.settings import VaultSettings


async def webhook_secret(account: str, *, as_json: bool) -> int:
    """Make a secret for an account's webhooks, in place of the one before, and print it once."""
    vault = credentials.Vault((await opened(environment(VaultSettings))).vault_keys())
    secret = new_secret()
    async with open_database() as db:
        of = await accounts.account(db, account)
        sealed = vault.seal(secret, of.id, "webhook")
        await credentials.store_webhook_secret(db, of.id, sealed)
    telling.done({"account": of.id, "secret": secret}, secret, as_json=as_json)
    return 0
