"""
What can be changed while the simulator runs: limits, windows, retries, faults, the clock.

`PUT /sim/config` merges what it is given into what holds. Names end in their unit.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from tools.metasim.orders import Fault
from tools.metasim.records import Json


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Limits(_Strict):
    """Meta's limits per account, each in a rolling window but for that on one read."""

    private_replies_per_hour: int = Field(750, ge=0)
    live_private_replies_per_second: int = Field(100, ge=0)
    sends_per_second: int = Field(100, ge=0)
    media_per_second: int = Field(10, ge=0)  # audio and video
    conversations_per_second: int = Field(2, ge=0)
    other_calls_per_day: int | None = Field(None, ge=0)  # 4800 x impressions; None: no limit
    conversation_objects: int | None = Field(None, ge=1)  # in one read: conversations x messages


class JudgedLimits(_Strict):
    """What the judgement takes for the limits, to be stricter than they are; None: the limits."""

    private_replies_per_hour: int | None = Field(None, ge=0)
    live_private_replies_per_second: int | None = Field(None, ge=0)
    sends_per_second: int | None = Field(None, ge=0)
    media_per_second: int | None = Field(None, ge=0)
    conversations_per_second: int | None = Field(None, ge=0)
    other_calls_per_day: int | None = Field(None, ge=0)


class Retry(_Strict):
    """How often a webhook that is not answered 200 is sent in all, and how long between."""

    attempts: int = Field(6, ge=1, le=50)
    base_delay_s: float = Field(1.0, ge=0, le=3600)  # doubles each time
    max_delay_s: float = Field(60.0, ge=0, le=3600)


class Usage(_Strict):
    """What a usage header says, in percent (100: throttled)."""

    call_count: int = Field(0, ge=0)
    total_time: int = Field(0, ge=0)
    total_cputime: int = Field(0, ge=0)
    estimated_time_to_regain_access: int = Field(0, ge=0)  # minutes


class Loss(_Strict):
    """How many webhooks Meta never sends, though something happened; drawn with `seed`."""

    share: float = Field(0.0, ge=0, le=1)
    fields: tuple[str, ...] = ("comments",)
    seed: int = 0


class ClockShift(_Strict):
    """How far the simulated present is ahead of the machine's."""

    offset_s: float = 0.0


class Config(_Strict):
    """Everything that can be changed at run time, with Meta's values where Meta has one."""

    webhook_url: HttpUrl | None = None
    limits: Limits = Field(default_factory=Limits)
    judged_limits: JudgedLimits = Field(default_factory=JudgedLimits)
    window_hours: float = Field(24.0, ge=0)
    read_lag_s: float = Field(0.0, ge=0)  # until what the account sent can be read; simulated
    webhook_retry: Retry = Field(default_factory=Retry)
    webhook_timeout_s: float = Field(5.0, gt=0, le=60)  # Meta's deadline for Messenger
    webhook_loss: Loss = Field(default_factory=Loss)
    deauthorize_url: HttpUrl | None = None  # where the app hears that an owner has removed it
    data_deletion_url: HttpUrl | None = None  # and that an owner wants their data deleted
    echoes: bool = True  # of what the account sends by API
    own_reply_webhooks: bool = True  # public replies by API come back as comments
    require_subscription: bool = False  # deliver only what `subscribed_apps` asked for
    wrap_answers: bool = False  # /me and new tokens inside {"data": [...]}
    usage: Usage | None = None  # the account's header on every answer; None: only near a limit
    app_usage: Usage | None = None  # the app's header on every answer; None: only when app-wide
    opt_out_grace_s: float = Field(10.0, ge=0)  # after the webhook was accepted; simulated
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
