"""Instagram accounts: whether they are well, and what their owners set."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.control.asked import Body, Moment
from services.control.envelope import Tx, Who, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import not_found
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from services.control.within import Within
from switchboard.contracts import WorkspaceId
from switchboard.db import accounts, alerts, holds, workspaces
from switchboard.db.accounts import OwnersSettings, Served, Status
from switchboard.rules.alerts import AlertKind, Audience, told
from switchboard.rules.ceilings import PRIVATE_REPLIES_MOST, SENDS_MOST
from switchboard.rules.sentences import sentence_of

router = resource("", "accounts")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])
_DAY_S = 86_400
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Settings(BaseModel):
    """What an account's owner sets for all of its campaigns."""

    time_zone: str = Field(description="IANA's name: what business hours are in.")
    takeover_s: int = Field(description="Silence towards somebody the owner writes to by hand.")
    paused_until: datetime | None = Field(description="Silence towards everybody until then.")
    first_served: Served = Field(description="Who goes first while there are too many.")
    reply_delay_min_s: int = Field(description="Replies go so much later than they could,")
    reply_delay_max_s: int = Field(description="and at most so much.")
    private_replies_per_hour: int
    sends_per_second: int
    intent_threshold: float | None = Field(
        description="An answer of the classifier less sure than this is none."
    )

    @classmethod
    def of(cls, stored: OwnersSettings) -> Self:
        """Return them as callers see them."""
        return cls(
            time_zone=stored.time_zone,
            takeover_s=_seconds(stored.takeover),
            paused_until=stored.paused_until,
            first_served=stored.first_served,
            reply_delay_min_s=_seconds(stored.reply_delay_min),
            reply_delay_max_s=_seconds(stored.reply_delay_max),
            private_replies_per_hour=stored.private_replies_per_hour,
            sends_per_second=stored.sends_per_second,
            intent_threshold=stored.intent_threshold,
        )


class SettingsWanted(Body):
    """Settings as somebody wants them to be; what is left out stays as it is."""

    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    takeover_s: int = Field(43_200, gt=0, le=366 * _DAY_S)
    paused_until: Moment | None = Field(None, ge=_EARLIEST, lt=_LATEST)
    first_served: Served = "deadline"
    reply_delay_min_s: int = Field(0, ge=0, le=3_600)
    reply_delay_max_s: int = Field(0, ge=0, le=3_600)
    private_replies_per_hour: int = Field(PRIVATE_REPLIES_MOST, ge=1, le=750)
    sends_per_second: int = Field(SENDS_MOST, ge=1, le=100)
    intent_threshold: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _least_is_least(self) -> Self:
        both = {"reply_delay_min_s", "reply_delay_max_s"} <= self.model_fields_set
        if both and self.reply_delay_min_s > self.reply_delay_max_s:
            raise ValueError("reply_delay_min_s is more than reply_delay_max_s")
        return self

    def wanted(self) -> dict[str, Any]:
        """Return what was said, and nothing else."""
        return self.model_dump(exclude_unset=True)

    def over(self, stored: OwnersSettings) -> OwnersSettings:
        """Return what `stored` becomes."""
        changes = self.wanted()
        for name in ("takeover", "reply_delay_min", "reply_delay_max"):
            if f"{name}_s" in changes:
                changes[name] = timedelta(seconds=changes.pop(f"{name}_s"))
        return replace(stored, **changes)


class Hold(BaseModel):
    """Meta restricts the account: nothing is sent until then, and then one delivery is tried."""

    until: datetime | None
    reason: str | None
    sentence: str = Field(description="The reason, for people.")
    times: int = Field(description="How often in a row.")


class Account(BaseModel):
    """An Instagram account of a workspace."""

    id: UUID
    workspace_id: UUID
    instagram_id: str
    username: str
    status: Status
    hold: Hold | None
    proved_at: datetime | None = Field(description="When Meta first took something of it.")
    settings: Settings
    revision: int
    created_at: datetime

    @classmethod
    def of(cls, stored: accounts.Account) -> Self:
        """Return it as callers see it."""
        return cls(
            id=stored.id,
            workspace_id=stored.workspace_id,
            instagram_id=stored.instagram_id,
            username=stored.username,
            status=stored.status,
            hold=_hold(stored),
            proved_at=stored.proved_at,
            settings=Settings.of(stored.settings),
            revision=stored.revision,
            created_at=stored.created_at,
        )


class Alert(BaseModel):
    """Something about an account that a person should know or do, while it is true."""

    id: UUID
    account_id: UUID
    kind: AlertKind
    subject: str
    says: str
    do: str
    audience: Audience
    raised_at: datetime
    resolved_at: datetime | None = Field(description="Null: it is still true.")


