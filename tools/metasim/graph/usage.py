"""The usage headers: how much of an account's budget is gone, in percent."""

from __future__ import annotations

import json

from tools.metasim.config import Usage
from tools.metasim.graph.calls import Call

_NEAR_PERCENT = 75  # Meta shows the headers once there have been "enough" calls
_WINDOW_S = {"private_replies_per_hour": 3600.0, "other_calls_per_day": 86_400.0}


def usage_headers(call: Call, *, is_throttled: bool) -> dict[str, str]:
    """Return the usage headers: as configured, at 100 % when throttled, or none far from limits."""
    account_id = call.known_account_id()
    if account_id is None:
        return {}
    usage = _usage(call, account_id, is_throttled=is_throttled)
    if usage is None:
        return {}
    figures = usage.model_dump()
    minutes = figures.pop("estimated_time_to_regain_access")
    detail = {"type": "instagram", **figures, "estimated_time_to_regain_access": minutes}
    return {
        "X-App-Usage": json.dumps(figures),
        "X-Business-Use-Case-Usage": json.dumps({account_id: [detail]}),
    }


def _usage(call: Call, account_id: str, *, is_throttled: bool) -> Usage | None:
    configured = call.sim.config.usage
    if is_throttled:
        minutes = configured.estimated_time_to_regain_access if configured else 1
        return Usage(call_count=100, estimated_time_to_regain_access=minutes)
    if configured:
        return configured
    percent = max(_percent(call, account_id, limit) for limit in _WINDOW_S)
    return Usage(call_count=percent) if percent >= _NEAR_PERCENT else None


def _percent(call: Call, account_id: str, limit: str) -> int:
    most = getattr(call.sim.config.limits, limit)
    if not most:
        return 0
    used = call.sim.limits.used(limit, account_id, now_s=call.now_s, window_s=_WINDOW_S[limit])
    return int(100 * used / most)
