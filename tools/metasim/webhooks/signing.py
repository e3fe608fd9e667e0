"""
Escaping and signing: the bytes on the wire, and the headers that prove them.

Meta escapes every character beyond ASCII as backslash-u and four lowercase hex digits, and signs
what it sends: HMAC over the body with the app secret, SHA-256 and, for old receivers, SHA-1.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from tools.metasim.webhooks.options import Secret

FORGED_KEY = b"the key of some other app"


def escaped(body: Any) -> bytes:
    """Return `body` as Meta writes JSON: compact, pure ASCII."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def signature_headers(content: bytes, *, app_secret: str, kind: Secret) -> dict[str, str]:
    """Return the signature headers of `content`; forged, partly or wholly missing if so told."""
    if kind == "missing":
        return {}
    key = FORGED_KEY if kind == "forged" else app_secret.encode()
    headers = {"X-Hub-Signature": "sha1=" + hmac.new(key, content, hashlib.sha1).hexdigest()}
    if kind != "sha1only":
        headers["X-Hub-Signature-256"] = (
            "sha256=" + hmac.new(key, content, hashlib.sha256).hexdigest()
        )
    return headers
