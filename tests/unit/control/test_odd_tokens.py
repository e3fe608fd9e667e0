"""Tokens that somebody made by hand, to be believed or to break something."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from services.control.tokens import PublicKey, TokenRefused, Tokens
from switchboard.errors import Unavailable
from tests.support.tokens import ISSUER, Issuer

USER = UUID(int=7)
SECRET = "a secret that an old project shares with us"
LONG_FROM_NOW = 9_999_999_999
A_PROJECT = Issuer()


class Project:
    """The keys of a project, and which were asked for."""

    def __init__(self, issuer: Issuer) -> None:
        self.asked: list[object] = []
        self._key = PublicKey(issuer.key.public_key(), "ES256")

    async def find(self, key_id: str) -> PublicKey | None:
        self.asked.append(key_id)
        return self._key if key_id == "key-1" else None


def encoded(part: bytes) -> str:
    """Return what stands for `part` in a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(issuer: Issuer, payload: bytes, **head: Any) -> str:
    """Return `payload` under the project's own signature, whatever it is."""
    whole = {"alg": "ES256", "typ": "JWT", "kid": "key-1"} | head
    said = f"{encoded(json.dumps(whole).encode())}.{encoded(payload)}"
    r, s = decode_dss_signature(issuer.key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{said}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def said(issuer: Issuer, **claims: Any) -> bytes:
    """Return the claims of a good token, with others in their place."""
    return json.dumps(issuer.claims(USER) | claims).encode()


def tokens(issuer: Issuer, secret: str | None = None) -> Tokens:
    """Return what tells whose a token of the project is."""
    return Tokens(issuer=ISSUER, keys=Project(issuer), secret=secret)


async def test_what_is_signed_by_hand() -> None:
    """It is believed if it says what it must: so what is refused below is for its own fault."""
    issuer = Issuer()

    assert USER == (await tokens(issuer).caller(signed(issuer, said(issuer)))).user_id


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": LONG_FROM_NOW},
        {"iat": LONG_FROM_NOW},
        {"exp": None},
        {"exp": "never"},
        {"exp": [9_999_999_999]},
        {"exp": float("nan")},
        {"exp": -1},
        {"aud": ["anon", "service_role"]},
        {"aud": {"authenticated": True}},
        {"aud": None},
        {"iss": [ISSUER, "http://elsewhere.test"]},
        {"iss": f"{ISSUER}/"},
        {"sub": None},
        {"sub": [str(USER)]},
        {"sub": {"sub": str(USER)}},
        {"sub": f"{USER}' or true"},
        {"sub": ""},
        {"role": ["authenticated"]},
        {"role": "service_role"},
        {"session_id": "not one"},
        {"is_anonymous": True},
    ],
    ids=repr,
)
async def test_claims_that_are_odd(claims: dict[str, Any]) -> None:
    """The project's own signature makes nothing good that is not said as it must be."""
    issuer = Issuer()

    with pytest.raises(TokenRefused):
        await tokens(issuer).caller(signed(issuer, said(issuer, **claims)))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"1", b'"x"', b"{", b"[" * 2_000, b"\xff\xfe", b"{}" * 2]
)
async def test_claims_that_are_none(payload: bytes) -> None:
    """Nor does it make claims of what is no object."""
    issuer = Issuer()

    with pytest.raises(TokenRefused):
        await tokens(issuer).caller(signed(issuer, payload))


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none"},
        {"alg": "NONE"},
        {"alg": ""},
        {"alg": None},
        {"alg": ["ES256"]},
        {"alg": "ES384"},
        {"alg": "PS256"},
        {"alg": "es256"},
        {"kid": None},
        {"kid": ["key-1"]},
        {"kid": {"key-1": 1}},
        {"kid": "../../dev/null"},
        {"kid": "http://elsewhere.test/jwks.json"},
        {"kid": "key-1' union select 'x"},
        {"kid": "key-1\x00"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ],
    ids=repr,
)
async def test_headers_that_are_odd(head: dict[str, Any]) -> None:
    """The header chooses no algorithm, and no key but one of the project's by its id."""
    issuer = Issuer()

    for secret in (None, SECRET):
        with pytest.raises(TokenRefused):
            await tokens(issuer, secret).caller(signed(issuer, said(issuer), **head))


async def test_a_key_that_comes_along() -> None:
    """Keys, and places of keys, that are in a header are not looked at."""
    issuer, stranger = Issuer(), Issuer()
    own = stranger.published()["keys"][0]
    place = "http://elsewhere.test/jwks.json"
    project = Project(issuer)

    for head in ({"jwk": own}, {"jku": place}, {"x5u": place}, {"x5c": ["MIIB"]}):
        token = signed(stranger, said(issuer), **head)
        with pytest.raises(TokenRefused):
            await Tokens(issuer=ISSUER, keys=project).caller(token)

    assert ["key-1"] * 4 == project.asked


@pytest.mark.parametrize(
    "head",
    [
        b"[" * 3_000 + b"]" * 3_000,
        b'{"a":' * 1_200 + b"1" + b"}" * 1_200,
        b'{"alg": ' + b"9" * 5_000,
    ],
    ids=["lists", "objects", "digits"],
)
async def test_headers_that_are_deep(head: bytes) -> None:
    """What nobody has signed is read with care: it is refused, and breaks nothing."""
    with pytest.raises(TokenRefused):
        await tokens(Issuer()).caller(f"{encoded(head)}.e30.e30")


@pytest.mark.parametrize("length", [0, 1, 63, 65, 64, 128, 4_000])
async def test_signatures_that_are_none(length: int) -> None:
    """Of whatever length, and of zeros too (CVE-2022-21449), it is no signature."""
    issuer = Issuer()
    head, claims, _ = signed(issuer, said(issuer)).split(".")

    for byte in (b"\x00", b"\xff"):
        with pytest.raises(TokenRefused):
            await tokens(issuer).caller(f"{head}.{claims}.{encoded(byte * length)}")


@given(
    token=st.text(max_size=200)
    | st.lists(st.binary(max_size=60), max_size=4).map(
        lambda parts: ".".join(encoded(part) for part in parts)
    )
)
async def test_whatever_is_sent(token: str) -> None:
    """It is refused: nothing else comes of it."""
    with pytest.raises((TokenRefused, Unavailable)):
        await tokens(A_PROJECT, SECRET).caller(token)
