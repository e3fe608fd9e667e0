"""Parcels: events as signed bytes, which of them travel together, and how one arrived."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tools.metasim.ledger import Delivery, Ledger, Trigger
from tools.metasim.records import Json
from tools.metasim.settings import Settings
from tools.metasim.webhooks.envelope import UPDATES_MAX
from tools.metasim.webhooks.events import Event
from tools.metasim.webhooks.options import Secret
from tools.metasim.webhooks.signing import signature_headers

Order = Literal["given", "reversed", "shuffled"]


class NoSecretError(Exception):
    """A webhook was to be signed with a secret that the settings do not have."""


@dataclass(slots=True)
class Parcel:
    """Signed bytes on their way, and what they tell of."""

    id: str
    content: bytes
    headers: dict[str, str]
    ledger: Ledger  # the one that was open when it was packed
    triggers: list[Trigger] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one POST went: `status` is None when no answer came, and `error` says why."""

    parcel_id: str
    status: int | None
    latency_ms: float
    error: str | None = None

    @property
    def outcome(self) -> Delivery:
        """What came of it."""
        if self.status is None:
            return "failed"
        return "accepted" if self.status == 200 else "refused"

    def told(self) -> Json:
        """Return it as the control API tells it."""
        told: Json = {
            "id": self.parcel_id,
            "status": self.status,
            "latency_ms": self.latency_ms,
            "outcome": self.outcome,
        }
        return told if self.error is None else {**told, "error": self.error}


def key_of(settings: Settings, secret: Secret) -> str:
    """
    Return the key that `secret` means.

    Raises:
        NoSecretError: It is the Meta app's, and that is not set.
    """
    own = {"meta": settings.meta_app_secret}.get(secret, settings.app_secret)
    if own is None:
        raise NoSecretError("no secret of the Meta app is set: METASIM_META_APP_SECRET")
    return own.get_secret_value()


def headers_of(content: bytes, settings: Settings, secret: Secret) -> dict[str, str]:
    """Return the headers Meta sends with `content`, signed as `secret` says."""
    return {
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip",
        "User-Agent": "facebookexternalua",
        "Content-Type": "application/json",
        "Facebook-API-Version": settings.api_version,
        **signature_headers(content, app_secret=key_of(settings, secret), kind=secret),
    }


def in_order(events: Sequence[Event], order: Order, seed: int) -> list[Event]:
    """Return the events as they were, the other way round, or shuffled with a seeded hand."""
    ordered = list(events)
    if order == "reversed":
        ordered.reverse()
    elif order == "shuffled":
        random.Random(seed).shuffle(ordered)
    return ordered


def batches(events: Sequence[Event]) -> list[list[Event]]:
    """Group what can share a body: the same signature, at most 1000 updates."""
    by_secret: defaultdict[Secret, list[Event]] = defaultdict(list)
    for event in events:
        by_secret[event.options.secret].append(event)
    return [
        alike[start : start + UPDATES_MAX]
        for alike in by_secret.values()
        for start in range(0, len(alike), UPDATES_MAX)
    ]
