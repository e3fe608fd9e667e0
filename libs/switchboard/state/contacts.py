"""Contacts as Redis remembers them: copies of the rows in Postgres, which are the truth."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from switchboard.contracts import AccountId, PersonId
from switchboard.rules.contact import CONTACT, Contact
from switchboard.state import keys
from switchboard.state.client import Redis, redis_errors
from switchboard.state.scripts import Call, Script

# Who writes again has mostly done so within a week; for the others Postgres is asked once.
CONTACT_LIVES: Final = timedelta(days=7)
_LIVES_MS: Final = CONTACT_LIVES // timedelta(milliseconds=1)
# However long: where the word is lost, what is being learnt is not remembered, and that is all.
ERASINGS_LIVE_MS: Final = _LIVES_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """
    A contact to be remembered.

    `instead_of` is a revision that Redis had and Postgres has not, or no longer: it is replaced
    even by an older one, or what was known of somebody before they were deleted would come back.

    `erasings` is what was seen of them (`Seen`) before Postgres was asked: if they stand otherwise
    by now, this may be somebody who was erased meanwhile. Nothing is remembered then.
    """

    account_id: AccountId
    person_id: PersonId
    contact: Contact
    instead_of: int | None = None
    erasings: str = ""


class Contacts:
    """Remembers contacts; `Observations` reads them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._remember = Script(redis, "remember")

    async def remember(self, batch: Sequence[Remembered]) -> None:
        """
        Remember the contacts of `batch` for a week, in one round trip.

        A newer revision stays, so batches may come in any order. Of whom somebody may have been
        erased since, nothing is remembered.

        Raises:
            Unavailable, StateRefused: Some may not be remembered; Postgres has them all.
        """
        if batch:
            await self._remember.run_all([_call(one) for one in batch])

    async def forget(self, people: Collection[tuple[AccountId, PersonId]]) -> None:
        """
        Forget what `remember` and `Observations` keep of `people`.

        Raises:
            Unavailable: Redis is away; ask again.
        """
        with redis_errors("forget"):
            for account_id, person_id in people:
                for key in (
                    keys.window(account_id, person_id),
                    keys.contact(account_id, person_id),
                ):
                    await self._redis.unlink(key)


def read_contact(text: str) -> Contact | None:
    """Return the contact in what `Contacts` stored; `None` if there is none that we can read."""
    _, _, stored = text.partition(" ")
    with contextlib.suppress(ValidationError):
        return CONTACT.validate_json(stored)
    return None


def _call(one: Remembered) -> Call:
    stored = CONTACT.dump_json(one.contact, exclude_defaults=True).decode()
    wrong = -1 if one.instead_of is None else one.instead_of
    found = [keys.contact(one.account_id, one.person_id), keys.erasings(one.account_id)]
    return Call(found, [one.contact.revision, stored, _LIVES_MS, wrong, one.erasings])
