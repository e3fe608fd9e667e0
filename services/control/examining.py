"""
The doctor for those who ask by the API: the same checks as the command's, asked for by many.

So the installation is looked at once for all who ask within half a minute, and Meta is asked about
an account at most `_AN_HOUR` times an hour, out of what its caretaking may ask, and answers are
kept for some minutes. It ends in time: what was not looked at by then is said so.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from services.control.caretaker.budget import CallBudget
from switchboard.clock import Clock
from switchboard.db.examining import Examined
from switchboard.db.migrate import DIRECTORY, versions
from switchboard.db.pool import Queryable
from switchboard.doctor import DoctorSettings, Finding, Visits, installation
from switchboard.doctor.finding import unknown
from switchboard.errors import Failure, Throttled, Unavailable
from switchboard.state import KeptFindings

_KEPT_S: Final = 30.0
_AT_ONCE: Final = 4
_NO_TIME: Final = "there was no time left to look at the rest"
_AGAIN: Final = "Ask again, or for one account alone"


class AtMeta(BaseModel):
    """What was found at Meta, and when it was asked."""

    asked_at: datetime
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found of the installation, and when."""

    examined_at: datetime
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found of an account; `asked_at` is when Meta was asked, `None` if it was not."""

    account: Examined
    asked_at: datetime | None
    findings: Sequence[Finding]

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to be done about it."""
        return all(one.verdict == "ok" for one in self.findings)


class Examining:
    """
    `db` is as switchboard_caretaker: who asks must have been allowed to.

    `keys` are the names of those that open tokens.
    """

    def __init__(
        self,
        settings: DoctorSettings,
        db: Queryable,
        visits: Visits,
        *,
        keys: Sequence[str],
        budget: CallBudget,
        kept: KeptFindings,
        now: Clock,
    ) -> None:
        self._keys = keys
        self._settings, self._db, self._visits = settings, db, visits
        self._budget, self._kept, self._now = budget, kept, now
        self._looking = asyncio.Lock()
        self._looked_at = -float("inf")
        self._last: Installation | None = None

    async def installation(self) -> Installation:
        """
        Return what is wrong with what is no account's: what was found just now, if anybody asked.

        Raises:
            Unavailable: The database is away.
        """
        async with self._looking:
            if self._last is None or time.monotonic() - self._looked_at > _KEPT_S:
                examined_at = self._now()
                findings = installation(
                    self._settings,
                    self._db,
                    keys=self._keys,
                    migrations=versions(DIRECTORY),
                    now=self._now,
                )
                found = await _within(findings, self._until())
                self._last, self._looked_at = Installation(examined_at, found), time.monotonic()
            return self._last

    async def accounts(self, accounts: Sequence[Examined], *, ask: bool) -> Sequence[Seen]:
        """
        Return what is wrong with `accounts`, in their order; only if `ask`, Meta is asked as well.

        Raises:
            Unavailable: The database is away.
        """
        turns, until = asyncio.Semaphore(_AT_ONCE), self._until()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._see(one, turns, until, ask=ask)) for one in accounts]
        return [task.result() for task in tasks]

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._settings.doctor_budget_s

    async def _see(
        self, account: Examined, turns: asyncio.Semaphore, until: float, *, ask: bool
    ) -> Seen:
        try:
            async with asyncio.timeout_at(until), turns:
                known = await self._visits.known(account)
        except TimeoutError:
            late = unknown("doctor", _NO_TIME, _AGAIN, subject=account.username)
            return Seen(account, None, [late])
        at_meta = await self._at_meta(account, until) if ask else await self._remembered(account)
        if at_meta is None:
            return Seen(account, None, known)
        return Seen(account, at_meta.asked_at, [*known, *at_meta.findings])

    async def _remembered(self, account: Examined) -> AtMeta | None:
        """Return what Meta said a moment ago, if it was asked."""
        if account.credential is None:
            return None
        token = account.credential.nonce.hex()
        with contextlib.suppress(Unavailable):
            kept = await self._kept.find(account.instagram_id, token)
            return None if kept is None else AtMeta.model_validate_json(kept)
        return None

    async def _at_meta(self, account: Examined, until: float) -> AtMeta | None:
        kept = await self._remembered(account)
        if kept is not None or account.credential is None or account.status == "disconnected":
            return kept
        who, token = account.username, account.credential.nonce.hex()
        try:
            await self._budget.examine(account.instagram_id)
        except Throttled as why:
            said = f"Meta was asked too often just now, or has the account cool down ({why})"
            wait = f"Ask again in {round(why.after_s / 60) + 1} minutes"
            return AtMeta(asked_at=self._now(), findings=[unknown("meta", said, wait, subject=who)])
        except Failure as why:
            away = unknown("meta", f"nothing may be asked just now: {why}", _AGAIN, subject=who)
            return AtMeta(asked_at=self._now(), findings=[away])
        asked = AtMeta(
            asked_at=self._now(),
            findings=await _within(self._visits.at_meta(account), until, subject=who),
        )
        with contextlib.suppress(Unavailable):
            await self._kept.keep(account.instagram_id, token, asked.model_dump_json())
        return asked


async def _within(
    findings: AsyncIterator[Finding], until: float, *, subject: str = ""
) -> list[Finding]:
    """Return what is found until then; what is left is said to be."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout_at(until):
            async for one in findings:
                found.append(one)  # noqa: PERF401  what was found stays when time is over
    except TimeoutError:
        found.append(unknown("doctor", _NO_TIME, _AGAIN, subject=subject))
    return found
