"""Looking at accounts: what is known of each here, and what Meta says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

from aiohttp import ClientSession

from switchboard.clock import Clock
from switchboard.contracts import AccountId
from switchboard.db import care, examining
from switchboard.db.credentials import CannotOpen, Vault
from switchboard.db.examining import Examined
from switchboard.db.pool import Queryable
from switchboard.doctor import account, tending
from switchboard.doctor.finding import Finding, failure, unknown
from switchboard.doctor.settings import DoctorSettings
from switchboard.errors import Failure
from switchboard.graph import AccountClient, TokenDead
from switchboard.graph.login import MANAGE_COMMENTS, MANAGE_MESSAGES

_READ_AGAIN: Final = "Its owner must connect it again"


class Take(Protocol):
    """Counts calls to Meta."""

    async def __call__(self, account_id: AccountId, *, of_conversations: bool = False) -> None:
        """
        Count one call for an account.

        Raises:
            Failure: It may not be made now.
        """
        ...


async def uncounted(account_id: AccountId, *, of_conversations: bool = False) -> None:
    """Let a call be made: whoever runs the command line decides how often."""


class Visits:
    """
    Looks at accounts, one at a time.

    `take` is asked before each call to Meta; without a `vault` no token opens, and Meta is not
    asked. Nothing is changed, and nobody is sent anything.
    """

    def __init__(
        self, db: Queryable, meta: AccountClient, vault: Vault | None, *, take: Take, now: Clock
    ) -> None:
        self._db, self._meta, self._vault = db, meta, vault
        self._take, self._now = take, now

    async def known(self, one: Examined) -> list[Finding]:
        """
        Return what is found without asking Meta.

        Raises:
            Unavailable, QueryFailed: The database cannot be asked.
        """
        who, now = one.username, self._now()
        found = list(account.status(one, now))
        if one.status == "disconnected":
            return found
        heard = await examining.heard(self._db, one.id)
        found += [account.silence(one, heard, now), account.echoes(who, heard)]
        found += tending.coverage(who, await examining.covered(self._db, one.id))
        found += tending.jobs_of(who, await examining.jobs(self._db, one.id), now)
        return found

    async def at_meta(self, one: Examined) -> AsyncIterator[Finding]:
        """Ask Meta about an account, by reads alone, and yield what was found."""
        who = one.username
        if one.status == "disconnected" or one.credential is None:
            return
        if self._vault is None:
            yield unknown(
                "meta",
                "TOKEN_KEYS is not set, so no token opens and Meta was not asked",
                "Set TOKEN_KEYS as for the sender",
                subject=who,
            )
            return
        try:
            token = self._vault.open(one.credential, one.id)
        except CannotOpen:
            yield failure(
                "meta",
                "its token opens with none of TOKEN_KEYS, so Meta was not asked",
                "Set TOKEN_KEYS as it was when the account was connected, or connect it again",
                subject=who,
            )
            return
        async for finding in self._ask(one, token):
            yield finding

    async def _ask(self, one: Examined, token: str) -> AsyncIterator[Finding]:
        who = one.username
        try:
            await self._take(one.instagram_id)
            for finding in account.identity(one, await self._meta.read_me(token=token)):
                yield finding
        except TokenDead as why:
            said = f"Meta refuses the token ({why.why.reason})"
            yield failure("identity", said, _READ_AGAIN, subject=who)
            return
        except Failure as why:
            yield unknown("identity", str(why), subject=who)
        triggers = [target.trigger for target in await care.targets(self._db, one.id)]
        try:
            await self._take(one.instagram_id)
            found = await self._meta.read_subscription(one.instagram_id, token=token)
            yield account.subscription(who, found.fields, account.needed_fields(triggers))
        except Failure as why:
            yield unknown("webhooks", str(why), subject=who)
        for finding in account.permissions(who, await self._refused(one, token)):
            yield finding

    async def _refused(self, one: Examined, token: str) -> dict[str, Exception]:
        """Return which permissions do not work, by the cheapest read that needs each."""
        refused: dict[str, Exception] = {}
        try:
            await self._take(one.instagram_id)
            posts = await self._meta.read_media(one.instagram_id, page=1, token=token)
            if posts.media:
                await self._take(one.instagram_id)
                await self._meta.read_comments(posts.media[0].media_id, token=token)
        except Failure as why:
            refused[MANAGE_COMMENTS] = why
        try:
            await self._take(one.instagram_id, of_conversations=True)
            await self._meta.touch_conversations(one.instagram_id, token=token)
        except Failure as why:
            refused[MANAGE_MESSAGES] = why
        return refused


def account_client(settings: DoctorSettings, http: ClientSession) -> AccountClient:
    """Return what asks Meta about accounts."""
    return AccountClient(
        http,
        url=settings.meta_graph_url,
        version=settings.meta_api_version,
        call_budget_s=settings.doctor_call_budget_s,
    )
