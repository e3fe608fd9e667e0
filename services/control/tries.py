"""What a campaign would have done with what happened lately, as callers are told it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic_core import from_json

from services.control.problems import Fault, invalid
from switchboard.clock import utc_now
from switchboard.contracts import CampaignId, EventId
from switchboard.db import history
from switchboard.db.accounts import Account
from switchboard.db.history import PastEvent
from switchboard.db.pool import Queryable
from switchboard.db.rules import AccountRules
from switchboard.rules import dryrun
from switchboard.rules.campaigns import CampaignDefinition
from switchboard.rules.ceilings import private_replies
from switchboard.rules.dryrun import DryRun, DryRunning, with_candidate
from switchboard.rules.forecast import Forecast
from switchboard.rules.rulebook import compile_rules

MOST_EVENTS: Final = 50_000
_PAGE: Final = 500
_EXAMPLES: Final = 5
_MISSED: Final = 20


class Limited(BaseModel):
    """What the hourly limit does to the private replies."""

    private_replies: int
    sent: int
    waited: int
    peak: int = Field(description="The most that waited at once.")
    longest_wait_s: float
    drain_s: float = Field(description="The longest time until nobody waited.")
    missed: int = Field(description="How many would come too late for Meta.")
    missed_events: list[UUID] = Field(description="Some of them.")

    @classmethod
    def of(cls, found: Forecast[EventId]) -> Self:
        """Return it as callers see it."""
        return cls(
            private_replies=found.jobs,
            sent=found.sent,
            waited=found.waited,
            peak=found.peak,
            longest_wait_s=found.longest.total_seconds(),
            drain_s=found.drain.total_seconds(),
            missed=len(found.missed),
            missed_events=list(found.missed[:_MISSED]),
        )


class Totals(BaseModel):
    """What one set of rules would have done: events by outcome, what is sent by kind."""

    outcomes: dict[str, int]
    sends: dict[str, int]
    by_campaign: dict[UUID, dict[str, int]]
    by_day: dict[date, dict[str, int]] = Field(description="Days in UTC.")
    people: int
    limited: Limited | None

    @classmethod
    def of(cls, found: dryrun.Totals) -> Self:
        """Return them as callers see them."""
        return cls(
            outcomes=dict(found.outcomes),
            sends=dict(found.sends),
            by_campaign={name: dict(sent) for name, sent in found.by_campaign.items()},
            by_day={day: dict(sent) for day, sent in found.by_day.items()},
            people=found.people,
            limited=Limited.of(found.limited) if found.limited else None,
        )


class Said(BaseModel):
    """One thing that would reach somebody."""

    campaign_id: UUID
    kind: str
    step: str
    content: Any


class Example(BaseModel):
    """One event that the two would have treated differently."""

    event_id: UUID
    person_id: str | None
    at: datetime
    text: str | None
    live: list[Said]
    candidate: list[Said]


class Changed(BaseModel):
    """How many get something new, nothing any more, or something else; with examples."""

    events: int
    people: int
    examples: list[Example]

    @classmethod
    def of(cls, found: dryrun.Changed) -> Self:
        """Return it as callers see it."""
        examples = [
            Example(
                event_id=one.event_id,
                person_id=one.person_id,
                at=one.at,
                text=one.text,
                live=[_said(said) for said in one.live],
                candidate=[_said(said) for said in one.candidate],
            )
            for one in found.examples
        ]
        return cls(events=found.events, people=found.people, examples=examples)


class Changes(BaseModel):
    """Who would be treated differently."""

    gains: Changed
    loses: Changed
    changes: Changed


class Try(BaseModel):
    """A campaign tried on past events, beside what is live. Nothing was sent or written."""

    days: int
    events: int
    unread: int = Field(description="Events that this release cannot read.")
    live: Totals
    candidate: Totals
    changed: Changes

    @classmethod
    def of(cls, found: DryRun, days: int) -> Self:
        """Return it as callers see it."""
        return cls(
            days=days,
            events=found.events,
            unread=found.unread,
            live=Totals.of(found.live),
            candidate=Totals.of(found.candidate),
            changed=Changes(**{kind: Changed.of(one) for kind, one in found.changed.items()}),
        )


async def try_out(
    db: Queryable,
    account: Account,
    rules: AccountRules,
    definition: CampaignDefinition,
    as_: CampaignId,
    *,
    days: int,
) -> Try:
    """
    Return what `definition` would have done, as the campaign `as_`, in the last `days`.

    Deciding is work, and is done beside the loop, so that other requests go on.

    Raises:
        Declined: More has happened than one request looks through.
    """
    until = utc_now()
    since = until - timedelta(days=days)
    await _require_few(db, account, since, until)
    live = compile_rules(rules.version, rules.campaigns, rules.intents, rules.settings, rules.posts)
    candidate = with_candidate(
        live, rules.campaigns, rules.intents, definition, as_, published_at=since
    )
    running = DryRunning(live=live, candidate=candidate)
    page: list[PastEvent] = []
    async for past in history.events(db, account=account.id, since=since, until=until):
        page.append(past)
        if len(page) == _PAGE:
            await asyncio.to_thread(_take, running, page)
            page = []
    await asyncio.to_thread(_take, running, page)
    ceiling = private_replies(account.settings.private_replies_per_hour)
    found = await asyncio.to_thread(running.result, ceiling, examples=_EXAMPLES)
    return Try.of(found, days)


def _take(running: DryRunning, page: list[PastEvent]) -> None:
    for past in page:
        running.take(past.event, past.decision)


async def _require_few(db: Queryable, account: Account, since: datetime, until: datetime) -> None:
    events = await history.count(db, account=account.id, since=since, until=until)
    if events > MOST_EVENTS:
        message = f"{events:,} events in that time; at most {MOST_EVENTS:,} are tried at once."
        raise invalid(Fault(pointer="/days", message=message))


def _said(said: dryrun.Said) -> Said:
    return Said(
        campaign_id=said.campaign_id,
        kind=said.kind,
        step=said.step,
        content=from_json(said.content),
    )
