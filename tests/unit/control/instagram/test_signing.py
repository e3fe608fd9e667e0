"""What Meta signs, and what we sign for ourselves: nothing else is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.control.instagram.signed_request import NotSigned, user_of
from services.control.instagram.state import hash_of, is_ours, new_state

OURS, OTHER = SecretStr("the app's secret"), SecretStr("the other app's secret")
NOW = datetime.fromtimestamp(1760000000 + 60, UTC)
TOLD = {"algorithm": "HMAC-SHA256", "issued_at": 1760000000, "user_id": "1020304050"}


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def signed(told: Any, secret: SecretStr = OURS) -> str:
    """Return a request as Meta writes it."""
    payload = encoded(told if isinstance(told, bytes) else json.dumps(told).encode())
    key = secret.get_secret_value().encode()
    signature = hmac.new(key, payload.encode(), hashlib.sha256).digest()
    return f"{encoded(signature)}.{payload}"


@pytest.mark.parametrize("secret", [OURS, OTHER])
@pytest.mark.parametrize("user_id", ["1020304050", 1020304050])
def test_whom_meta_means(secret: SecretStr, user_id: object) -> None:
    """Signed with any secret of ours; an id may be written as a number."""
    told = TOLD | {"user_id": user_id}

    assert "1020304050" == user_of(signed(told, secret), [OURS, OTHER], now=NOW)


@pytest.mark.parametrize(
    "written",
    [
        signed(TOLD, SecretStr("another")),
        "." + signed(TOLD).partition(".")[2],
        signed(TOLD).partition(".")[0] + "." + signed(TOLD | {"user_id": "9"}).partition(".")[2],
        signed(TOLD | {"algorithm": "none"}),
        signed({"algorithm": "HMAC-SHA256"}),
        signed(TOLD | {"user_id": ""}),
        signed(TOLD | {"user_id": None}),
        signed([TOLD]),
        signed(b"no json"),
        signed(b"[" * 100_000),
        signed(TOLD).replace(".", ""),
        signed(TOLD) + "!",
        "ä.ö",
        "",
        "a" * 10_000 + ".b",
    ],
)
def test_whoever_else_asks(written: str) -> None:
    """What is not signed as it stands, or names nobody, is refused."""
    with pytest.raises(NotSigned):
        user_of(written, [OURS], now=NOW)


@pytest.mark.parametrize("issued_at", [1760000000, None, "soon", True])
def test_what_was_kept(issued_at: object) -> None:
    """After a day it is refused, if it says when it was issued: its owner may be back by now."""
    written = signed(TOLD | {"issued_at": issued_at})
    later = NOW + timedelta(days=1)
    if issued_at == TOLD["issued_at"]:
        with pytest.raises(NotSigned):
            user_of(written, [OURS], now=later)
    else:
        assert "1020304050" == user_of(written, [OURS], now=later)


def test_a_state_is_ours_alone() -> None:
    """Each is another one; one that was changed, or made with another secret, is not ours."""
    states = {new_state(OURS) for _ in range(100)}
    one = states.pop()
    changed = ("A" if one[0] != "A" else "B") + one[1:]

    assert 99 == len(states)
    assert is_ours(one, OURS)
    assert not any(is_ours(other, OURS) for other in (changed, one[:-4], one + "AAAA", "", "ä"))
    assert not is_ours(one, OTHER)
    assert 32 == len(hash_of(one))
