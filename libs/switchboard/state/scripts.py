"""Lua scripts, called by their digest and loaded when Redis does not know them (any more)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import cast

from redis.exceptions import NoScriptError, ResponseError

from switchboard.state.client import Redis, as_failure, redis_errors

Argument = str | int


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a script: its keys, all of one account, and its arguments."""

    keys: Sequence[str]
    args: Sequence[Argument]


class Script:
    """
    The script `lua/<name>.lua`, which may begin with what it shares with others: `lua/<part>.lua`.

    Redis forgets its scripts when it restarts, fails over or is told to flush them. A call that
    finds the script unknown has done nothing, so it is loaded and the call made once more.
    """

    def __init__(self, redis: Redis, name: str, *, parts: Sequence[str] = ()) -> None:
        self._redis, self._name = redis, name
        self._source = "".join(map(_read, [*parts, name]))
        # Redis names scripts by SHA-1; nothing here depends on it being hard to forge.
        self._sha = hashlib.sha1(self._source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, call: Call) -> object:
        """
        Run the script once.

        Raises:
            Unavailable, StateRefused: As `redis_errors`.
        """
        (answer,) = await self.run_all([call])
        return answer

    async def run_all(self, calls: Sequence[Call]) -> list[object]:
        """
        Run the script once for each of `calls`, in one round trip, not as one transaction.

        Raises:
            Unavailable, StateRefused: At least one did not run; others may have.
        """
        return await self._run(calls, None)

    async def run_beside(self, calls: Sequence[Call], key: str) -> tuple[list[object], timedelta]:
        """
        Run as `run_all`, and see in the same round trip how long `key` still lives; 0: it is gone.

        `key` may be in another slot than the calls' keys, so this is not one step with them.

        Raises:
            Unavailable, StateRefused: As `run_all`.
        """
        *answers, lives_ms = await self._run(calls, key)
        return answers, timedelta(milliseconds=max(cast("int", lives_ms), 0))

    async def _run(self, calls: Sequence[Call], key: str | None) -> list[object]:
        answers = await self._pipeline(calls, key)
        unknown = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            with redis_errors(self._name):
                await self._redis.script_load(self._source)
            again = await self._pipeline([calls[i] for i in unknown], None)
            for i, answer in zip(unknown, again, strict=True):
                answers[i] = answer
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise as_failure(answer, self._name) from answer
        return answers

    async def _pipeline(self, calls: Sequence[Call], key: str | None) -> list[object]:
        """Return the answers to `calls`, and then how many milliseconds `key` lives, if given."""
        pipeline = self._redis.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._sha, len(call.keys), *call.keys, *map(str, call.args))
        if key is not None:
            pipeline.pttl(key)
        with redis_errors(self._name):
            answers: list[object] = await pipeline.execute(raise_on_error=False)
        return answers


def _read(name: str) -> str:
    return files("switchboard.state").joinpath("lua", f"{name}.lua").read_text()
