"""What Redis knows of an account that nobody has any more is forgotten, and nothing else."""

from __future__ import annotations

from uuid import UUID

from switchboard.contracts import AccountId, EventId, PersonId
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.erasing import forget_account


def keys_of(account: AccountId) -> set[str]:
    """Return a key of each kind that an account has."""
    person = PersonId("5")
    return {
        keys.claim(account, EventId(UUID(int=1))),
        keys.window(account, person),
        keys.contact(account, person),
        keys.erasings(account),
        keys.limit(account, "hour"),
        keys.limit(account, "person", person),
        keys.cooldown(account),
        keys.pace(account),
        keys.answer(account, "d"),
        keys.examined(account, "t"),
    }


async def test_an_account(redis: Redis) -> None:
    """Every kind of key goes; those of accounts called alike, and those of nobody's, stay."""
    alike = [AccountId(one) for one in ("117", "1178", "17", "7", "11")]
    others = {key for account in alike for key in keys_of(account)} | {
        keys.brake(),
        keys.last_brake(),
        keys.breaker("ollama"),
        keys.calls(UUID(int=178)),
        *[str(key) async for key in redis.scan_iter()],
    }
    for key in others | keys_of(AccountId("178")):
        await redis.set(key, "1")
    forgotten = await forget_account(redis, AccountId("178"))
    left = {str(key) async for key in redis.scan_iter()}

    assert (10, others) == (forgotten, left)
    assert 0 == await forget_account(redis, AccountId("178"))
