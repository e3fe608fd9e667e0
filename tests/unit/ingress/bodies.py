"""Webhook bodies in Meta's shapes, from only what a test is about."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SHOP = "17841455500000007"
FAN = "9876543210987654"
SENT_MS = 1_762_000_123_456
SECRET = "an-instagram-app-secret"


def comment(**fields: Any) -> dict[str, Any]:
    """Return a comment's value."""
    return {
        "id": "17955500000000021",
        "from": {"id": FAN, "username": "fan.of.shoes"},
        "text": "Send me the LINK",
        "media": {"id": "18055500000000031", "media_product_type": "REELS"},
    } | fields


def change(field: str, value: Any) -> dict[str, Any]:
    """Return one of `changes[]`."""
    return {"field": field, "value": value}


def item(**fields: Any) -> dict[str, Any]:
    """Return one of `messaging[]`, from FAN to SHOP."""
    return {"sender": {"id": FAN}, "recipient": {"id": SHOP}, "timestamp": SENT_MS} | fields


def message(**fields: Any) -> dict[str, Any]:
    """Return an item with a message."""
    return item(message={"mid": "aWdfmid1", **fields})


def entry(*, changes: Any = None, messaging: Any = None, **fields: Any) -> dict[str, Any]:
    """Return one of `entry[]`, of SHOP's."""
    lists = {"changes": changes, "messaging": messaging}
    told = {key: value for key, value in lists.items() if value is not None}
    return {"id": SHOP, "time": SENT_MS // 1000} | told | fields


def envelope(*entries: Any, **fields: Any) -> dict[str, Any]:
    """Return a whole body."""
    return {"object": "instagram", "entry": list(entries)} | fields


def wire(body: Any) -> bytes:
    """Return `body` as Meta sends it: compact and escaped to ASCII."""
    return json.dumps(body, separators=(",", ":")).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the header that proves `body`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
