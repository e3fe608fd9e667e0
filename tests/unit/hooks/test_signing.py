"""Signatures that any receiver's library accepts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from switchboard.hooks import BadSecret, Hook, new_secret, signed_headers

# The example of the Standard Webhooks specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = Hook("msg_p5jXN8AQM9LWM0D4loKWxJek", "https://a.example", b'{"test": 2432232314}')
AT = datetime.fromtimestamp(1614265330, UTC)


def test_a_signature_that_is_known() -> None:
    """The three headers are those that the standard's own libraries make of the same input."""
    expected = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    assert expected == signed_headers(HOOK, secret=SECRET, at=AT)


def test_the_moment_is_whole_seconds() -> None:
    """A fraction of a second is left out, as receivers read integers."""
    at = AT.replace(microsecond=999_999)

    assert signed_headers(HOOK, secret=SECRET, at=AT) == signed_headers(HOOK, secret=SECRET, at=at)


def test_new_secrets_are_long_and_different() -> None:
    """Each is 32 bytes nobody has drawn before, and signs."""
    first, second = new_secret(), new_secret()

    assert first != second
    assert 32 == len(base64.b64decode(first.removeprefix("whsec_")))
    assert signed_headers(HOOK, secret=first, at=AT)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_%%%", "whsec_" + "QUJD", SECRET.removeprefix("whsec_"), "whsec_ü"],
)
def test_a_bad_secret_is_not_shown(secret: str) -> None:
    """What cannot sign is refused, and no part of it is in the message."""
    with pytest.raises(BadSecret) as caught:
        signed_headers(HOOK, secret=secret, at=AT)

    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(
        caught.value
    )
