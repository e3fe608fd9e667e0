"""How one event is told: plainly, or in one of the ways that break careless receivers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Secret = Literal["good", "meta", "forged", "missing", "sha1only"]  # meta: the Meta app's
Shape = Literal["changes", "bare", "array"]
TimeUnit = Literal["default", "ms", "s", "string"]


class WebhookOptions(BaseModel):
    """The `webhook` part of what somebody does through the control API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    copies: int = Field(1, ge=1, le=100)  # the same signed bytes, delivered at once
    again_after_s: float | None = Field(None, gt=0)  # the same bytes once more; simulated
    after_s: float = Field(0.0, ge=0)  # late by that much; simulated
    hold: bool = False  # until POST /sim/flush
    wait: bool = True  # answer after the first attempt; false: answer at once
    secret: Secret = Field("good")
    shape: Shape = "changes"  # Meta's usual; bare: field and value on the entry; array: wrapped
    time_unit: TimeUnit = "default"  # changes in seconds, messaging in milliseconds
    standby: bool = False  # another app has the thread: messaging items come in `standby`
    as_test: bool = False  # as the dashboard's Test button: entry id "0", messages in changes
