"""Who signed a webhook."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from services.ingress.signature import SignatureRefused, signed_by
from tests.unit.ingress.bodies import SECRET, signature

BODY = b'{"object":"instagram","entry":[]}'
GOOD = signature(BODY)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_names_the_secret_that_signed(place: int) -> None:
    """Whichever accepted secret signed, the body is taken, and the secret's place is known."""
    secrets = ["instagram-app", "meta-app", "meta-app-before"]

    assert place == signed_by(BODY, [signature(BODY, secrets[place])], secrets)


def test_hex_may_be_in_capitals() -> None:
    """The digest is a number; the case of its digits is not part of it."""
    assert signed_by(BODY, ["sha256=" + GOOD[7:].upper()], [SECRET]) == 0


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ([], "missing"),
        ([""], "malformed"),
        (["sha256="], "malformed"),
        ([GOOD[:-1]], "malformed"),
        ([GOOD + "0"], "malformed"),
        ([GOOD + " "], "malformed"),
        ([GOOD + "\n"], "malformed"),
        ([GOOD[:-2] + "zz"], "malformed"),
        ([GOOD[:-2] + "é9"], "malformed"),
        ([GOOD.removeprefix("sha256=")], "malformed"),
        ([GOOD.replace("sha256", "SHA256")], "malformed"),
        ([GOOD.replace("sha256", "sha1")], "malformed"),
        (["sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()], "malformed"),
        ([GOOD, GOOD], "malformed"),
        ([f"{GOOD},{GOOD}"], "malformed"),
        ([signature(BODY, "another")], "forged"),
        ([signature(BODY, "")], "forged"),
        ([signature(BODY + b" ")], "forged"),
        (["sha256=" + "0" * 64], "forged"),
    ],
)
def test_anything_else_is_refused(headers: list[str], fault: str) -> None:
    """A header that is absent, odd, doubled or made with another secret proves nothing."""
    with pytest.raises(SignatureRefused) as refused:
        signed_by(BODY, headers, [SECRET, "second"])

    assert fault == refused.value.fault
