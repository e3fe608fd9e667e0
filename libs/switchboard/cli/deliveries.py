"""`deliveries`: what is owed to whom and how it stands, and a person's decisions about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import open_database, reading
from switchboard.cli.failing import CannotDo
from switchboard.contracts import DeliveryId
from switchboard.db import by_hand
from switchboard.db.by_hand import Listed, Shown
from switchboard.db.pool import Database, Queryable
from switchboard.rules.sentences import KINDS, STATES, sentence_of
from switchboard.rules.states import State

Verdict: TypeAlias = Literal["sent", "retry", "drop"]

_MEANS: Final[Mapping[Verdict, str]] = {
    "sent": "If it was not sent, the person never gets it.",
    "retry": "If Meta did get the first call, the person gets it twice.",
    "drop": "If it was not sent, the person never gets it, nor what was to follow it.",
}
_ASKED: Final = {
    "ledger": "our own webhooks",
    "conversation": "the conversation with the person",
    "conversations": "the latest conversations",
    "replies": "what stands under the comment",
}
_SAW: Final = {
    "found": "it was there",
    "absent": "it was not there",
    "unclear": "that could not be told",
    "failed": "they could not be asked",
}
_BECAUSE: Final = {
    "another": "the account had said something else there",
    "cannot_tell": "Meta does not tell enough of what was said there",
    "several": "more than one thing could be it, or more than one delivery",
    "out_of_view": "Meta does not show back to when it was tried",
}


async def list_(account: str, *, state: str | None, last: int, as_json: bool) -> int:
    """Print an account's latest deliveries, the newest last."""
    wanted = _state(state)
    async with reading() as db:
        of = await accounts.account(db, account)
        rows = list(reversed(await by_hand.listed(db, of.id, state=wanted, last=last)))
    if as_json:
        telling.as_json([asdict(row) for row in rows])
    elif not rows:
        typer.echo("There is no such delivery." if state else "Nothing is owed to anybody yet.")
    else:
        head = ("delivery", "what", "state", "reason", "tried", "last tried", "until")
        telling.columns([head, *map(_row, rows)])
    return 0


async def show(written: str, *, as_json: bool) -> int:
    """Print everything that is known of a delivery."""
    delivery = _delivery_id(written)
    async with reading() as db:
        one = await _shown(db, delivery)
    if as_json:
        telling.as_json(asdict(one))
        return 0
    telling.heading(f"Delivery {one.id} of {telling.printable(one.username)}")
    telling.lines(_stands(one))
    telling.heading("What it has been through")
    telling.lines(map(_step, one.steps))
    if one.looks:
        telling.heading("Where it was looked for")
        telling.lines(map(_look, one.looks))
    if one.state == "uncertain":
        telling.heading("What a person can decide")
        decide = f"switchboard deliveries decide {one.id}"
        telling.lines(f"{decide} --{verdict}   {what}" for verdict, what in _MEANS.items())
    return 0


async def decide(
    written: str, verdict: Verdict, *, message_id: str | None, sure: bool, as_json: bool
) -> int:
    """Decide what became of an uncertain delivery, or is to become of it."""
    delivery = _delivery_id(written)
    async with open_database() as db:
        one = await _shown(db, delivery)
        _require_uncertain(one)
        if verdict == "retry" and one.closes_at <= datetime.now(UTC):
            raise CannotDo(
                f"{one.id}: Meta allowed it until {_moment(one.closes_at)}, so it cannot be sent "
                "again; decide --sent or --drop"
            )
        _require_sure(_MEANS[verdict], sure=sure)
        if not await by_hand.decide(db, delivery, verdict, message_id):
            raise CannotDo(await _why_not(db, delivery, message_id))
    told = {"delivery_id": delivery, "decided": verdict}
    telling.done(told, _DECIDED[verdict], as_json=as_json)
    return 0


async def cancel(written: str, *, as_json: bool) -> int:
    """Call off a delivery that was not sent yet."""
    delivery = _delivery_id(written)
    async with open_database() as db:
        if not await by_hand.decide(db, delivery, "cancel"):
            one = await _shown(db, delivery)
            raise CannotDo(f"{one.id} {STATES[one.state]}; {_INSTEAD.get(one.state, _TOO_LATE)}")
    told = {"delivery_id": delivery, "decided": "cancel"}
    telling.done(told, "It is called off, and so is what was to follow it.", as_json=as_json)
    return 0


