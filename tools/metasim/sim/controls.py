"""How webhooks are played with, and what is asked, as the control API takes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tools.metasim.records import Json
from tools.metasim.sim.bodies import Happening, NumericId, Strict, Text, Username
from tools.metasim.webhooks.options import Secret
from tools.metasim.webhooks.parcels import Order


class FlushBody(Strict):
    """How held webhooks are delivered."""

    batch: bool = False
    order: Order = "given"
    seed: int = 0


class RawWebhookBody(Strict):
    """Any body at all: `body` as JSON, or `raw` as it is."""

    body: Any = None
    raw: str | None = None
    secret: Secret = Field("good")


class EventBody(Happening):
    """
    One update of any kind: `field` and `value` as Meta may call them one day.

    With a `username` it is of the conversation with that person: `value` is what the item carries
    beside sender, recipient and timestamp.
    """

    field: Text
    value: Json
    username: Username | None = None


class HandshakeBody(Strict):
    """The verification; without a token the right one is used."""

    verify_token: Text | None = None
    challenge: Text | None = None


class TimelineQuery(Strict):
    """Which part of the story, and how long to wait for it."""

    after: int = Field(0, ge=0)
    wait_s: float = Field(0, ge=0, le=30)
    limit: int = Field(1000, ge=1, le=10_000)


class ListQuery(Strict):
    """How much of a list."""

    limit: int = Field(50, ge=1, le=1000)


class HoldsQuery(Strict):
    """Whose restrictions; without an account everybody's, and the app's."""

    account_id: NumericId | None = None


class WaitQuery(Strict):
    """What to wait for: an answer to a comment, a message to a person, or everything expected."""

    comment_id: NumericId | None = None
    kind: Literal["private_reply", "public_reply", ""] = ""
    account_id: NumericId | None = None
    username: Username | None = None
    count: int = Field(1, ge=1)
    all: bool = False
    timeout_s: float = Field(10, ge=0, le=600)
