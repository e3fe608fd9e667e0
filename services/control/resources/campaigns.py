"""Campaigns: what is written, what is said against it, what it would do, and what answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticSerializationError, to_json

from services.control.asked import Body, Id
from services.control.envelope import READS_ONLY, Tx, Who, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Declined, Fault, conflict, forbidden, invalid, not_found
from services.control.repeats import IdempotencyKey
from services.control.resources.accounts import required as required_account
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from services.control.tries import Try, try_out
from services.control.verdicts import CampaignFinding, Verdict, judge
from switchboard.contracts import CampaignId
from switchboard.db import campaigns, rules
from switchboard.db.accounts import Account
from switchboard.db.campaigns import Status
from switchboard.db.rules import AccountRules
from switchboard.exporting import campaign_files as files
from switchboard.exporting.campaign_files import CampaignFile

router = resource("", "campaigns")

_BY_RANK = Cursors[tuple[int, UUID]](tuple[int, UUID])
_BY_VERSION = Cursors[int](int)
_MOST_BYTES = 1_048_576
_MOST_CAMPAIGNS = 1_000
# What is read from YAML is described as what is read from JSON, which is the model's.
_YAML = {files.MEDIA_TYPES["yaml"]: {"schema": {"$ref": "#/components/schemas/CampaignFile"}}}


def _storable(definition: dict[str, Any]) -> dict[str, Any]:
    try:
        size_bytes = len(to_json(definition))
    except (PydanticSerializationError, UnicodeEncodeError):
        raise ValueError("it holds something that is no JSON") from None
    if size_bytes > _MOST_BYTES:
        raise ValueError(f"it has {size_bytes} bytes, and may have {_MOST_BYTES}")
    return definition


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Written = Annotated[dict[str, Any], AfterValidator(_storable)]


class CampaignListed(BaseModel):
    """A campaign, as a list shows it."""

    id: UUID
    workspace_id: UUID
    account_id: UUID
    name: str
    rank: int = Field(description="Its place in the order, the least first.")
    status: Status
    live_version: int | None
    published_at: datetime | None
    has_draft: bool
    next_media_id: str | None = Field(description="The next post, where it has found it.")
    revision: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stored: campaigns.Campaign) -> Self:
        """Return it as callers see it."""
        fields = {name: getattr(stored, name, None) for name in cls.model_fields}
        return cls.model_validate(fields | {"has_draft": stored.draft is not None})


class Campaign(CampaignListed):
    """A campaign, with what answers and what is being written."""

    live: dict[str, Any] | None = Field(description="The definition of `live_version`.")
    draft: dict[str, Any] | None = Field(description="What follows it; null: nothing is written.")


class CampaignWanted(Body):
    """A campaign to begin."""

    name: Name
    draft: Written | None = None


class CampaignRenamed(Body):
    """What a campaign is to be called."""

    name: Name


class DraftWanted(Body):
    """What is being written; it need not make sense yet. Null: nothing is."""

    draft: Written | None


class DefinitionAsked(Body):
    """What is to be looked at; left out: the draft, or else what was published."""

    definition: Written | None = None


class DefinitionGiven(Body):
    """What is to be looked at, and is stored nowhere."""

    definition: Written


class Days(Body):
    """On the events of how many days something is to be tried."""

    days: int = Field(7, ge=1, le=366)


class TryAsked(DefinitionAsked, Days):
    """What is to be tried on the events of the last days."""


class TryGiven(DefinitionGiven, Days):
    """What is to be tried on the events of the last days, and is stored nowhere."""


class Publishing(Body):
    """What is to answer; left out: the draft."""

    definition: Written | None = None
    strict: bool = Field(default=False, description="Not if there are warnings, either.")


class CopyWanted(Body):
    """What a copy is called, and which account it is for; left out: the same one."""

    name: Name
    account_id: Id | None = None


class OrderWanted(Body):
    """All of an account's campaigns, the first to be looked at first."""

    campaign_ids: list[Id] = Field(max_length=_MOST_CAMPAIGNS)


class FileGiven(Body):
    """A campaign's file, as exporting gave it: YAML or JSON."""

    content: str = Field(max_length=files.MOST_CHARACTERS)


