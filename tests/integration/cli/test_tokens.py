"""`switchboard tokens rotate`: a new key, from the first token to the last."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path

import pytest

from switchboard.db import credentials, standing
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import Shop, now, open_shop

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))


def written(name: str, key: bytes) -> str:
    """Return a key as TOKEN_KEYS has it."""
    return f"{name}:{base64.b64encode(key).decode()}"


async def shop_with_secrets(owner: Database, vault: Vault) -> Shop:
    """Return a shop with a token and a secret for webhooks."""
    shop = await open_shop(owner)
    await credentials.store(owner, shop.account, vault.seal("token", shop.account), now())
    secret = vault.seal("whsec", shop.account, "webhook")
    await credentials.store_webhook_secret(owner, shop.account, secret)
    return shop


async def test_all_are_sealed_again(
    owner: Database, switchboard: Switchboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each opens to what it was, with the new key alone; nothing else about it has changed."""
    shops = [await shop_with_secrets(owner, Vault({"old": OLD})) for _ in range(2)]
    before = await times(owner)
    keys = tmp_path / "keys"
    keys.write_text(f"{written('new', NEW)}\n{written('old', OLD)}\n")
    monkeypatch.setenv("TOKEN_KEYS_FILE", str(keys))
    ended = await switchboard("tokens", "rotate")
    again = await switchboard("tokens", "rotate", "--json")

    new = Vault({"new": NEW})
    for shop in shops:
        token = await standing.credential(owner, shop.account)
        secret = await credentials.webhook_secret(owner, shop.account)
        assert token is not None
        assert secret is not None
        assert "token" == new.open(token, shop.account)
        assert "whsec" == new.open(secret, shop.account, "webhook")
    assert before == await times(owner)
    assert (0, "4 sealed again with new.\n") == (ended.code, ended.out)
    assert {"key": "new", "sealed_again": 0, "do_not_open": []} == json.loads(again.out)


async def times(owner: Database) -> list[tuple[datetime, datetime]]:
    """Return when each token was issued, and when it ends."""
    rows = await owner.fetch(
        "select issued_at, expires_at from private.instagram_credentials order by account_id"
    )
    return [(row["issued_at"], row["expires_at"]) for row in rows]


async def test_what_does_not_open(
    owner: Database, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose key is lost stays as it is and is named; the others are done."""
    lost = await shop_with_secrets(owner, Vault({"lost": OTHER}))
    kept = await shop_with_secrets(owner, Vault({"old": OLD}))
    monkeypatch.setenv("TOKEN_KEYS", f"{written('new', NEW)},{written('old', OLD)}")
    ended = await switchboard("tokens", "rotate")

    token = await standing.credential(owner, kept.account)
    assert token is not None
    assert "token" == Vault({"new": NEW}).open(token, kept.account)
    assert (1, "2 sealed again with new.\n") == (ended.code, ended.out)
    assert f"the webhook of account {lost.account} opens with none" in ended.err


async def test_without_keys(switchboard: Switchboard) -> None:
    """One line says which setting is missing."""
    ended = await switchboard("tokens", "rotate")

    assert (2, 1) == (ended.code, ended.err.count("\n"))
    assert "one of TOKEN_KEYS, TOKEN_KEYS_FILE and TOKEN_KEYS_KMS is needed" in ended.err
