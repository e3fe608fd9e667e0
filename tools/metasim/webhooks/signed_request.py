"""
`signed_request`: what Meta posts to the app's own addresses for deauthorising and deletion.

Source: Meta, "Data Deletion Request Callback": the signature and the JSON, each base64url without
padding, with a dot between; the signature is HMAC-SHA256 over the second part as it stands.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from tools.metasim.records import Json
from tools.metasim.settings import Settings
from tools.metasim.webhooks.options import Secret
from tools.metasim.webhooks.parcels import key_of
from tools.metasim.webhooks.signing import FORGED_KEY

_LIVES_S = 3600


def forged_or_signed(
    user_id: str, *, issued_at_s: float, settings: Settings, secret: Secret
) -> str:
    """Return a request about `user_id`, signed as `secret` says; without a signature if missing."""
    keys = {"forged": FORGED_KEY}
    key = keys.get(secret) or key_of(settings, secret).encode()
    told = signed_request(user_id, issued_at_s=issued_at_s, key=key)
    return told if secret in {"good", "meta", "forged"} else "." + told.partition(".")[2]


def signed_request(user_id: str, *, issued_at_s: float, key: bytes) -> str:
    """Return what says, signed with `key`, that the app user `user_id` wants something."""
    told: Json = {
        "algorithm": "HMAC-SHA256",
        "issued_at": int(issued_at_s),
        "expires": int(issued_at_s) + _LIVES_S,
        "user_id": user_id,
    }
    payload = _encoded(json.dumps(told, separators=(",", ":")).encode())
    signature = hmac.new(key, payload.encode(), hashlib.sha256).digest()
    return f"{_encoded(signature)}.{payload}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
