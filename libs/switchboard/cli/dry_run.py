"""`dry-run`: what a campaign would have done with the last days' events, beside the live ones."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final
from uuid import uuid4

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.accounts import Account
from switchboard.cli.changing import tell_changes
from switchboard.cli.database import reading
from switchboard.cli.definitions import read_definition
from switchboard.cli.failing import CannotDo
from switchboard.cli.progress import counting
from switchboard.clock import utc_now
from switchboard.contracts import CampaignId, EventId
from switchboard.db import history, rules
from switchboard.db.pool import Queryable
from switchboard.rules.campaigns import CampaignDefinition
from switchboard.rules.ceilings import Ceiling, private_replies
from switchboard.rules.delays import Delay
from switchboard.rules.dryrun import DryRun, DryRunning, Totals, with_candidate
from switchboard.rules.forecast import Forecast
from switchboard.rules.rulebook import compile_rules
from switchboard.rules.sentences import KINDS

_EXAMPLES: Final = 5
_MAX_MISSED: Final = 10  # of those who get nothing in time; all are counted
_OUTCOMES: Final = {
    "matched": "answered",
    "no_match": "nothing applied",
    "ignored": "not for answering",
    "asked": "would be asked about, and nobody knows",
}


async def dry_run(
    file: str, *, account: str, days: int, campaign: str | None, as_json: bool
) -> int:
    """Print what the campaign in `file` would have done, and what it changes."""
    definition = read_definition(file)
    as_ = CampaignId(uuid4()) if campaign is None else accounts.campaign_id(campaign, "--campaign")
    async with reading() as db:
        of = await accounts.account(db, account)
        if campaign is not None:
            accounts.named(await accounts.campaigns(db, of.id), as_, "--campaign")
        found, delay = await _run(db, of, definition, as_, days)
        names = await accounts.names(db, [*found.live.by_campaign, *found.candidate.by_campaign])
    if as_json:
        telling.as_json(found)
    else:
        _tell(found, names, days, private_replies(of.private_replies_per_hour))
        telling.lines(_delayed(delay), indent="")
        typer.echo("Nothing was sent or written.")
    return 0


async def _run(
    db: Queryable, of: Account, definition: CampaignDefinition, as_: CampaignId, days: int
) -> tuple[DryRun, Delay]:
    loaded = await rules.load(db, [of.instagram_id])
    if not loaded:
        raise CannotDo(f"--account: {of.username} is not connected, so nothing of it is live")
    own, until = loaded[0], utc_now()
    since = until - timedelta(days=days)
    live = compile_rules(own.version, own.campaigns, own.intents, own.settings, own.posts)
    candidate = with_candidate(
        live, own.campaigns, own.intents, definition, as_, published_at=since
    )
    running = DryRunning(live=live, candidate=candidate)
    total = await history.count(db, account=of.id, since=since, until=until)
    gc.freeze()  # the rules live as long as the run: no use looking through them again and again
    with counting("tried", total) as count:
        async for past in history.events(db, account=of.id, since=since, until=until):
            running.take(past.event, past.decision)
            count()
    found = running.result(private_replies(of.private_replies_per_hour), examples=_EXAMPLES)
    return found, own.settings.delay


def _tell(found: DryRun, names: Mapping[str, str], days: int, ceiling: Ceiling) -> None:
    telling.heading(f"{found.events:,} events of the last {days} days")
    if found.unread:
        typer.echo(f"{found.unread:,} more could not be read")
    telling.columns([("", "now", "then"), *_totals(found.live, found.candidate)])
    telling.heading("By campaign")
    telling.columns([("", "now", "then"), *_by_campaign(found, names)])
    telling.heading("By day (UTC)")
    telling.columns([("", "now", "then"), *_by_day(found)])
    tell_changes(found.changed, names)
    telling.heading(f"With at most {ceiling.most} private replies an hour")
    telling.columns([("", "now", "then"), *_limited(found.live.limited, found.candidate.limited)])
    telling.lines(_missed(found.candidate.limited))


def _totals(live: Totals, candidate: Totals) -> Iterator[tuple[object, ...]]:
    for outcome, told in _OUTCOMES.items():
        yield told, f"{live.outcomes[outcome]:,}", f"{candidate.outcomes[outcome]:,}"
    for kind, told in KINDS.items():
        if live.sends[kind] or candidate.sends[kind]:
            yield f"{told}, each", f"{live.sends[kind]:,}", f"{candidate.sends[kind]:,}"
    yield "people answered", f"{live.people:,}", f"{candidate.people:,}"


def _by_campaign(found: DryRun, names: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    live, candidate = found.live.by_campaign, found.candidate.by_campaign
    for campaign_id in sorted({*live, *candidate}):
        name = names.get(str(campaign_id), "the new campaign")
        sent = [sides.get(campaign_id) for sides in (live, candidate)]
        yield name, *(f"{0 if one is None else one.total():,}" for one in sent)


def _by_day(found: DryRun) -> Iterator[tuple[object, ...]]:
    live, candidate = found.live.by_day, found.candidate.by_day
    for day in sorted({*live, *candidate}):
        sent = [sides.get(day) for sides in (live, candidate)]
        yield day, *(f"{0 if one is None else one.total():,}" for one in sent)


def _limited(
    live: Forecast[EventId] | None, candidate: Forecast[EventId] | None
) -> Iterator[tuple[object, ...]]:
    if live is None or candidate is None:
        return
    both = (live, candidate)
    yield "private replies", *(f"{one.jobs:,}" for one in both)
    yield "had to wait", *(f"{one.waited:,}" for one in both)
    yield "most waiting at once", *(f"{one.peak:,}" for one in both)
    yield "longest wait", *(_short(one.longest) for one in both)
    yield "longest time until nobody waits", *(_short(one.drain) for one in both)
    yield "too late for Meta", *(f"{len(one.missed):,}" for one in both)


def _missed(candidate: Forecast[EventId] | None) -> Iterator[str]:
    missed = () if candidate is None else candidate.missed
    for event_id in missed[:_MAX_MISSED]:
        yield f"too late: event {event_id}"
    if len(missed) > _MAX_MISSED:
        yield f"and {len(missed) - _MAX_MISSED:,} more"


def _delayed(delay: Delay) -> Iterator[str]:
    if delay.most:
        span = f"{_short(delay.least)} to {_short(delay.most)}"
        yield f"What is said goes {span} later than at once, as the account's owner wants it."


def _short(duration: timedelta) -> str:
    """Return a duration without fractions of a second."""
    return str(timedelta(seconds=round(duration.total_seconds())))
