"""What all parts of a campaign have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Rule(BaseModel):
    """Part of a campaign: frozen, and strict, because an owner's typo must not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_some_time(duration: timedelta) -> timedelta:
    if duration <= timedelta():
        raise ValueError("must be longer than nothing")
    return duration


# In JSON an ISO 8601 duration ("PT2H"), or a number of seconds.
Duration = Annotated[timedelta, AfterValidator(_is_some_time)]
# How an owner names a step, so that a button can lead to it.
StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
TagName = Annotated[str, Field(pattern=r"^[\w -]{1,40}$")]
