"""The bytes on the wire: pure ASCII, lossless, and proved by their signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.webhooks.signing import escaped, signature_headers

_texts = st.text()
_bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner),
    max_leaves=20,
)


@given(_bodies)
def test_escaping_loses_nothing(body: object) -> None:
    """Whatever is escaped reads back as it was."""
    assert body == json.loads(escaped(body))


@given(_texts)
def test_escaping_is_ascii_with_lowercase_digits(text: str) -> None:
    """Every character beyond ASCII is backslash-u and four lowercase hex digits."""
    content = escaped({"text": text}).decode("ascii")

    digits = re.findall(r"(?<!\\)(?:\\\\)*\\u(.{4})", content)
    assert all(re.fullmatch("[0-9a-f]{4}", four) for four in digits)


def test_escaping_matches_metas_example() -> None:
    """Meta's own example of escaped text comes out as on Meta's page."""
    assert rb'"\u00e4\u00f6\u00e5"' == escaped("äöå")


@given(content=st.binary(), app_secret=st.text(min_size=1))
def test_good_signatures_prove_the_exact_bytes(content: bytes, app_secret: str) -> None:
    """Both headers are the HMAC of the bytes with the app secret."""
    headers = signature_headers(content, app_secret=app_secret, kind="good")

    expected = {
        "X-Hub-Signature": f"sha1={hexdigest(app_secret, content, 'sha1')}",
        "X-Hub-Signature-256": f"sha256={hexdigest(app_secret, content, 'sha256')}",
    }
    assert expected == headers


@given(content=st.binary(), app_secret=st.text(min_size=1, max_size=20))
def test_forged_signatures_prove_nothing(content: bytes, app_secret: str) -> None:
    """A forged signature looks right and is not."""
    good = signature_headers(content, app_secret=app_secret, kind="good")
    forged = signature_headers(content, app_secret=app_secret, kind="forged")

    assert good.keys() == forged.keys()
    assert good != forged


def hexdigest(app_secret: str, content: bytes, algorithm: str) -> str:
    """Return the HMAC as a receiver would compute it."""
    return hmac.new(app_secret.encode(), content, getattr(hashlib, algorithm)).hexdigest()
