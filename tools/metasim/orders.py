"""
What can be ordered to go wrong with a call: `PUT /sim/config {"faults": [...]}`.

A fault is what happens (`kind`), to which calls (`on`, `account_id`), how often and when. A preset
(`presets.py`) names a whole one; what is given beside its name replaces what it says.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tools.metasim.presets import PRESETS

FaultTarget = Literal[
    "messages",  # to a person
    "private_replies",
    "sends",  # both of these
    "replies",  # public ones, and comments of one's own
    "writes",  # all of these
    "uploads",
    "conversations",  # reads of the Conversations API
    "reads",  # these and all others
    "any",
]
FaultKind = Literal[
    "accept_then_timeout",  # done, and never answered
    "accept_then_500",  # done, and answered 500 without a Graph body
    "accept_then_code_1",  # done, and answered 400 with code 1
    "accept_then_error",  # done, and answered 400 with `code` and `error_subcode`
    "accept_then_garbage",  # done, and answered 200 with something that is no JSON
    "refuse",  # not done, and refused with `code` and `error_subcode`
    "throttle",  # not done; 613/2534040, or `code`, with the usage header at 100 %
    "drop_connection",  # the connection breaks; done first unless `accepts` is false
    "delay",  # done, and answered `delay_s` later
    "echo_before_answer",  # done, and the echo is delivered before the answer
    "echo_late",  # done, and the echo is delivered `delay_s` after the answer
    "no_echo",  # done, and no echo is delivered
]
_REFUSING = {"refuse", "throttle"}


class Fault(BaseModel):
    """
    One way to misbehave, for the next `times` calls it fits, or for ever.

    With `hold_s` its refusal restricts the account, or with `app_wide` every account: for so long
    each further call that `hold_on` names is refused alike. One call after each `probe_s` may look
    whether it is over; others should not have been made (`holds.py`).
    """

    model_config = ConfigDict(extra="forbid")

    preset: str | None = None
    on: FaultTarget = "any"
    account_id: str | None = None
    kind: FaultKind
    times: int | None = Field(None, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    after_s: float = Field(0.0, ge=0)  # simulated, from when it is ordered
    for_s: float | None = Field(None, gt=0)  # simulated, from then on; None: it does not end
    code: int | None = None
    error_subcode: int | None = None
    status: int | None = Field(None, ge=200, le=599)
    message: str | None = None
    is_transient: bool | None = None
    estimated_time_to_regain_access: int | None = Field(None, ge=0)  # minutes; `throttle` only
    app_wide: bool = False
    delay_s: float | None = Field(None, ge=0)
    accepts: bool = True  # drop_connection only
    hold_s: float | None = Field(None, gt=0)  # simulated
    hold_on: FaultTarget = "writes"
    probe_s: float | None = Field(None, gt=0)  # simulated; None: no probe
    hold_grace_s: float = Field(1.0, ge=0)  # for calls already under way

    @model_validator(mode="before")
    @classmethod
    def _begins_with_its_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {**PRESETS.get(str(given.get("preset")), {}), **given}

    @field_validator("preset")
    @classmethod
    def _names_a_preset(cls, name: str | None) -> str | None:
        if name is not None and name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}")
        return name

    @model_validator(mode="after")
    def _holds_only_what_it_refused(self) -> Self:
        if self.hold_s is not None and self.kind not in _REFUSING:
            raise ValueError("hold_s needs a fault that refuses")
        return self
