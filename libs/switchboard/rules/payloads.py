"""
What our buttons carry: where in which campaign a tap leads.

    sb1:<campaign>:<version>:<step>   to the step at that position of that version
    sb1:<campaign>                    starts that campaign, at whatever version is live

A payload comes back in a webhook that Meta signed; whose campaign it names is checked all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from switchboard.contracts.ids import CampaignId


@dataclass(frozen=True, slots=True)
class ToStep:
    """A tap that leads to a step of one version."""

    campaign_id: CampaignId
    version: int
    step: int

    def __str__(self) -> str:
        return f"{_MARK}:{self.campaign_id.hex}:{self.version}:{self.step}"


@dataclass(frozen=True, slots=True)
class ToCampaign:
    """A tap that starts a campaign."""

    campaign_id: CampaignId

    def __str__(self) -> str:
        return f"{_MARK}:{self.campaign_id.hex}"


def read_payload(payload: str) -> ToStep | ToCampaign | None:
    """Return where `payload` leads, or `None` if we did not make it."""
    found = _OURS.fullmatch(payload)
    if found is None:
        return None
    campaign = CampaignId(UUID(found[1]))
    if found[2] is None:
        return ToCampaign(campaign)
    return ToStep(campaign, int(found[2]), int(found[3]))


_MARK: Final = "sb1"
_OURS: Final = re.compile(r"sb1:([0-9a-f]{32})(?::([0-9]{1,9}):([0-9]{1,3}))?")
