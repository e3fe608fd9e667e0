"""Erasing from Redis: a person, with their share of limits; or an account, with everybody."""

from __future__ import annotations

import re
from typing import Final, cast
from uuid import uuid4

from switchboard.contracts import AccountId, PersonId
from switchboard.state import keys
from switchboard.state.client import Redis, redis_errors
from switchboard.state.contacts import ERASINGS_LIVE_MS
from switchboard.state.scripts import Call, Script

# Redis looks at about so many keys in one step of a scan, while nobody else is served.
_STEP: Final = 1000
_SPECIAL: Final = re.compile(r"([\\*?\[\]])")


async def forget(redis: Redis, account_id: AccountId, person_id: PersonId) -> int:
    """
    Forget `person_id` of an account; return how many keys there were.

    After the same in Postgres: a copy of a contact that Postgres no longer has is not brought back,
    neither by who asks it from now on, nor by who has asked it before and is slow to remember.

    Raises:
        Unavailable: Redis is away; ask again.
    """
    theirs = [keys.window(account_id, person_id), keys.contact(account_id, person_id)]
    call = Call([keys.erasings(account_id), *theirs], [uuid4().hex, ERASINGS_LIVE_MS])
    gone = cast("int", await Script(redis, "forget").run(call))
    found: set[str] = set()
    pattern = _literal(keys.limit(account_id, "")) + "*:" + _literal(str(person_id))
    with redis_errors("forget"):
        async for key in redis.scan_iter(match=pattern, count=_STEP):
            found.add(str(key))
        # One by one: on a cluster they may not be in one slot with what else is being scanned.
        return gone + sum([int(await redis.unlink(key)) for key in sorted(found)])


async def forget_account(redis: Redis, account_id: AccountId) -> int:
    """
    Forget everything of an account that nobody has connected; return how many keys there were.

    Raises:
        Unavailable: Redis is away; ask again.
    """
    # The braces are what says whose a key is: one of another account has its own between them.
    pattern = "*:" + _literal(f"{{{account_id}}}") + "*"
    with redis_errors("forget"):
        found = {str(key) async for key in redis.scan_iter(match=pattern, count=_STEP)}
        return sum([int(await redis.unlink(key)) for key in sorted(found)])


def _literal(text: str) -> str:
    """Return the pattern that only `text` matches."""
    return _SPECIAL.sub(r"\\\1", text)