_DECIDED: Final[Mapping[Verdict, str]] = {
    "sent": "It counts as sent; what was to follow it goes out within a minute.",
    "retry": "It is sent again within a minute, if nothing else stands in its way.",
    "drop": "It is left as it is, and what was to follow it is called off.",
}
_TOO_LATE: Final = "there is nothing to call off"
_INSTEAD: Final[Mapping[State, str]] = {
    "uncertain": "see `switchboard deliveries decide`",
    "sending": "see what comes of it in a moment",
}


async def _why_not(db: Database, delivery: DeliveryId, message_id: str | None) -> str:
    """Return why a decision was not taken."""
    one = await _shown(db, delivery)
    _require_uncertain(one)
    of = None if message_id is None else await by_hand.whose(db, one.account, message_id)
    return f"--message-id: that is the message of delivery {of}"


def _require_uncertain(one: Shown) -> None:
    if one.state != "uncertain":
        raise CannotDo(f"{one.id} {STATES[one.state]}; only what is uncertain can be decided")


def _require_sure(means: str, *, sure: bool) -> None:
    """Say what a decision may mean, and at a terminal ask whether it is meant."""
    sys.stderr.write(f"{means}\n")
    if not sure and sys.stdin.isatty() and not typer.confirm("Is that so?", err=True):
        raise typer.Abort


async def _shown(db: Queryable, delivery: DeliveryId) -> Shown:
    one = await by_hand.shown(db, delivery)
    if one is None:
        raise CannotDo(f"there is no delivery {delivery}; see `switchboard deliveries list`")
    return one


def _delivery_id(written: str) -> DeliveryId:
    try:
        return DeliveryId(UUID(written))
    except ValueError:
        msg = f"{written!r} is no delivery's id; see `switchboard deliveries list`"
        raise CannotDo(msg) from None


def _state(written: str | None) -> State | None:
    if written is None:
        return None
    states: tuple[State, ...] = get_args(State)
    found = next((state for state in states if state == written), None)
    if found is None:
        raise CannotDo(f"--state: {written!r} is none of {', '.join(states)}")
    return found


def _row(one: Listed) -> tuple[str, ...]:
    return (
        str(one.id),
        KINDS[one.kind],
        one.state,
        one.reason or "",
        str(one.attempts),
        _moment(one.attempted_at) if one.attempted_at else "",
        _moment(one.deadline),
    )


def _stands(one: Shown) -> Iterator[str]:
    yield f"A {KINDS[one.kind]} of {one.campaign}, step {one.step}: {STATES[one.state]}."
    if one.reason:
        yield f"Because {sentence_of(one.reason)} ({one.reason})."
    yield f"To person {one.person_id or 'unknown'}" + (
        f", for comment {one.comment_id}." if one.comment_id else "."
    )
    if text := one.content.get("text"):
        yield f'It says "{text}".'
    yield f"Meta allows it until {_moment(one.closes_at)}."
    if one.message_id:
        yield f"Meta calls it {one.message_id}."
    if one.graph_code is not None:
        yield f"Meta's last error was {one.graph_code}/{one.graph_subcode} ({one.fbtrace_id})."
    if one.state == "uncertain":
        yield (
            f"It is looked for again at {_moment(one.look_at)}."
            if one.look_at
            else ("It is looked for no more.")
        )
    yield f"Why it was to be sent: switchboard explain {one.event_id}"


def _step(step: Mapping[str, Any]) -> str:
    why = f": {sentence_of(step['reason'])}" if step["reason"] else ""
    return f"{step['at']}  {step['after']}, by {step['by']}{why}"


def _look(look: Mapping[str, Any]) -> str:
    why = str(look["because"])
    because = _BECAUSE.get(why) or sentence_of(why)
    saw = _SAW[look["outcome"]]
    told = f"{look['at']}  {_ASKED[look['asked']]}: {saw}"
    return told if look["outcome"] in {"found", "absent"} else f"{told}, because {because}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
