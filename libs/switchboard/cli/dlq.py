"""`dlq`: the dead letters of the queues, looked at, sent back, or thrown away."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

import typer

from switchboard.cli import telling
from switchboard.cli.database import open_database
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.cli.progress import counting
from switchboard.cli.queues import open_queues, queue_named
from switchboard.db.letters import Deed, LetterLog
from switchboard.queues.dead_letters import DeadLetters, Ended, Letter
from switchboard.topology import QUEUES

# What one command deals with at most; the rest is for the next.
MOST: Final = 10_000
_SAID: Final[Mapping[Deed, str]] = {"sent_back": "sent back", "discarded": "thrown away"}
_MAX_SHOWN: Final = 60  # characters of a reason in a list


async def list_(name: str | None, *, last: int, as_json: bool) -> int:
    """Print the dead letters of one queue or of all, the longest buried first; 1 if there are."""
    queues = QUEUES if name is None else (queue_named(name),)
    found: list[tuple[str, Letter]] = []
    async with open_queues() as (client, prefix):
        for queue in queues:
            looked = await DeadLetters(client, queue, prefix=prefix).look(most=last)
            found += [(queue.name, letter) for letter in looked.letters]
            if not looked.complete:
                sys.stderr.write(
                    f"{queue.name} has more, or somebody else is at them; see --last\n"
                )
    if as_json:
        telling.as_json([_told(queue, letter) for queue, letter in found])
    elif not found:
        typer.echo("There are no dead letters.")
    else:
        head = ("queue", "message", "buried", "what", "account", "tried", "reason")
        telling.columns([head, *(_row(queue, letter) for queue, letter in found)])
    return EXIT_FOUND if found else 0


async def show(message: str, *, as_json: bool) -> int:
    """Print one dead letter whole: what people wrote may be in it."""
    async with open_queues() as (client, prefix):
        for queue in QUEUES:
            looked = await DeadLetters(client, queue, prefix=prefix).look(
                most=1, wanted=_named([message]), through=MOST
            )
            for letter in looked.letters:
                _tell(queue.name, letter, as_json=as_json)
                return 0
    raise CannotDo(f"no dead letter {message!r}; see `switchboard dlq list`")


async def redrive(name: str, ids: Collection[str], *, most: int, as_json: bool) -> int:
    """Send dead letters back to their queue: those in `ids`, or all if there are none in it."""
    done, left = await _end(name, ids, most, DeadLetters.redrive, "sent_back")
    told = {"queue": name, "sent_back": done, "left": left}
    telling.done(told, _left(name, done, "sent back", left), as_json=as_json)
    return 0


async def discard(name: str, ids: Collection[str], *, sure: bool, as_json: bool) -> int:
    """Throw away the dead letters in `ids`, after asking whether that is meant."""
    if not sure and sys.stdin.isatty():
        question = f"{len(ids)} messages are lost for ever. Is that meant?"
        typer.confirm(question, abort=True, err=True)
    done, left = await _end(name, ids, MOST, DeadLetters.discard, "discarded")
    told = {"queue": name, "thrown_away": done, "left": left}
    telling.done(told, _left(name, done, "thrown away", left), as_json=as_json)
    return 0


async def _end(
    name: str, ids: Collection[str], most: int, end: Callable[..., Awaitable[Ended]], deed: Deed
) -> tuple[int, int]:
    """Return how many it is done with, and about how many are left."""
    queue, ended = queue_named(name), _SAID[deed]
    async with open_queues() as (client, prefix), open_database() as db:
        await db.ping()  # what is done is logged, so nothing is done where it cannot be
        letters = DeadLetters(client, queue, prefix=prefix)
        total = len(ids) or min(most, (await letters.depth()).total)
        with counting(ended, total) as count:
            book = LetterLog(db.transaction, queue.name, deed, count)
            many = (await end(letters, _named(ids), most=len(ids) or most, book=book)).many
        left = (await letters.depth()).total
    if many < len(ids):
        raise CannotDo(f"{many} {ended}; {len(ids) - many} of those named are not there")
    return many, left


def _left(name: str, done: int, ended: str, left: int) -> str:
    return f"{done:,} {ended}; about {left:,} left among the dead letters of {name}."


def _named(ids: Collection[str]) -> Callable[[Letter], bool]:
    wanted = set(ids)
    return lambda letter: (
        not wanted or not wanted.isdisjoint((letter.message_id, letter.original_id))
    )


def _row(queue: str, letter: Letter) -> tuple[str, ...]:
    reason = letter.reason
    shown = reason if len(reason) <= _MAX_SHOWN else f"{reason[: _MAX_SHOWN - 1]}…"
    return (
        queue,
        letter.message_id,
        f"{letter.buried_at:%Y-%m-%d %H:%M:%S}",
        letter.kind,
        letter.group,
        str(letter.receives),
        shown,
    )


def _told(queue: str, letter: Letter) -> dict[str, object]:
    return {
        "queue": queue,
        "message_id": letter.message_id,
        "original_id": letter.original_id,
        "reason": letter.reason,
        "receives": letter.receives,
        "buried_at": letter.buried_at,
        "account": letter.group,
        "kind": letter.kind,
    }


def _tell(queue: str, letter: Letter, *, as_json: bool) -> None:
    if as_json:
        telling.as_json({**_told(queue, letter), "body": letter.body})
        return
    telling.heading(f"Dead letter {letter.message_id} of {queue}")
    telling.lines(
        [
            f"{letter.kind} of account {letter.group}, buried {letter.buried_at:%Y-%m-%d %H:%M:%S}",
            f"Was {letter.original_id}, tried {letter.receives} times.",
            f"Why: {letter.reason}",
        ]
    )
    telling.heading("What it says")
    telling.lines(_body(letter.body).splitlines())


def _body(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
