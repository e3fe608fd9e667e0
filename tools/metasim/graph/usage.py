"""
The usage headers: how much of the account's and of the app's budget is gone, in percent.

The account's is Meta's `X-Business-Use-Case-Usage`, the app's is `X-App-Usage`. They are shown as
configured, at 100 percent when calls are throttled, and the account's near one of its limits.
"""

from __future__ import annotations

import json
import math

from tools.metasim.config import Usage
from tools.metasim.graph.calls import Call
from tools.metasim.holds import Held
from tools.metasim.limits import WINDOW_S, LimitName
from tools.metasim.orders import Fault
from tools.metasim.refusals import GraphError

_NEAR_PERCENT = 75  # Meta shows the headers once there have been "enough" calls
_SHOWN: tuple[LimitName, ...] = ("private_replies_per_hour", "other_calls_per_day")


def usage_headers(
    call: Call, held: Held | None, fault: Fault | None, refusal: GraphError | None
) -> dict[str, str]:
    """Return the usage headers for a call's answer; none far from all limits."""
    account_id = call.known_account_id()
    if account_id is None:
        return {}
    throttling = fault if fault and fault.kind == "throttle" else None
    return {
        **_of_app(call.sim.config.app_usage, throttling),
        **_of_account(account_id, _usage(call, account_id, held, throttling, refusal)),
    }


def _of_app(configured: Usage | None, throttling: Fault | None) -> dict[str, str]:
    is_throttled = throttling is not None and throttling.app_wide
    usage = Usage(call_count=100) if is_throttled else configured
    if usage is None:
        return {}
    return {"X-App-Usage": json.dumps(usage.model_dump(exclude={_REGAIN}))}


def _of_account(account_id: str, usage: Usage | None) -> dict[str, str]:
    if usage is None:
        return {}
    detail = {"type": "instagram", **usage.model_dump()}
    return {"X-Business-Use-Case-Usage": json.dumps({account_id: [detail]})}


def _usage(
    call: Call,
    account_id: str,
    held: Held | None,
    throttling: Fault | None,
    refusal: GraphError | None,
) -> Usage | None:
    configured = call.sim.config.usage
    if throttling and not throttling.app_wide:
        minutes = _minutes_to_regain(throttling, held, configured)
        return Usage(call_count=100, estimated_time_to_regain_access=minutes)
    if configured:
        return configured
    if refusal and refusal.reason == "other_calls_per_day":
        minutes = _minutes(_frees_in_s(call, account_id, "other_calls_per_day"))
        return Usage(call_count=100, estimated_time_to_regain_access=minutes)
    percent = max(_percent(call, account_id, limit) for limit in _SHOWN)
    return Usage(call_count=percent) if percent >= _NEAR_PERCENT else None


def _minutes_to_regain(throttling: Fault, held: Held | None, configured: Usage | None) -> int:
    """Return what was ordered, or what is left of the restriction, or what is configured."""
    if throttling.estimated_time_to_regain_access is not None:
        return throttling.estimated_time_to_regain_access
    left_s = held.left_s if held else throttling.hold_s
    if left_s is not None:
        return _minutes(left_s)
    return configured.estimated_time_to_regain_access if configured else 1


def _minutes(left_s: float) -> int:
    return math.ceil(left_s / 60)


def _frees_in_s(call: Call, account_id: str, limit: LimitName) -> float:
    window_s = WINDOW_S[limit]
    return call.sim.limits.frees_in_s(limit, account_id, now_s=call.now_s, window_s=window_s)


def _percent(call: Call, account_id: str, limit: LimitName) -> int:
    most = getattr(call.sim.config.limits, limit)
    if not most:
        return 0
    window_s = WINDOW_S[limit]
    used = call.sim.limits.used(limit, account_id, now_s=call.now_s, window_s=window_s)
    return int(100 * used / most)


_REGAIN = "estimated_time_to_regain_access"
