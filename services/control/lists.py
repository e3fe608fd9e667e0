"""
The closed lists of values that callers meet, by the names their clients know them by.

Each is one type in a client, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from services.control.problems import Part
from services.control.resources.api_keys import KeyRole
from services.control.resources.dead_letters import QueueName
from switchboard.contracts import EventKind
from switchboard.db import accounts, audit, by_hand, campaigns, exports, funnel
from switchboard.db.workspaces import Role
from switchboard.rules.decision import DeliveryKind, Outcome
from switchboard.rules.linter.findings import Severity
from switchboard.rules.states import State

LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    name: get_args(values)
    for name, values in {
        "AccountStatus": accounts.Status,
        "Action": audit.Action,
        "CampaignStatus": campaigns.Status,
        "DeliveryKind": DeliveryKind,
        "DeliveryState": State,
        "DeliveryVerdict": by_hand.Verdict,
        "EventKind": EventKind,
        "ExportKind": exports.Kind,
        "FirstServed": accounts.Served,
        "FunnelStage": funnel.Stage,
        "KeyRole": KeyRole,
        "Outcome": Outcome,
        "QueueName": QueueName,
        "RequestPart": Part,
        "Role": Role,
        "Severity": Severity,
    }.items()
}
