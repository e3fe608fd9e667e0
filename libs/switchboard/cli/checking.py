"""`lint`, `publish`, `draft` and `campaigns`: what an owner does, with the dashboard's checks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.accounts import Account, Listed
from switchboard.cli.database import open_database, reading
from switchboard.cli.definitions import read_json
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.cli.media import Probed, probe
from switchboard.contracts import CampaignId, IntentOption
from switchboard.db import rules, tenancy
from switchboard.db.pool import Queryable
from switchboard.rules import publishing
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, Campaign, CampaignDefinition


async def lint(
    file: str, *, account: str | None, campaign: str | None, check_media: bool, as_json: bool
) -> int:
    """Print what is wrong with the campaign in `file`; 1 if there are errors."""
    raw = read_json(file)
    around = _Around()
    own: CampaignId | None = None
    if account is not None:
        async with reading() as db:
            of = await accounts.account(db, account)
            own = accounts.campaign_id(campaign, "--campaign") if campaign else None
            around = await _around(db, of)
    verdict = await _judge(raw, around, own, check_media=check_media)
    if as_json:
        telling.as_json(verdict.said)
        return EXIT_FOUND if verdict.errors else 0
    _tell(verdict)
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
        place = await _place(db, of, campaign=campaign, name=name, rank=rank)
        own = place.id if campaign else None
        verdict = await _judge(raw, await _around(db, of), own, check_media=check_media)
        told = {"published": False, "campaign_id": own, "findings": verdict.said}
        if not as_json:
            _tell(verdict)
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
        place = await _place(db, of, campaign=campaign, name=name, rank=rank)
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


@dataclass(frozen=True, slots=True)
class _Saying:
    """One thing that is wrong, and where; `path` is empty where it is no campaign at all."""

    severity: str
    path: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was said of a definition, the worst first; `definition` is `None` where it is none."""

    definition: CampaignDefinition | None
    said: Sequence[_Saying]

    @property
    def errors(self) -> int:
        """How many keep it from being published."""
        return sum(one.severity == "error" for one in self.said)

    @property
    def warnings(self) -> int:
        """How many do not."""
        return len(self.said) - self.errors


@dataclass(frozen=True, slots=True)
class _Around:
    """
    An account's other campaigns, those that are live and all by name; its delay, and its intents
    (`None`: nobody knows them).
    """

    live: Sequence[Campaign] = ()
    listed: Sequence[Listed] = ()
    delay: timedelta = timedelta()
    intents: Sequence[IntentOption] | None = None


async def _around(db: Queryable, of: Account) -> _Around:
    loaded = await rules.load(db, [of.instagram_id])
    listed = await accounts.campaigns(db, of.id)
    if not loaded:
        return _Around(listed=listed)
    own = loaded[0]
    return _Around(own.campaigns, listed, own.settings.delay.most, own.intents)


async def _judge(
    raw: object, around: _Around, own: CampaignId | None, *, check_media: bool
) -> _Verdict:
    """Return everything that is wrong with `raw`, the worst first, campaigns by their names."""
    try:
        definition = publishing.read_definition(raw)
    except publishing.Invalid as invalid:
        return _Verdict(None, [_Saying("error", "", str(one), "") for one in invalid.faults])
    probed = await probe(definition) if check_media else Probed({}, ())
    checked = publishing.check(
        raw,
        around.live,
        own=own,
        media=probed.found,
        delay=around.delay,
        intents=around.intents,
    )
    names = {str(one.id): one.name for one in around.listed}
    said = [
        _Saying(one.severity, one.path, publishing.with_names(one.message, names), str(one.code))
        for one in checked.findings
    ]
    said += [
        _Saying("error", path, f"nobody can fetch it: {why}", "")
        for path, why in probed.unreachable
    ]
    return _Verdict(definition, sorted(said, key=lambda one: one.severity))


def _tell(verdict: _Verdict) -> None:
    for one in verdict.said:
        where = f"{one.path}: " if one.path else ""
        code = f" [{one.code}]" if one.code else ""
        telling.lines([f"{one.severity}: {where}{one.message}{code}"], indent="")


def _not_published(what_to_do: str, told: object | None) -> int:
    if told is not None:
        telling.as_json(told)
    sys.stderr.write(f"switchboard: not published; {what_to_do}\n")
    return EXIT_FOUND


@dataclass(frozen=True, slots=True)
class _Place:
    """Which campaign it is, or will be: its id, name and rank."""

    id: CampaignId
    name: str
    rank: int


async def _place(
    db: Queryable, of: Account, *, campaign: str | None, name: str | None, rank: int | None
) -> _Place:
    """Return the place of an existing campaign, or of a new one behind the others."""
    listed = await accounts.campaigns(db, of.id)
    if campaign is not None:
        wanted = accounts.campaign_id(campaign, "--campaign")
        known = accounts.named(listed, wanted, "--campaign")
        return _Place(known.id, name or known.name, known.rank if rank is None else rank)
    if not name:
        raise CannotDo("--name: a new campaign needs one; or give --campaign for a known one")
    same = next((one for one in listed if one.name == name), None)
    if same is not None:
        raise CannotDo(f"--name: there is a campaign called {name!r}; give --campaign {same.id}")
    last = max((one.rank for one in listed), default=0)
    return _Place(CampaignId(uuid4()), name, last + 1 if rank is None else rank)


def _row(one: Listed) -> tuple[object, ...]:
    version = "-" if one.live_version is None else one.live_version
    published = "-" if one.published_at is None else f"{one.published_at:%Y-%m-%d %H:%M}"
    draft = "yes" if one.has_draft else "-"
    return one.name, one.id, one.rank, one.status, version, published, draft
