"""Telling an owner's server what happened: signed, repeated while it is away, given up in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from pydantic_core import to_json

from services.sender.answers import ContentUnreadable
from services.sender.endings import Delivered, Ending, Late, Never, Postponed, ending_of
from services.sender.turns import Turns
from switchboard.clock import Clock
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Refused
from switchboard.hooks import Hook, HookFailed

# As Standard Webhooks proposes: soon, in case it was a hiccup; then ever more rarely.
_WAITS: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
)
MOST_TRIES: Final = len(_WAITS) + 1


class SecretMissing(Refused):
    """The account has no secret to sign with."""

    reason: ClassVar[str] = "webhook_secret_missing"


class Secrets(Protocol):
    """The secrets that webhooks are signed with."""

    async def secret(self, delivery: Claimed) -> str:
        """Return the secret of the delivery's account, or raise why there is none."""
        ...


class Caller(Protocol):
    """Owners' servers."""

    async def deliver(self, hook: Hook, *, secret: str, at: datetime) -> None:
        """Tell the receiver once, or raise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """
    Makes one try at a webhook.

    Nothing in it is Meta's: an account that is held, disconnected or taken over tells its owner's
    server all the same. What the receiver may have heard is told again, under the same id.
    """

    hooks: Caller
    secrets: Secrets
    turns: Turns
    now: Clock

    async def attempt(self, delivery: Claimed) -> Ending:
        """Tell the receiver; return how it ended."""
        if self.now() >= delivery.deadline:
            return Late("deadline_passed")
        try:
            hook = _hook(delivery)
            secret = await self.secrets.secret(delivery)
            await self.turns.take(delivery)
            await self.hooks.deliver(hook, secret=secret, at=self.now())
        except HookFailed as failure:
            return failed(failure, delivery, now=self.now())
        except Failure as failure:
            return ending_of(failure, delivery)
        return Delivered()


def failed(failure: HookFailed, delivery: Claimed, *, now: datetime) -> Postponed | Never:
    """Return when a try that came to nothing is made again, if it is."""
    if delivery.attempts >= MOST_TRIES:
        return Never(failure.reason)
    wait = _WAITS[max(delivery.attempts, 1) - 1]
    if failure.after_s is not None:
        wait = max(wait, timedelta(seconds=failure.after_s))
    if now + wait >= delivery.deadline:
        return Never(failure.reason)
    return Postponed(failure.reason, wait, counted=True)


def _hook(delivery: Claimed) -> Hook:
    """
    Return the call that `delivery` stands for.

    Raises:
        ContentUnreadable: It has no address, or nothing to say.
    """
    match delivery.content:
        case {"url": str(url), "body": dict(body)}:
            return Hook(str(delivery.id), url, to_json(body))
        case _:
            raise ContentUnreadable("a webhook's content needs a url and a body")
