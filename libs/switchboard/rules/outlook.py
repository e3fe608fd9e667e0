"""What becomes of an account's private replies that wait: of all, of each campaign's, of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from switchboard.contracts.ids import CampaignId
from switchboard.rules.forecast import Standing, moment_of, turns


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    Those who wait, in the order in which they are served: one value of each list for each of them.

    `due_us` is from when on they may be sent, `deadline_us` Meta's last moment, both in
    microseconds since 1970; `campaign` is a place in `campaigns`.
    """

    due_us: Sequence[int]
    deadline_us: Sequence[int]
    campaign: Sequence[int]
    campaigns: Sequence[CampaignId]


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    What becomes of some of those who wait, if nobody else comes.

    `drained_at` is when the last of them is sent; `None` if none is. `missed` are not sent in time,
    and `missed_from` is the earliest of their deadlines.
    """

    waiting: int = 0
    drained_at: datetime | None = None
    missed: int = 0
    missed_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outlooks:
    """All of an account's, each of its campaigns', and who is missed, as places in the lists."""

    account: Outlook
    campaigns: Mapping[CampaignId, Outlook]
    missed: Sequence[int]


def outlooks(waiting: Waiting, standing: Standing) -> Outlooks:
    """Return what becomes of those who wait."""
    at_us = turns(waiting.due_us, waiting.deadline_us, standing)
    everybody = range(len(at_us))
    of_campaign: dict[int, list[int]] = {}
    for place in everybody:
        of_campaign.setdefault(waiting.campaign[place], []).append(place)
    return Outlooks(
        account=_outlook(everybody, at_us, waiting.deadline_us),
        campaigns={
            waiting.campaigns[number]: _outlook(places, at_us, waiting.deadline_us)
            for number, places in sorted(of_campaign.items())
        },
        missed=[place for place in everybody if at_us[place] is None],
    )


def _outlook(
    places: Sequence[int], at_us: Sequence[int | None], deadline_us: Sequence[int]
) -> Outlook:
    last_us = max((at for place in places if (at := at_us[place]) is not None), default=None)
    missed_us = [deadline_us[place] for place in places if at_us[place] is None]
    return Outlook(
        waiting=len(places),
        drained_at=None if last_us is None else moment_of(last_us),
        missed=len(missed_us),
        missed_from=moment_of(min(missed_us)) if missed_us else None,
    )