class VersionListed(BaseModel):
    """What was published once."""

    version: int
    published_at: datetime
    published_by: UUID | None = Field(description="A user, or an API key.")


class Version(VersionListed):
    """What was published once, whole."""

    definition: dict[str, Any]


@router.get("/accounts/{account_id}/campaigns")
async def list_campaigns(
    account_id: UUID, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[CampaignListed]:
    """List an account's campaigns in the owner's order."""
    await required_account(tx, account_id)
    after = _BY_RANK.read(cursor)
    found = await campaigns.of_account(tx, account_id, after=after, limit=limit + 1)
    return _BY_RANK.page(found, limit, lambda one: (one.rank, one.id), CampaignListed.of)


@router.post("/accounts/{account_id}/campaigns", status_code=HTTPStatus.CREATED)
async def create_campaign(
    account_id: UUID,
    wanted: CampaignWanted,
    tx: Tx,
    response: Response,
    _key: IdempotencyKey = None,
) -> Campaign:
    """Begin a campaign, behind the account's others. It answers once it is published."""
    return await _begun(tx, account_id, wanted.name, wanted.draft, response)


@router.put("/accounts/{account_id}/campaigns/order")
async def order_campaigns(account_id: UUID, wanted: OrderWanted, tx: Tx) -> Page[CampaignListed]:
    """Put all of an account's campaigns in order."""
    await required_account(tx, account_id)
    known = set(map(UUID, await campaigns.names(tx, account_id)))
    if known != set(wanted.campaign_ids) or len(known) != len(wanted.campaign_ids):
        raise conflict("These are not the account's campaigns, each once; list them again.")
    ordered = [CampaignId(one) for one in wanted.campaign_ids]
    if await campaigns.put_in_order(tx, account_id, ordered) != len(ordered):
        raise forbidden()
    found = await campaigns.of_account(tx, account_id, after=None, limit=_MOST_CAMPAIGNS)
    return Page(items=[CampaignListed.of(one) for one in found])


@router.post("/accounts/{account_id}/campaigns/import", status_code=HTTPStatus.CREATED)
async def import_campaign(
    account_id: UUID, given: FileGiven, tx: Tx, response: Response, _key: IdempotencyKey = None
) -> Campaign:
    """Begin a campaign with what a file says as its draft."""
    try:
        file = files.read(given.content)
    except files.NotAFile as wrong:
        raise invalid(Fault(pointer="/content", message=str(wrong))) from None
    return await _begun(tx, account_id, file.name, file.definition, response)


@router.post("/accounts/{account_id}/campaigns/lint", openapi_extra=READS_ONLY)
async def lint_definition(account_id: UUID, asked: DefinitionGiven, tx: Tx) -> Verdict:
    """Tell what is wrong with a campaign that is not stored, beside the account's others."""
    account = await required_account(tx, account_id)
    _, verdict = judge(
        asked.definition,
        await _rules(tx, account),
        names=await campaigns.names(tx, account_id),
    )
    return verdict


@router.get("/campaigns/{campaign_id}")
async def read_campaign(campaign_id: UUID, tx: Tx, response: Response) -> Campaign:
    """Read a campaign."""
    found = await _required(tx, campaign_id)
    tag(response, found.revision)
    return Campaign.of(found)


@router.patch("/campaigns/{campaign_id}", responses=EDITED)
async def rename_campaign(
    campaign_id: UUID,
    wanted: CampaignRenamed,
    *,
    tx: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Campaign:
    """Rename a campaign."""
    stored = await _required(tx, campaign_id)
    _require(if_match, stored, wanted.model_dump(mode="json"))
    if not await campaigns.rename(tx, stored.id, wanted.name, revision=stored.revision):
        raise await _unwritten(tx, stored)
    return await read_campaign(campaign_id, tx, response)


@router.delete("/campaigns/{campaign_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_campaign(campaign_id: UUID, tx: Tx) -> None:
    """Delete a campaign that was never published; what has answered is kept, and can be paused."""
    stored = await _required(tx, campaign_id)
    if await campaigns.versions(tx, stored.id, before=None, limit=1):
        raise conflict("It has been published, and decisions refer to it; pause it instead.")
    if not await campaigns.remove(tx, stored.id):
        raise forbidden()


@router.put("/campaigns/{campaign_id}/draft", responses=EDITED)
async def save_draft(
    campaign_id: UUID,
    wanted: DraftWanted,
    *,
    tx: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Campaign:
    """Keep what is being written, which answers nothing until it is published."""
    stored = await _required(tx, campaign_id)
    _require(if_match, stored, wanted.model_dump(mode="json"))
    if not await campaigns.save_draft(tx, stored.id, wanted.draft, revision=stored.revision):
        raise await _unwritten(tx, stored)
    return await read_campaign(campaign_id, tx, response)


@router.post("/campaigns/{campaign_id}/lint", openapi_extra=READS_ONLY)
async def lint_campaign(campaign_id: UUID, asked: DefinitionAsked, tx: Tx) -> Verdict:
    """Tell what is wrong with a campaign, beside the account's others."""
    stored = await _required(tx, campaign_id)
    account = await required_account(tx, stored.account_id)
    raw = asked.definition if asked.definition is not None else stored.latest or {}
    names = await campaigns.names(tx, account.id)
    _, verdict = judge(raw, await _rules(tx, account), own=stored.id, names=names)
    return verdict


@router.post("/campaigns/{campaign_id}/dry-run", openapi_extra=READS_ONLY)
async def try_campaign(campaign_id: UUID, asked: TryAsked, tx: Tx) -> Try:
    """Tell what a campaign would have done with the last days' events, beside what is live."""
    stored = await _required(tx, campaign_id)
    raw = asked.definition if asked.definition is not None else stored.latest
    return await _tried(tx, stored.account_id, raw or {}, stored.id, asked.days)


@router.post("/accounts/{account_id}/campaigns/dry-run", openapi_extra=READS_ONLY)
async def try_definition(account_id: UUID, asked: TryGiven, tx: Tx) -> Try:
    """Tell what a campaign that is not stored would have done, as a new one."""
    return await _tried(tx, account_id, asked.definition, CampaignId(uuid4()), asked.days)


@router.post("/campaigns/{campaign_id}/publish", responses=EDITED)
async def publish_campaign(
    campaign_id: UUID,
    asked: Publishing,
    *,
    tx: Tx,
    who: Who,
    response: Response,
    if_match: IfMatch = None,
) -> Campaign:
    """Make a campaign, or what follows it, answer from now on; errors hold it back."""
    stored = await _required(tx, campaign_id)
    raw = asked.definition if asked.definition is not None else stored.latest
    _require(if_match, stored, {"live": raw, "draft": None})
    account = await required_account(tx, stored.account_id)
    names = await campaigns.names(tx, account.id)
    definition, verdict = judge(raw or {}, await _rules(tx, account), own=stored.id, names=names)
    against = verdict.findings if asked.strict else verdict.errors
    if definition is None or against:
        raise _held_back(against)
    if await campaigns.publish(tx, stored, definition, by=who.user_id) is None:
        raise await _unwritten(tx, stored)
    return await read_campaign(campaign_id, tx, response)


@router.post("/campaigns/{campaign_id}/pause")
async def pause_campaign(campaign_id: UUID, tx: Tx, response: Response) -> Campaign:
    """Let a campaign start nothing any more; what is under way with people goes on."""
    return await _turned(tx, campaign_id, "live", "paused", response)


@router.post("/campaigns/{campaign_id}/resume")
async def resume_campaign(campaign_id: UUID, tx: Tx, response: Response) -> Campaign:
    """Let a campaign that is paused answer again, as it did."""
    return await _turned(tx, campaign_id, "paused", "live", response)


@router.post("/campaigns/{campaign_id}/duplicate", status_code=HTTPStatus.CREATED)
async def duplicate_campaign(
    campaign_id: UUID, wanted: CopyWanted, tx: Tx, response: Response, _key: IdempotencyKey = None
) -> Campaign:
    """Begin a campaign that says what another one says."""
    stored = await _required(tx, campaign_id)
    account_id = wanted.account_id or stored.account_id
    return await _begun(tx, account_id, wanted.name, stored.latest, response)


@router.get(
    "/campaigns/{campaign_id}/file",
    response_class=Response,
    responses={200: {"model": CampaignFile, "content": _YAML}},
)
async def export_campaign(
    campaign_id: UUID, tx: Tx, form: Annotated[files.Form, Query(alias="format")] = "yaml"
) -> Response:
    """Give a campaign as a file: its draft, or else what was published."""
    stored = await _required(tx, campaign_id)
    file = CampaignFile(name=stored.name, definition=dict(stored.latest or {}))
    disposition = f'attachment; filename="campaign-{stored.id}.{form}"'
    return Response(
        files.write(file, form),
        media_type=files.MEDIA_TYPES[form],
        headers={"Content-Disposition": disposition},
    )


@router.get("/campaigns/{campaign_id}/versions")
async def list_versions(
    campaign_id: UUID, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[VersionListed]:
    """List what was published, the newest first."""
    stored = await _required(tx, campaign_id)
    before = _BY_VERSION.read(cursor)
    found = await campaigns.versions(tx, stored.id, before=before, limit=limit + 1)
    return _BY_VERSION.page(
        found,
        limit,
        lambda one: one.version,
        lambda one: VersionListed.model_validate(one, from_attributes=True),
    )


@router.get("/campaigns/{campaign_id}/versions/{version}")
async def read_version(
    campaign_id: UUID, version: Annotated[int, Field(ge=1, lt=2**31)], tx: Tx
) -> Version:
    """Read what was published once."""
    stored = await _required(tx, campaign_id)
    found = await campaigns.version(tx, stored.id, version)
    if found is None:
        raise not_found("version")
    return Version.model_validate(found, from_attributes=True)


async def _required(tx: Tx, campaign_id: UUID) -> campaigns.Campaign:
    found = await campaigns.find(tx, CampaignId(campaign_id))
    if found is None:
        raise not_found("campaign")
    return found


async def _begun(tx: Tx, account_id: UUID, name: str, draft: Any, response: Response) -> Campaign:
    account = await required_account(tx, account_id)
    begun = await campaigns.create(
        tx, workspace=account.workspace_id, account=account.id, name=name, draft=draft
    )
    response.headers["Location"] = f"/v1/campaigns/{begun}"
    return await read_campaign(begun, tx, response)


async def _turned(
    tx: Tx, campaign_id: UUID, before: Status, after: Status, response: Response
) -> Campaign:
    """Turn what is `before` into `after`; what is that already stays so."""
    stored = await _required(tx, campaign_id)
    if stored.status not in {before, after}:
        raise conflict("It has never been published.")
    turned = stored.status == after or await campaigns.set_status(
        tx, stored.id, before=before, after=after
    )
    if not turned:
        raise await _unwritten(tx, stored)
    return await read_campaign(campaign_id, tx, response)


async def _tried(
    tx: Tx, account_id: UUID, raw: Mapping[str, Any], as_: CampaignId, days: int
) -> Try:
    account = await required_account(tx, account_id)
    own = await _rules(tx, account)
    if own is None:
        raise conflict("The account is not connected, so nothing of it is live.")
    names = await campaigns.names(tx, account_id)
    definition, verdict = judge(raw, own, own=as_, names=names)
    if definition is None:
        raise _held_back(verdict.errors)
    return await try_out(tx, account, own, definition, as_, days=days)


async def _rules(tx: Tx, account: Account) -> AccountRules | None:
    """Return what the account answers with; `None` while it is not connected."""
    if account.status == "disconnected":
        return None
    loaded = await rules.load(tx, [account.instagram_id])
    return loaded[0] if loaded else None


def _held_back(findings: list[CampaignFinding]) -> Declined:
    faults = [one.fault("definition") for one in findings]
    what = "One thing is" if len(faults) == 1 else f"{len(faults)} things are"
    return Declined("invalid", f"{what} to be mended first.", errors=faults)


def _require(if_match: str | None, stored: campaigns.Campaign, yours: dict[str, Any]) -> None:
    seen = Campaign.of(stored).model_dump(mode="json")
    require(if_match, revision=stored.revision, stored=seen, yours=yours)


async def _unwritten(tx: Tx, stored: campaigns.Campaign) -> Declined:
    now = await campaigns.find(tx, stored.id)
    return unwritten(stored, now, "Only an editor changes campaigns.")