class AccountHealth(BaseModel):
    """How an account is: connected how, what is open, what is owed, and how fast it may go."""

    status: Status
    hold: Hold | None
    token_ends_at: datetime | None = Field(
        description="When its access ends unless it is refreshed, as it is; null: not known."
    )
    permissions: list[str] | None = Field(description="What its owner granted; null: not known.")
    subscribed_fields: list[str] | None = Field(
        description="The webhooks that Instagram sends of it; null: not known."
    )
    probed_at: datetime | None = Field(description="When these two were last seen.")
    last_event_at: datetime | None = Field(description="When anything last came; null: never.")
    alerts: list[Alert]
    owed: dict[str, int] = Field(description="Deliveries that are not over, by state.")
    private_replies_per_hour: int
    sends_per_second: int


@router.get("/workspaces/{workspace_id}/accounts")
async def list_accounts(
    workspace_id: UUID, tx: Tx, who: Who, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Account]:
    """List a workspace's Instagram accounts, the one connected first first."""
    workspace = WorkspaceId(workspace_id)
    if await workspaces.find(tx, who.user_id, workspace) is None:
        raise not_found("workspace")
    after = _CURSORS.read(cursor)
    found = await accounts.of_workspace(tx, workspace, after=after, limit=limit + 1)
    return _CURSORS.page(found, limit, lambda one: (one.created_at, one.id), Account.of)


@router.get("/workspaces/{workspace_id}/alerts")
async def list_alerts(
    workspace: Within,
    tx: Tx,
    *,
    account_id: UUID | None = None,
    with_over: Annotated[bool, Query(description="Those that are over, too.")] = False,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Alert]:
    """List what somebody should know or do about a workspace's accounts, raised last first."""
    found = await alerts.of_workspace(
        tx,
        workspace,
        with_over=with_over,
        account=account_id,
        after=_CURSORS.read(cursor),
        limit=limit + 1,
    )
    return _CURSORS.page(found, limit, lambda one: (one.raised_at, one.id), _alert)


@router.get("/accounts/{account_id}")
async def read_account(account_id: UUID, tx: Tx, response: Response) -> Account:
    """Read an account."""
    found = await required(tx, account_id)
    tag(response, found.revision)
    return Account.of(found)


@router.get("/accounts/{account_id}/health")
async def read_account_health(account_id: UUID, tx: Tx) -> AccountHealth:
    """Read how an account is, and what is to be done about it."""
    found = await required(tx, account_id)
    opened = await alerts.open_alerts(tx, account_id)
    return AccountHealth(
        status=found.status,
        hold=_hold(found),
        **asdict(await accounts.connection(tx, account_id)),
        alerts=[_alert(one) for one in opened],
        owed=await accounts.owed(tx, account_id),
        private_replies_per_hour=found.settings.private_replies_per_hour,
        sends_per_second=found.settings.sends_per_second,
    )


@router.post("/accounts/{account_id}/try-again")
async def try_account_again(account_id: UUID, tx: Tx, response: Response) -> Account:
    """
    Say that what an account is held for is mended; an editor may.

    Its next delivery is tried at once: if Meta takes it, all that waits follows, and if not, the
    hold begins again. Nothing changes about an account that is not held.
    """
    await required(tx, account_id)
    await holds.try_as_caller(tx, account_id)
    return await read_account(account_id, tx, response)


@router.patch("/accounts/{account_id}/settings", responses=EDITED)
async def change_account_settings(
    account_id: UUID,
    wanted: SettingsWanted,
    *,
    tx: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Account:
    """Change what an account's owner sets; admins may. What is left out stays as it is."""
    stored = await required(tx, account_id)
    require(
        if_match,
        revision=stored.revision,
        stored=Settings.of(stored.settings).model_dump(mode="json"),
        yours=wanted.model_dump(mode="json", exclude_unset=True),
    )
    changed = wanted.over(stored.settings)
    if not await accounts.set_settings(tx, account_id, changed, revision=stored.revision):
        now = await accounts.find(tx, account_id)
        raise unwritten(stored, now, "Only an admin changes an account's settings.")
    return await read_account(account_id, tx, response)


async def required(tx: Tx, account_id: UUID) -> accounts.Account:
    """
    Return an account.

    Raises:
        Declined: There is none, or it is not for the caller.
    """
    found = await accounts.find(tx, account_id)
    if found is None:
        raise not_found("account")
    return found


def _hold(stored: accounts.Account) -> Hold | None:
    if not stored.holds:
        return None
    sentence = sentence_of(stored.hold_reason or "account_held")
    return Hold(
        until=stored.held_until, reason=stored.hold_reason, sentence=sentence, times=stored.holds
    )


def _alert(one: alerts.Alert) -> Alert:
    sentences = told(one.kind, one.subject, one.detail)
    return Alert(
        id=one.id,
        account_id=one.account,
        kind=one.kind,
        subject=one.subject,
        says=sentences.says,
        do=sentences.do,
        audience=sentences.audience,
        raised_at=one.raised_at,
        resolved_at=one.resolved_at,
    )


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
