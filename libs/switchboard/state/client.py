"""The Redis client, and its errors turned into ours."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final, TypeAlias

from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from switchboard.errors import Failure, Unavailable

Redis: TypeAlias = AsyncRedis

# A limit that is not answered within this is a limit that says no: see `limits`.
_TIMEOUT_S: Final = 2.0
# Connections are found dead only when used; one more try, at once, is for that.
_RETRIES: Final = 1
_RETRY_AFTER_S: Final = 0.01
_MAX_CONNECTIONS: Final = 64

_PASSING: Final = (
    AskError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)
# Inside a script, Redis 6.2 wraps the error that stopped it, so only its text still tells.
_PASSING_WORDS: Final = ("OOM", "READONLY", "MISCONF", "NOREPLICAS", "LOADING", "MASTERDOWN")


class StateRefused(Failure):
    """Redis understood the command and refused it: a permission, or a bug of ours."""

    reason = "state_refused"


@contextlib.asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """
    Open a client for the Redis (or Valkey) at `url`: redis://, or rediss:// for TLS.

    Nothing is connected until the first command, so a service starts while Redis is away. A command
    for which there is no connection just now waits for one.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_MAX_CONNECTIONS,
        timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(ConstantBackoff(_RETRY_AFTER_S), _RETRIES),
        decode_responses=True,
    )
    redis = AsyncRedis.from_pool(pool)
    try:
        yield redis
    finally:
        await redis.aclose()


async def ping(redis: Redis) -> None:
    """
    Ask Redis for a sign of life.

    Raises:
        Unavailable: It gives none.
    """
    with redis_errors("ping"):
        await redis.ping()


@contextlib.contextmanager
def redis_errors(what: str) -> Iterator[None]:
    """
    Turn the client's errors into ours; `what` names the call.

    Raises:
        Unavailable: Redis did not answer, or is not able to act now: it is full, loading, a
            replica, or failing over.
        StateRefused: It answered that it will not.
    """
    try:
        yield
    except ResponseError as error:
        raise as_failure(error, what) from error
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis {what}: {type(error).__name__}") from error


def as_failure(error: ResponseError, what: str) -> Failure:
    """Return what Redis's refusal means to us. Its text is Redis's own and holds no value."""
    if isinstance(error, _PASSING) or any(word in str(error) for word in _PASSING_WORDS):
        return Unavailable(f"Redis {what}: {error}")
    return StateRefused(f"Redis {what}: {error}")
