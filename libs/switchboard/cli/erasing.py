"""`erase`: everything of a person, in the database, in Redis and among the dead letters."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import environment, open_database
from switchboard.cli.failing import CannotDo
from switchboard.cli.queues import open_queues
from switchboard.contracts import AccountId, PersonId
from switchboard.db import erasing
from switchboard.db.erasing import Erased
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Queryable
from switchboard.queues.dead_letters import DeadLetters, Letter, Unwritten
from switchboard.settings import RedisSettings
from switchboard.state import erasing as in_redis
from switchboard.state import open_redis
from switchboard.topology import QUEUES

# A call to Meta is over within SENDER_CALL_BUDGET_S; a sender that died is noticed within a minute.
_TRIES: Final = 40
_BETWEEN_S: Final = 3.0
_MOST_LETTERS: Final = 10_000


async def erase(person: str, account: str, *, sure: bool, as_json: bool) -> int:
    """Erase a person from an account, for ever; at a terminal, ask whether that is meant."""
    redis_url = str(environment(RedisSettings).redis_url)
    who = PersonId(person)
    if not sure and sys.stdin.isatty():
        question = "What they wrote and were sent is lost for ever. Is that meant?"
        typer.confirm(question, abort=True, err=True)
    async with open_database() as db:
        of = await accounts.account(db, account)
        erased = await _until_done(db, of.id, who)
    async with open_redis(redis_url) as redis:
        keys = await in_redis.forget(redis, of.instagram_id, who)
    letters = await _letters(of.instagram_id, who)
    told: Mapping[str, Any] = {
        "contacts": erased.contacts,
        "events": erased.events,
        "deliveries": erased.deliveries,
        "labels": erased.labels,
        "redis_keys": keys,
        "dead_letters": letters,
    }
    if as_json:
        telling.as_json(told)
    else:
        counted = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in told.items())
        typer.echo(f"Erased from {telling.printable(of.username)}: {counted}.")
    return 0


async def _until_done(db: Queryable, account: UUID, person: PersonId) -> Erased:
    """Erase, waiting for calls to Meta that are under way for the person."""
    for _ in range(_TRIES):
        try:
            erased = await erasing.erase(db, account, person)
        except QueryFailed as failure:
            raise CannotDo(str(failure)) from None
        if erased.done:
            return erased
        sys.stderr.write(f"{erased.sending} calls to Meta for them are under way; waiting\n")
        await asyncio.sleep(_BETWEEN_S)
    raise CannotDo("something is still on its way to them; nothing else is sent: run it again")


async def _letters(account: AccountId, person: PersonId) -> int:
    """Throw away the account's dead letters in which the person is named."""
    thrown = 0
    async with open_queues() as (client, prefix):
        for queue in QUEUES:
            letters = DeadLetters(client, queue, prefix=prefix)
            ended = await letters.discard(
                lambda letter: names(letter, account, person),
                most=_MOST_LETTERS,
                book=Unwritten(),  # the erasing is
            )
            thrown += ended.many
    return thrown


def names(letter: Letter, account: AccountId, person: PersonId) -> bool:
    """Return whether a letter of the account has the person's id anywhere in it."""
    if letter.group != account:
        return False
    try:
        return _has(json.loads(letter.body), person)
    except ValueError:
        return person in letter.body


def _has(value: Any, person: PersonId) -> bool:
    match value:
        case dict():
            return any(_has(one, person) for one in value.values())
        case list():
            return any(_has(one, person) for one in value)
        case str():
            return person in value
        case _:
            return False
