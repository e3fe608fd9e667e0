"""`lint`, `publish`, `draft` and `campaigns`: what an owner does, with the dashboard's checks."""

from __future__ import annotations

import sys

import typer

from switchboard.cli import accounts, judging, telling
from switchboard.cli.accounts import Listed
from switchboard.cli.database import open_database, reading
from switchboard.cli.definitions import read_json
from switchboard.cli.failing import EXIT_FOUND
from switchboard.contracts import CampaignId
from switchboard.db import tenancy
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION


async def lint(
    file: str, *, account: str | None, campaign: str | None, check_media: bool, as_json: bool
) -> int:
    """Print what is wrong with the campaign in `file`; 1 if there are errors."""
    raw = read_json(file)
    around = judging.Around()
    own: CampaignId | None = None
    if account is not None:
        async with reading() as db:
            of = await accounts.account(db, account)
            own = accounts.campaign_id(campaign, "--campaign") if campaign else None
            around = await judging.around(db, of)
    verdict = await judging.judge(raw, around, own, check_media=check_media)
    if as_json:
        telling.as_json(verdict.said)
        return EXIT_FOUND if verdict.errors else 0
    judging.tell(verdict)
    if verdict.errors:
        return EXIT_FOUND
    typer.echo("It can be published." if verdict.warnings else "Nothing is wrong with it.")
    return 0


async def publish(
    file: str,
    *,
    account: str,
    name: str | None,
    campaign: str | None,
    rank: int | None,
    strict: bool,
    check_media: bool,
    as_json: bool,
) -> int:
    """Publish the campaign in `file`, unless something is wrong with it (then 1)."""
    raw = read_json(file)
    async with open_database() as db:
        of = await accounts.account(db, account)
        place = await judging.place(db, of, campaign=campaign, name=name, rank=rank)
        own = place.id if campaign else None
        verdict = await judging.judge(
            raw, await judging.around(db, of), own, check_media=check_media
        )
        told = {"published": False, "campaign_id": own, "findings": verdict.said}
        if not as_json:
            judging.tell(verdict)
        if verdict.definition is None or verdict.errors:
            return _not_published("mend the errors first", told if as_json else None)
        if verdict.warnings and strict:
            what_to_do = "mend the warnings, or publish without --strict"
            return _not_published(what_to_do, told if as_json else None)
        version = await tenancy.publish_campaign(
            db,
            place.id,
            workspace=of.workspace_id,
            account=of.id,
            name=place.name,
            rank=place.rank,
            definition=verdict.definition,
        )
    telling.done(
        told | {"published": True, "campaign_id": place.id, "version": version},
        f"{place.name} is live, version {version}. Its id is {place.id}.",
        as_json=as_json,
    )
    return 0


async def pause(campaign: str, *, as_json: bool) -> int:
    """Let a campaign start nothing any more; what is under way with people goes on."""
    wanted = accounts.campaign_id(campaign, "CAMPAIGN")
    async with open_database() as db:
        workspace = await accounts.workspace_of(db, wanted)
        await tenancy.pause_campaign(db, wanted, workspace=workspace)
    telling.done(
        {"campaign_id": wanted, "status": "paused"},
        "It is paused. `switchboard publish --campaign` makes it answer again.",
        as_json=as_json,
    )
    return 0


async def save_draft(
    file: str,
    *,
    account: str,
    name: str | None,
    campaign: str | None,
    rank: int | None,
    as_json: bool,
) -> int:
    """Keep the JSON in `file` as a campaign's draft; it need not make sense yet."""
    raw = read_json(file)
    async with open_database() as db:
        of = await accounts.account(db, account)
        place = await judging.place(db, of, campaign=campaign, name=name, rank=rank)
        await tenancy.save_draft(
            db,
            place.id,
            workspace=of.workspace_id,
            account=of.id,
            name=place.name,
            rank=place.rank,
            draft=raw,
        )
    telling.done(
        {"campaign_id": place.id, "name": place.name},
        f"The draft of {place.name} is kept. Its id is {place.id}.",
        as_json=as_json,
    )
    return 0


async def show_draft(campaign: str) -> int:
    """Print a campaign's draft, as `lint` and `publish` read it."""
    wanted = accounts.campaign_id(campaign, "CAMPAIGN")
    async with reading() as db:
        draft = await accounts.draft(db, wanted)
    telling.as_json(draft)
    return 0


async def campaigns(account: str, *, as_json: bool) -> int:
    """Print an account's campaigns in the owner's order."""
    async with reading() as db:
        of = await accounts.account(db, account)
        listed = await accounts.campaigns(db, of.id)
    if as_json:
        telling.as_json(listed)
    elif not listed:
        typer.echo("The account has no campaigns.")
    else:
        head = ("campaign", "id", "rank", "status", "version", "published", "draft")
        telling.columns([head, *map(_row, listed)])
    return 0


def schema() -> None:
    """Print the JSON schema of a campaign's definition."""
    telling.as_json(CAMPAIGN_DEFINITION.json_schema())


def _not_published(what_to_do: str, told: object | None) -> int:
    if told is not None:
        telling.as_json(told)
    sys.stderr.write(f"switchboard: not published; {what_to_do}\n")
    return EXIT_FOUND


def _row(one: Listed) -> tuple[object, ...]:
    version = "-" if one.live_version is None else one.live_version
    published = "-" if one.published_at is None else f"{one.published_at:%Y-%m-%d %H:%M}"
    draft = "yes" if one.has_draft else "-"
    return one.name, one.id, one.rank, one.status, version, published, draft
