"""
Whether Meta sends us what happens to an account, and whether we may do what its owner wants.

There is no page that says what a token may do, so each permission is tried by the cheapest read
that needs it. That a subscription is there does not prove that anything comes (the app may not be
live): silence is for `backfill` to notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final, Protocol

from services.control.caretaker.access import is_dead, tell, token_of
from services.control.caretaker.job import Done
from switchboard.contracts import AccountId, MediaId
from switchboard.db import alerts, care
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.errors import Failure
from switchboard.graph import (
    CommentPage,
    Me,
    MediaPage,
    NotSent,
    OwnerMustAct,
    Said,
    Subscription,
    TokenDead,
)
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES
from switchboard.rules.alerts import AlertKind

# What the router decides by, and what tells us how a message fared.
# Source: Meta, "Webhooks for Instagram": the fields of an app with Instagram's login.
FIELDS: Final = (
    "comments",
    "live_comments",
    "messages",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referral",
    "messaging_seen",
)


class OfAnother(Failure):
    """The account's token is another account's."""

    reason: ClassVar[str] = "token_of_another"


class Asked(Protocol):
    """Meta, asked about an account."""

    async def read_me(self, *, token: str) -> Me:
        """Ask whose token it is."""
        ...

    async def read_subscription(self, account_id: AccountId, *, token: str) -> Subscription:
        """Ask which webhook fields we are sent."""
        ...

    async def subscribe(self, account_id: AccountId, fields: Iterable[str], *, token: str) -> Said:
        """Have Meta send us these fields."""
        ...

    async def read_media(
        self, account_id: AccountId, *, after: str | None = None, page: int, token: str
    ) -> MediaPage:
        """Ask for the account's posts."""
        ...

    async def read_comments(
        self, media_id: MediaId, *, after: str | None = None, token: str
    ) -> CommentPage:
        """Ask for the comments under a post."""
        ...

    async def touch_conversations(self, account_id: AccountId, *, token: str) -> Said:
        """Ask for one conversation."""
        ...


class Budget(Protocol):
    """How many calls an account's caretaking may make."""

    async def take(self, account_id: AccountId, *, of_conversations: bool = False) -> None:
        """
        Count one call.

        Raises:
            Throttled: There is none left for now.
            Unavailable: It is not known; no call may be made.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """The job: look each day, subscribe again where that is missing, and say what is wrong."""

    db: Queryable
    meta: Asked
    budget: Budget
    vault: Vault
    every: timedelta = timedelta(days=1)
    first_within: timedelta = timedelta(minutes=10)
    name: str = "probe"

    async def run(self, account: Cared) -> Done:
        """
        Look at the account once.

        Raises:
            Failure: Nothing could be learnt: the token is dead, Meta does not answer, or no more
                calls may be made for now.
        """
        token = token_of(account, self.vault).get_secret_value()
        await self.budget.take(account.instagram_id)
        me = await self.meta.read_me(token=token)
        if me.account_id != account.instagram_id:
            raise OfAnother(f"the token of account {account.id} is {me.account_id}'s")
        fields, renewed = await self._subscription(account, token)
        granted = await self._permissions(account, token)
        await care.probed(self.db, account.id, permissions=granted, subscribed_fields=fields)
        await self._say(account, "not_subscribed", missing(FIELDS, fields))
        wanted = (BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES)
        await self._say(account, "permission_not_granted", missing(wanted, granted))
        return Done(_told(fields, granted, renewed=renewed))

    async def _subscription(self, account: Cared, token: str) -> tuple[frozenset[str] | None, bool]:
        """Return what Meta sends us, `None` if it does not tell; and whether that was renewed."""
        us = account.instagram_id
        await self.budget.take(us)
        try:
            fields = (await self.meta.read_subscription(us, token=token)).fields
        except NotSent:  # Meta documents the question for Pages alone
            await self.budget.take(us)
            await self.meta.subscribe(us, FIELDS, token=token)
            return None, True
        if not missing(FIELDS, fields):
            return fields, False
        # What somebody added by hand stays.
        await self.budget.take(us)
        await self.meta.subscribe(us, sorted(fields | set(FIELDS)), token=token)
        await self.budget.take(us)
        return (await self.meta.read_subscription(us, token=token)).fields, True

    async def _permissions(self, account: Cared, token: str) -> frozenset[str]:
        """Return what we may do, by trying it. Whose token it is, we were told: that is one."""
        known = account.permissions or frozenset({BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES})
        tried = {
            MANAGE_COMMENTS: await self._may_read_comments(account, token),
            MANAGE_MESSAGES: await self._may_read_messages(account, token),
        }
        gained = {name for name, may in tried.items() if may}
        lost = {name for name, may in tried.items() if may is False}
        return (known | gained | {BASIC}) - lost

    async def _may_read_comments(self, account: Cared, token: str) -> bool | None:
        """Return whether comments may be read; `None` where there is no post to try it on."""
        us = account.instagram_id
        try:
            await self.budget.take(us)
            posts = await self.meta.read_media(us, page=1, token=token)
            if not posts.media:
                return None
            await self.budget.take(us)
            await self.meta.read_comments(posts.media[0].media_id, token=token)
        except TokenDead as failure:
            if is_dead(failure):
                raise
            return False
        return True

    async def _may_read_messages(self, account: Cared, token: str) -> bool | None:
        """Return whether messages may be read; `None` while the owner has switched that off."""
        await self.budget.take(account.instagram_id, of_conversations=True)
        try:
            await self.meta.touch_conversations(account.instagram_id, token=token)
        except OwnerMustAct as failure:
            await tell(self.db, account, failure)
            return None
        except TokenDead as failure:
            if is_dead(failure):
                raise
            return False
        await alerts.resolve(self.db, account.id, "message_access_off")
        return True

    async def _say(self, account: Cared, kind: AlertKind, lacking: Iterable[str]) -> None:
        """Raise an alert for each that is lacking; the others of its kind are over."""
        lacking = set(lacking)
        for one in await alerts.open_alerts(self.db, account.id):
            if one.kind == kind and one.subject not in lacking:
                await alerts.resolve(self.db, account.id, kind, subject=one.subject)
        for subject in sorted(lacking):
            await alerts.raise_alert(self.db, account.id, kind, subject=subject, detail={})


def missing(wanted: Iterable[str], found: frozenset[str] | None) -> frozenset[str]:
    """Return what of `wanted` is not there; nothing, where it is not known what is."""
    return frozenset() if found is None else frozenset(wanted) - found


def _told(
    fields: frozenset[str] | None, granted: frozenset[str], *, renewed: bool
) -> dict[str, Any]:
    return {
        "subscribed_fields": None if fields is None else sorted(fields),
        "permissions": sorted(granted),
        "subscribed_again": renewed,
    }
