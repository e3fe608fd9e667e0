"""Outgoing webhooks: what an account's calls to its owner are signed with, and trying one out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.control.asked import Body
from services.control.envelope import Tx, resource
from services.control.instagram.desk import Admitted, AtDesk, Ours, apart
from services.control.instagram.pinging import NoSecret
from services.control.problems import Fault, conflict, forbidden, invalid, not_found
from services.control.sessions import SIGNED_IN
from switchboard.db import accounts, credentials
from switchboard.db.accounts import Account
from switchboard.db.acting import acting_as
from switchboard.db.pool import Queryable
from switchboard.db.rights import standing
from switchboard.hooks import HookFailed, HookForbidden, new_secret

setting = resource("/accounts", "webhooks")
# Calls somebody's server, and must not hold a transaction meanwhile.
trying = apart("webhooks")

_TAKEN = range(200, 300)


class WebhookSecret(BaseModel):
    """A secret, as receivers' libraries for Standard Webhooks take it."""

    secret: str = Field(description="Shown this once.")


class WebhookTry(Body):
    """A webhook that is to be tried out."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] = Field(
        description="The receiver: https, and on the internet."
    )


class WebhookTried(BaseModel):
    """What came of it."""

    taken: bool = Field(description="Whether the receiver answered as one that has taken it.")
    status: int | None = Field(description="The status of its answer; null: there was none.")
    says: str


@setting.put("/{account_id}/webhook-secret", dependencies=[SIGNED_IN])
async def make_webhook_secret(account_id: UUID, tx: Tx, desk: AtDesk) -> WebhookSecret:
    """
    Make the secret that an account's webhooks are signed with, in place of the one before.

    An admin may. From now on all are signed with it; those that failed are repeated with it, too.
    """
    await _require_admin(tx, account_id)
    secret = new_secret()
    sealed = desk.vault.seal(secret, account_id, "webhook")
    await credentials.set_webhook_secret(tx, account_id, sealed)
    return WebhookSecret(secret=secret)


@trying.post("/accounts/{account_id}/webhook-tries")
async def try_webhook(
    account_id: UUID, wanted: WebhookTry, caller: Admitted, ours: Ours, desk: AtDesk
) -> WebhookTried:
    """
    Call a receiver once with a signed `ping`, and say how it answers; an admin may.

    The same addresses are called as by campaigns, and no redirect is followed.
    """
    async with acting_as(ours, caller.claims(), view=True) as tx:
        account = await _require_admin(tx, account_id)
    try:
        status = await desk.pinging.ping(account_id, account.instagram_id, wanted.url)
    except NoSecret:
        raise conflict("The account has no secret to sign with; make one first.") from None
    except HookForbidden as refused:
        message = str(refused)
        raise invalid(
            Fault(pointer="/url", message=f"{message[:1].upper()}{message[1:]}.")
        ) from None
    except HookFailed:
        return WebhookTried(taken=False, status=None, says="There is no answer.")
    if status in _TAKEN:
        return WebhookTried(taken=True, status=status, says="It was taken.")
    return WebhookTried(taken=False, status=status, says="The answer is none that takes it.")


async def _require_admin(tx: Queryable, account_id: UUID) -> Account:
    """
    Return the account, if the caller is an admin of its workspace.

    Raises:
        Declined: They are not, or may not even see it.
    """
    account = await accounts.find(tx, account_id)
    if account is None:
        raise not_found("account")
    if not (await standing(tx, account.workspace_id, "admin")).enough:
        raise forbidden("Its workspace's admins and owners may.")
    return account
