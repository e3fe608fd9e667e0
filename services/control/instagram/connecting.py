"""From a code to a connected account; and how one is let go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog
from pydantic import SecretStr

from services.control.caretaker.probing import FIELDS, missing
from switchboard.clock import Clock
from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db import alerts, care, connections, logins
from switchboard.db.credentials import Vault
from switchboard.db.logins import Begun, Proved
from switchboard.db.pool import Database
from switchboard.errors import Failure
from switchboard.graph import Grant, LongLived, Me, Said, Subscription
from switchboard.graph.login import SCOPES

_REMOVED: Final = "app_removed"

log = structlog.get_logger()


class Login(Protocol):
    """Instagram's login."""

    async def exchange_code(self, code: str, *, redirect_uri: str) -> Grant:
        """Return the token that `code` stands for."""
        ...

    async def lengthen(self, short: SecretStr) -> LongLived:
        """Return a token of 60 days for one of an hour."""
        ...


class Accounts(Protocol):
    """Meta, asked about accounts."""

    async def read_me(self, *, token: str) -> Me:
        """Ask whose token it is."""
        ...

    async def read_subscription(self, account_id: AccountId, *, token: str) -> Subscription:
        """Ask which webhook fields we are sent."""
        ...

    async def subscribe(self, account_id: AccountId, fields: Iterable[str], *, token: str) -> Said:
        """Have Meta send us these fields."""
        ...

    async def unsubscribe(self, account_id: AccountId, *, token: str) -> Said:
        """Have Meta send us nothing more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """
    An account as its login left it: what was granted (`None`: Meta did not say), what of all that
    we need was not, and which webhooks are not sent.
    """

    id: UUID
    username: str
    workspace_id: WorkspaceId
    permissions: frozenset[str] | None
    not_granted: frozenset[str]
    not_subscribed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """`db` is as switchboard_caretaker: no user may write accounts, or tokens."""

    db: Database
    login: Login
    accounts: Accounts
    vault: Vault
    now: Clock

    async def connect(self, begun: Begun, code: str, *, redirect_uri: str) -> Connected:
        """
        Connect the account whose owner has sent `code`.

        It is connected once its token is stored; a subscription that fails then is mended by the
        caretaker's probe within minutes, and told of here.

        Raises:
            LoginRefused: Meta does not take the code.
            ConnectedElsewhere, AnotherAccount: As `db.logins` has them.
            GraphFailure, Unavailable: Nothing was stored; the login must be begun again.
        """
        grant = await self.login.exchange_code(code, redirect_uri=redirect_uri)
        long = await self.login.lengthen(grant.token)
        token = long.token.get_secret_value()
        me = await self.accounts.read_me(token=token)
        proved = Proved(
            instagram_id=me.account_id,
            app_scoped_id=me.app_scoped_id,
            username=me.username,
            permissions=grant.permissions,
        )
        async with self.db.transaction() as tx:
            account = await logins.connect(
                tx,
                begun,
                proved,
                vault=self.vault,
                token=token,
                expires_at=self.now() + long.lives,
            )
        fields = await self._subscribe(me.account_id, token)
        await care.probed(self.db, account, permissions=None, subscribed_fields=fields)
        log.info("account.connected", account=str(account), account_id=me.account_id)
        return Connected(
            id=account,
            username=me.username,
            workspace_id=begun.workspace_id,
            permissions=grant.permissions,
            not_granted=missing(SCOPES, grant.permissions),
            not_subscribed=missing(FIELDS, fields),
        )

    async def let_go(self, account: UUID) -> None:
        """
        Have Meta send nothing more of a disconnected account, and forget its token.

        Meta may refuse, or be away: the token is forgotten in any case, and what it still sends
        belongs to nobody.
        """
        held = await logins.token_of(self.db, account)
        if held is None:
            return
        instagram_id, sealed = held
        try:
            token = self.vault.open(sealed, account)
            await self.accounts.unsubscribe(instagram_id, token=token)
        except Failure as failure:
            log.warning("account.still_subscribed", account=str(account), because=failure.reason)
        await logins.forget_token(self.db, account)

    async def removed(self, user_id: str) -> int:
        """
        Take note that an owner removed the app; return of how many accounts.

        As a token that Meta refuses: what people write is kept, and the owner may come back.
        """
        accounts = await logins.of_app_user(self.db, user_id)
        for account in accounts:
            held = await logins.token_of(self.db, account)
            await connections.need_reconnect(
                self.db, account, used=held and held[1], reason=_REMOVED
            )
            detail = {"reason": _REMOVED}
            await alerts.raise_alert(self.db, account, "reconnect_needed", detail=detail)
            await logins.forget_token(self.db, account)
        return len(accounts)

    async def _subscribe(self, account_id: AccountId, token: str) -> frozenset[str] | None:
        try:
            await self.accounts.subscribe(account_id, FIELDS, token=token)
            return (await self.accounts.read_subscription(account_id, token=token)).fields
        except Failure as failure:
            log.warning("account.not_subscribed", account_id=account_id, because=failure.reason)
            return None
