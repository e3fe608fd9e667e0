"""Which tokens prove who somebody is, and which prove nothing."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.control.tokens import PublicKey, TokenRefused, Tokens
from tests.support.tokens import ISSUER, Issuer

USER = UUID(int=7)
SECRET = "a secret that an old project shares with us"


class Published:
    """The keys of a project, as they are."""

    def __init__(self, **keys: PublicKey) -> None:
        self.keys = keys

    async def find(self, key_id: str) -> PublicKey | None:
        return self.keys.get(key_id)


@pytest.fixture
def issuer() -> Issuer:
    """A project."""
    return Issuer(key_id="one")


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    """What tells whose a token of the project is."""
    keys = Published(one=PublicKey(issuer.key.public_key(), "ES256"))
    return Tokens(issuer=ISSUER, keys=keys)


async def test_a_good_one(issuer: Issuer, tokens: Tokens) -> None:
    """It says who it is, and the database is told nothing that they wrote themselves."""
    caller = await tokens.caller(issuer.token(USER, user_metadata={"role": "owner"}))
    claims = caller.claims()

    assert USER == caller.user_id
    assert "user_metadata" not in claims
    assert (str(USER), "authenticated") == (claims["sub"], claims["role"])


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": timedelta(seconds=-60)}, "over"),
        ({"iat": timedelta(seconds=600)}, "not yet valid"),
        ({"aud": "anon"}, "Audience"),
        ({"aud": ...}, "aud"),
        ({"iss": "https://other.example/auth/v1"}, "issuer"),
        ({"iss": ...}, "iss"),
        ({"exp": ...}, "exp"),
        ({"iat": ...}, "iat"),
        ({"sub": ...}, "sub"),
        ({"sub": "somebody"}, "no form we know"),
        ({"role": "service_role"}, "not for somebody who has logged in"),
        ({"role": "anon"}, "not for somebody who has logged in"),
        ({"role": ...}, "role"),
        ({"is_anonymous": True}, "anonymous"),
    ],
)
async def test_what_it_must_say(
    issuer: Issuer, tokens: Tokens, claims: dict[str, Any], why: str
) -> None:
    """One that is over, somebody else's, or for something else proves nothing, though signed."""
    now_s = int(time.time())  # and not when tests were collected, which may be long ago
    said = {
        name: now_s + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in claims.items()
    }

    with pytest.raises(TokenRefused, match=why):
        await tokens.caller(issuer.token(USER, **said))


async def test_the_audience_may_be_a_list(issuer: Issuer, tokens: Tokens) -> None:
    """Supabase says that it may be either."""
    assert USER == (await tokens.caller(issuer.token(USER, aud=["authenticated"]))).user_id


async def test_unsigned(issuer: Issuer, tokens: Tokens) -> None:
    """`alg: none` is nobody's signature."""
    token = jwt.encode(issuer.claims(USER), "", algorithm="none", headers={"kid": "one"})

    with pytest.raises(TokenRefused):
        await tokens.caller(token)


async def test_signed_with_the_public_key_as_a_secret(issuer: Issuer) -> None:
    """The key decides the algorithm: HS256 over a public key is no signature."""
    token = forged(issuer)
    keys = Published(one=PublicKey(issuer.key.public_key(), "ES256"))
    for secret in (None, SECRET):
        with pytest.raises(TokenRefused):
            await Tokens(issuer=ISSUER, keys=keys, secret=secret).caller(token)


def forged(issuer: Issuer) -> str:
    """Return a token "signed" with what everybody may read, which PyJWT itself would not make."""
    public = issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    parts = [json.dumps(part).encode() for part in (head, issuer.claims(USER))]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(public, signed, "sha256")
    return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_key_for_another_algorithm(issuer: Issuer) -> None:
    """A token says RS256 and names a key for ES256: refused."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    token = jwt.encode(issuer.claims(USER), private, algorithm="RS256", headers={"kid": "one"})
    keys = Published(one=PublicKey(issuer.key.public_key(), "ES256"))

    with pytest.raises(TokenRefused):
        await Tokens(issuer=ISSUER, keys=keys).caller(token)


async def test_rs256(issuer: Issuer) -> None:
    """A project may sign by RSA."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    token = jwt.encode(issuer.claims(USER), private, algorithm="RS256", headers={"kid": "two"})
    keys = Published(two=PublicKey(private.public_key(), "RS256"))

    assert USER == (await Tokens(issuer=ISSUER, keys=keys).caller(token)).user_id


async def test_an_old_secret(issuer: Issuer) -> None:
    """HS256 is believed where a secret is set, and refused without or with another."""
    token = jwt.encode(issuer.claims(USER), SECRET, algorithm="HS256")
    shared = Tokens(issuer=ISSUER, keys=Published(), secret=SECRET)

    assert USER == (await shared.caller(token)).user_id
    for secret in (None, SECRET[::-1]):
        with pytest.raises(TokenRefused):
            await Tokens(issuer=ISSUER, keys=Published(), secret=secret).caller(token)


async def test_changed_on_its_way(issuer: Issuer, tokens: Tokens) -> None:
    """Another user's id under the same signature is refused."""
    head, _, signature = issuer.token(USER).split(".")
    _, others, _ = issuer.token(uuid4()).split(".")

    with pytest.raises(TokenRefused):
        await tokens.caller(f"{head}.{others}.{signature}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "é.é.é", "x" * 100_000])
async def test_no_token_at_all(tokens: Tokens, token: str) -> None:
    """Whatever is sent, it is refused and nothing breaks."""
    with pytest.raises(TokenRefused):
        await tokens.caller(token)
