"""What is done where the classifier takes a text for an intent, and is not sure enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from switchboard.rules.campaigns.base import Duration, Rule
from switchboard.rules.campaigns.content import Content


class UnsureNothing(Rule):
    """Nothing, and no campaign for what is not recognised either."""

    kind: Literal["nothing"] = "nothing"


class UnsureHandover(Rule):
    """Leave the conversation to a person: the automation is silent for `pause`."""

    kind: Literal["handover"] = "handover"
    pause: Duration = timedelta(hours=24)


class UnsureReply(Rule):
    """Say one of `variants`: in private to who commented, as a message to who wrote."""

    kind: Literal["reply"] = "reply"
    variants: Annotated[tuple[Content, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _ends_there(self) -> Self:
        for number, content in enumerate(self.variants):
            if content.quick_replies or content.waits:
                msg = f"variants.{number}: its buttons lead nowhere; links are allowed"
                raise ValueError(msg)
            if content.media is not None:
                raise ValueError(f"variants.{number}.media: a private reply has text alone")
        return self


WhenUnsure = Annotated[UnsureNothing | UnsureHandover | UnsureReply, Field(discriminator="kind")]
