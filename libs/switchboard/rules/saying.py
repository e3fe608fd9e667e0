"""
What a delivery says, as it is stored: all of it decided, but for what the sender knows better.

Buttons have become links or payloads. Variables are still in the text: a person's name is known
when the message is sent, not when it was decided. `values` are those that deciding knew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from switchboard.rules.campaigns.content import Attached


class Saying(BaseModel):
    """
    The stored content of a public reply, a private reply or a message.

    Exactly one of `text` and `media`. Rows written by an older release have one `button`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str | None = None
    buttons: tuple[SaidButton, ...] = ()
    quick_replies: tuple[SaidChip, ...] = ()
    media: Attached | None = None
    values: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _read_one_button(cls, stored: Any) -> Any:
        if isinstance(stored, dict) and stored.get("button"):
            link = {"kind": "link"} | stored["button"]
            return stored | {"buttons": [*stored.get("buttons", ()), link]}
        return stored


class SaidLink(BaseModel):
    """A button that opens a page."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["link"] = "link"
    title: str
    url: str


class SaidPostback(BaseModel):
    """A button that tells us it was tapped, with `payload`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["postback"] = "postback"
    title: str
    payload: str


class SaidChip(BaseModel):
    """
    A quick reply: text with `payload`, or the person's own e-mail address or phone number.

    The latter two have no title; Instagram shows the value, if the profile has one.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["text", "email", "phone"] = "text"
    title: str = ""
    payload: str


SaidButton = Annotated[SaidLink | SaidPostback, Field(discriminator="kind")]
Saying.model_rebuild()
