"""A connected account's token, and what a refusal says of the account."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from services.control.caretaker.job import TokenMissing
from switchboard.db import alerts, connections
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.graph import GraphFailure, OwnerMustAct, TokenDead
from switchboard.rules.alerts import ALERTS

# Meta has more refusals that a new login mends; with these the token is good for nothing at all.
_SESSION, _TOKEN = 102, 190
_DEAD: Final = frozenset({_SESSION, _TOKEN})


def token_of(account: Cared, vault: Vault) -> SecretStr:
    """
    Return the account's token.

    Raises:
        TokenMissing: None was ever stored.
        CannotOpen: We do not have its key.
    """
    if account.credential is None:
        raise TokenMissing(f"account {account.id} has no token")
    return SecretStr(vault.open(account.credential, account.id))


def is_dead(failure: GraphFailure) -> bool:
    """Return whether nothing can be done with the token any more."""
    return isinstance(failure, TokenDead) and failure.said.code in _DEAD


async def tell(db: Queryable, account: Cared, failure: GraphFailure) -> None:
    """
    Let a person know what only they can mend.

    A token that is dead stops the account's sends as well. One that may not do a single thing does
    not: what it may do goes on, and whoever met it says which it is.
    """
    detail = {"reason": failure.why.reason}
    if is_dead(failure):
        await connections.need_reconnect(
            db, account.id, used=account.credential, reason=failure.why.reason
        )
        await alerts.raise_alert(db, account.id, "reconnect_needed", detail=detail)
        return
    kinds = {kind: kind for kind in ALERTS}
    kind = kinds.get(failure.why.reason)  # type: ignore[call-overload]  # any reason may be asked
    if isinstance(failure, OwnerMustAct) and kind is not None:
        await alerts.raise_alert(db, account.id, kind, detail=detail)
