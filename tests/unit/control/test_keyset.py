"""When the project's keys are fetched, and which of them are used."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from services.control.keyset import COOL_DOWN_S, KEPT_S, KeySet
from switchboard.errors import Unavailable
from tests.support.tokens import Issuer


class Auth:
    """What publishes keys: `keys`, unless it is away; and a clock."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys, self.away, self.fetched, self.now_s = list(keys), False, 0, 1_000.0

    async def fetch(self) -> bytes:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return json.dumps({"keys": self.keys}).encode()

    def key_set(self) -> KeySet:
        return KeySet(self.fetch, monotonic=lambda: self.now_s)


def key(key_id: str, **fields: Any) -> dict[str, Any]:
    """Return a key as it is published."""
    return {**Issuer(key_id=key_id).published()["keys"][0], **fields}


async def test_fetched_once() -> None:
    """Many who ask at once share one fetch, and later ones are answered from it."""
    auth = Auth(key("one"))
    keys = auth.key_set()
    found = await asyncio.gather(*(keys.find("one") for _ in range(10)))

    assert all(found)
    assert await keys.find("one") is not None
    assert 1 == auth.fetched


async def test_a_new_key_is_found() -> None:
    """A key that appeared since is fetched when a token names it."""
    auth = Auth(key("one"))
    keys = auth.key_set()
    await keys.find("one")
    auth.keys.append(key("two"))
    auth.now_s += COOL_DOWN_S

    assert await keys.find("two") is not None


async def test_made_up_keys_fetch_nothing() -> None:
    """Tokens with made-up keys cost one fetch in a while, however many there are."""
    auth = Auth(key("one"))
    keys = auth.key_set()
    for number in range(50):
        assert await keys.find(f"made up {number}") is None

    assert 1 == auth.fetched


async def test_a_revoked_key_is_forgotten() -> None:
    """What is no longer published is no longer believed, once the set was kept for its time."""
    auth = Auth(key("one"), key("two"))
    keys = auth.key_set()
    await keys.find("one")
    auth.keys.pop(0)
    auth.now_s += KEPT_S + 1

    assert await keys.find("one") is None


async def test_away_for_a_while() -> None:
    """While Auth is away its last keys are good for an hour; then nobody can say who is who."""
    auth = Auth(key("one"))
    keys = auth.key_set()
    await keys.find("one")
    auth.away = True
    auth.now_s += KEPT_S + 1

    assert await keys.find("one") is not None
    auth.now_s += 3_600
    with pytest.raises(Unavailable):
        await keys.find("one")


async def test_away_from_the_beginning() -> None:
    """Nobody is refused as a stranger because we do not know the keys yet."""
    auth = Auth(key("one"))
    auth.away = True
    keys = auth.key_set()
    with pytest.raises(Unavailable):
        await keys.find("one")
    auth.away, auth.now_s = False, auth.now_s + COOL_DOWN_S

    assert await keys.find("one") is not None


@pytest.mark.parametrize(
    "unusable",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one", "alg": "HS256"},
        key("one", alg="HS256"),
        key("one", crv="P-384"),
        key("one", x="AA"),
        key("one", kid=7),
        {"kid": "one"},
        {"kty": "RSA", "kid": "one", "n": "AQAB", "e": ""},
    ],
)
async def test_what_cannot_be_used_is_left_out(unusable: dict[str, Any]) -> None:
    """A secret, a key for another algorithm or a broken one is nobody's; the others count."""
    keys = Auth(unusable, key("two")).key_set()

    assert await keys.find("one") is None
    assert await keys.find("two") is not None


@pytest.mark.parametrize("published", [b"", b"[]", b"{}", b'{"keys": 7}', b"<html>"])
async def test_no_key_set(published: bytes) -> None:
    """Something else at the address is as good as nothing."""

    async def fetch() -> bytes:
        return published

    with pytest.raises(Unavailable):
        await KeySet(fetch).find("one")
