"""Tokens in their table."""

from __future__ import annotations

import pytest

from switchboard.db import credentials
from switchboard.db.credentials import CannotOpen, Sealed, Vault
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, open_shop


async def _stored(db: Database, shop: Shop) -> Sealed:
    row = await db.fetchrow(
        "select key_id, nonce, ciphertext from private.instagram_credentials where account_id = $1",
        shop.account,
    )
    assert row is not None
    return Sealed(row["key_id"], row["nonce"], row["ciphertext"])


async def test_a_token_in_place_of_another(owner: Database, pipeline: Database, shop: Shop) -> None:
    """The newest token of an account is the one its sender reads, and is nowhere in the clear."""
    vault = Vault({"k1": b"1" * 32})
    for token in ("IGAAold", "IGAAnew"):
        await credentials.store(owner, shop.account, vault.seal(token, shop.account), None)

    sealed = await _stored(pipeline, shop)

    assert vault.open(sealed, shop.account) == "IGAAnew"
    assert b"IGAA" not in sealed.ciphertext


async def test_a_value_moved_to_another_row(owner: Database, shop: Shop) -> None:
    """Whoever can write the table still cannot send with another account's token."""
    vault, other = Vault({"k1": b"1" * 32}), await open_shop(owner)
    await credentials.store(owner, shop.account, vault.seal("IGAA", shop.account), None)
    await owner.execute("update private.instagram_credentials set account_id = $1", other.account)

    with pytest.raises(CannotOpen, match="sealed for another account"):
        vault.open(await _stored(owner, other), other.account)


async def test_what_webhooks_are_signed_with(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """The newest secret of an account is the one its sender reads; without one there is none."""
    vault = Vault({"k1": b"1" * 32})
    assert await credentials.webhook_secret(pipeline, shop.account) is None

    for secret in ("whsec_old", "whsec_new"):
        sealed = vault.seal(secret, shop.account, "webhook")
        await credentials.store_webhook_secret(owner, shop.account, sealed)

    stored = await credentials.webhook_secret(pipeline, shop.account)
    assert stored is not None
    assert "whsec_new" == vault.open(stored, shop.account, "webhook")
