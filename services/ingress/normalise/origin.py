"""Where an update came from, and what every event of it shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ingress.reading import Json, moment_in
from switchboard.contracts import AccountId, TraceId


@dataclass(frozen=True, slots=True)
class Origin:
    """The account, the times and the trace of one update; `told_at` is the entry's own time."""

    account_id: AccountId
    told_at: datetime | None
    received_at: datetime
    trace_id: TraceId
    standby: bool = False

    def shared(self, told: Json | None = None) -> dict[str, Any]:
        """
        Return the fields of `Event`, for an event that `told` tells of.

        Its time is its own, else its entry's (the same when Meta repeats it, which ours would not
        be), else ours.
        """
        own = told and (moment_in(told, "timestamp") or moment_in(told, "created_time"))
        return {
            "account_id": self.account_id,
            "occurred_at": own or self.told_at or self.received_at,
            "received_at": self.received_at,
            "trace_id": self.trace_id,
            "standby": self.standby,
        }
