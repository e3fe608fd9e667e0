"""
What can be changed while the simulator runs: limits, windows, retries, faults, the clock.

`PUT /sim/config` merges what it is given into what holds. Names end in their unit.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from tools.metasim.records import Json

FaultTarget = Literal["messages", "private_replies", "replies", "reads", "any"]
FaultKind = Literal[
    "accept_then_timeout",  # done, and never answered
    "accept_then_500",  # done, and answered 500 without a Graph body
    "accept_then_code_1",  # done, and answered 400 with code 1
    "refuse",  # not done, and refused with `code` and `error_subcode`
    "drop_connection",  # the connection breaks; done first unless `accepts` is false
    "delay",  # done, and answered `delay_s` later
    "echo_before_answer",  # done, and the echo is delivered before the answer
    "throttle",  # not done; 613/2534040, or `code`, with usage headers at 100 %
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Limits(_Strict):
    """Meta's limits per account, each in a rolling window."""

    private_replies_per_hour: int = Field(750, ge=0)
    live_private_replies_per_second: int = Field(100, ge=0)
    sends_per_second: int = Field(100, ge=0)
    media_per_second: int = Field(10, ge=0)  # audio and video
    conversations_per_second: int = Field(2, ge=0)
    other_calls_per_day: int | None = Field(None, ge=0)  # 4800 x impressions; None: no limit


class Retry(_Strict):
    """How often a webhook that is not answered 200 is sent in all, and how long between."""

    attempts: int = Field(6, ge=1, le=50)
    base_delay_s: float = Field(1.0, ge=0, le=3600)  # doubles each time
    max_delay_s: float = Field(60.0, ge=0, le=3600)


class Fault(_Strict):
    """One way to misbehave, for the next `times` calls it fits, or for ever."""

    on: FaultTarget = "any"
    account_id: str | None = None
    kind: FaultKind
    times: int | None = Field(None, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    code: int | None = None
    error_subcode: int | None = None
    delay_s: float | None = Field(None, ge=0, le=600)
    accepts: bool = True  # drop_connection only


class Usage(_Strict):
    """What the usage headers say, in percent (100: throttled)."""

    call_count: int = Field(0, ge=0)
    total_time: int = Field(0, ge=0)
    total_cputime: int = Field(0, ge=0)
    estimated_time_to_regain_access: int = Field(0, ge=0)  # minutes


class ClockShift(_Strict):
    """How far the simulated present is ahead of the machine's."""

    offset_s: float = 0.0


class Config(_Strict):
    """Everything that can be changed at run time, with Meta's values where Meta has one."""

    webhook_url: HttpUrl | None = None
    limits: Limits = Field(default_factory=Limits)
    window_hours: float = Field(24.0, ge=0)
    webhook_retry: Retry = Field(default_factory=Retry)
    webhook_timeout_s: float = Field(5.0, gt=0, le=60)  # Meta's deadline for Messenger
    echoes: bool = True  # of what the account sends by API
    own_reply_webhooks: bool = True  # public replies by API come back as comments
    require_subscription: bool = False  # deliver only what `subscribed_apps` asked for
    wrap_answers: bool = False  # /me and new tokens inside {"data": [...]}
    usage: Usage | None = None  # headers on every answer; None: only near a limit
    clock: ClockShift = Field(default_factory=ClockShift)
    faults: list[Fault] = Field(default_factory=list)
    seed: int = 0  # of the faults' probabilities

    def merged(self, changes: Json) -> Config:
        """Return this with `changes` laid over it; lists and nulls replace, objects merge."""
        return Config.model_validate(_laid_over(self.model_dump(mode="json"), changes))


def _laid_over(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        kept = {key: value for key, value in below.items() if key not in above}
        return kept | {key: _laid_over(below.get(key), value) for key, value in above.items()}
    return above
