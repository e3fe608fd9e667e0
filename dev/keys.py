"""The secrets of one checkout: made once, kept in its own folder, readable by us alone."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.servers.home import write_private


@dataclass(frozen=True, slots=True)
class Keys:
    """What a deployment would have in its secret store; the simulator knows the first three."""

    app_id: str
    app_secret: str
    verify_token: str
    token_key: str  # as TOKEN_KEYS takes one: id:base64 of 32 bytes
    link_secret: str


def keys_in(folder: Path) -> Keys:
    """Return the keys kept in `folder`, making them if there are none."""
    kept = folder / "keys.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_private(kept, json.dumps(asdict(_draw())))
    return Keys(**json.loads(kept.read_text(encoding="utf-8")))


def _draw() -> Keys:
    return Keys(
        app_id=str(secrets.randbelow(9 * 10**15) + 10**15),
        app_secret=secrets.token_hex(16),
        verify_token=secrets.token_urlsafe(16),
        token_key=f"local:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        link_secret=secrets.token_hex(32),
    )
