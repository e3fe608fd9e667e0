"""Whether people who log in are believed: each check can pass, and each can fail."""

from __future__ import annotations

import pytest

from switchboard.doctor import signing_in
from switchboard.doctor.finding import Verdict
from tests.unit.doctor.findings import verdicts


def test_keys_that_can_be_used() -> None:
    """Those of the two kinds that control verifies with, by their ids; whatever else is there."""
    published = {
        "keys": [
            {"kid": "1", "kty": "EC", "crv": "P-256"},
            {"kid": "2", "kty": "RSA"},
            {"kid": "3", "kty": "oct"},
            {"kty": "RSA"},
            "nonsense",
        ]
    }

    assert {"1", "2"} == signing_in.usable(published)
    assert set() == signing_in.usable({})


@pytest.mark.parametrize(
    ("found", "has_secret", "verdict"),
    [(["1"], False, "ok"), ([], True, "warning"), ([], False, "failure")],
)
def test_login_keys(found: list[str], has_secret: bool, verdict: Verdict) -> None:  # noqa: FBT001
    """Without a key and without a secret nobody is believed."""
    assert verdict == signing_in.login_keys(found, has_secret=has_secret).verdict


@pytest.mark.parametrize(
    ("issuer", "theirs", "verdict"),
    [
        ("https://auth.shop.example/auth/v1", {"1", "2"}, "ok"),
        ("https://auth.shop.example/auth/v1", None, "ok"),
        ("https://auth.shop.example/auth/v1", {"9"}, "failure"),
        ("https://auth.shop.example", {"1"}, "warning"),
    ],
)
def test_issuer(issuer: str, theirs: set[str] | None, verdict: Verdict) -> None:
    """Another project's keys; a name that no token says."""
    assert {"issuer": verdict} == verdicts(signing_in.issuer(issuer, theirs, {"1"}))
