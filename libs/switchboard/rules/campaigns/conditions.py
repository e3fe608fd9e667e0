"""Who gets an answer, and when: what must hold besides the trigger."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from switchboard.rules.campaigns.base import Duration, Rule, TagName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Once(Rule):
    """
    A person gets this campaign once: for each post, for ever, or in a `period`.

    Where there is no post (a message), `post` means what `campaign` does.
    """

    per: Literal["post", "campaign", "period"]
    period: Duration | None = None

    @model_validator(mode="after")
    def _has_its_period(self) -> Self:
        if (self.per == "period") != (self.period is not None):
            raise ValueError("period: needed with per=period, and with nothing else")
        return self


class Follower(Rule):
    """
    The person follows the account, or does not.

    Meta tells it of people who wrote or tapped, never of those who only commented; `when_unknown`
    says what then holds.
    """

    follows: bool
    when_unknown: Literal["pass", "fail"]


class Opening(Rule):
    """From `opens` to `closes` on `day`, in the account's time zone; `closes` 00:00 is midnight."""

    day: Weekday
    opens: time
    closes: time

    @model_validator(mode="after")
    def _closes_later(self) -> Self:
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            raise ValueError("opens, closes: without a time zone; the account's is used")
        if self.closes != time() and self.closes <= self.opens:
            raise ValueError("closes: must be later than opens; split what spans midnight")
        return self


class Hours(Rule):
    """Only when the business is open; outside, skipped, or answered when it opens again."""

    open: Annotated[tuple[Opening, ...], Field(min_length=1, max_length=50)]
    outside: Literal["skip", "wait"]


class Conditions(Rule):
    """
    All must hold; none by default. Takeover and opt-out always count and are not listed here.

    `languages` are ISO 639-1 codes; a text too short or too mixed to tell passes with
    `when_language_unknown`.
    """

    once: Once | None = None
    follower: Follower | None = None
    tags_all: tuple[TagName, ...] = ()
    tags_none: tuple[TagName, ...] = ()
    hours: Hours | None = None
    languages: Annotated[tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...], Field()] = ()
    when_language_unknown: Literal["pass", "fail"] = "pass"
