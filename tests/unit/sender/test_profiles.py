"""A person's name: asked for when it is said, never for long, never in vain twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.sender.profiles import Unnamed
from switchboard.contracts import AccountId, PersonId
from switchboard.errors import Failure, Unavailable
from switchboard.graph import Profile, Said, Usage
from switchboard.graph.failures import refusal
from switchboard.state import Limited
from tests.unit.sender.builders import (
    ACCOUNT,
    DUE,
    FOLLOWER,
    PERSON,
    RECEIPT,
    Bench,
    bench,
    claimed,
)

GREETING = {"text": "Hi {{first_name|there}}!"}


def said(it: Bench) -> list[str]:
    """What was sent."""
    return [body["message"]["text"] for _, body, _ in it.graph.calls]


def greeting(**fields: Any) -> Bench:
    """A sender with somebody to greet by name."""
    return bench(claimed(content=GREETING, **fields))


async def test_a_name_is_asked_for_and_kept() -> None:
    """Meta is asked before the send; the next message needs nobody's help."""
    it = greeting()

    await it.sender(DUE, RECEIPT)

    assert ["Hi Ana!"] == said(it)
    assert [("Ana Lima", "ana")] == it.names.kept
    assert ["claim", "reserve", "ask", "reserve", "call", "record"] == it.order
    assert [(["lookups"], True), (["sends", "person"], True)] == it.limits.reserved


@pytest.mark.parametrize("fields", [{"name": "Bo"}, {"kind": "private_reply"}])
async def test_nobody_is_asked_for_without_need(fields: dict[str, Any]) -> None:
    """A name we know is not asked for, nor that of somebody who only commented."""
    it = greeting(**fields)

    await it.sender(DUE, RECEIPT)

    assert [] == it.graph.asked
    assert 1 == len(said(it))


async def test_what_cannot_be_said_costs_no_question() -> None:
    """A message Meta would not take is refused before anybody is asked for anything."""
    it = bench(claimed(content=GREETING | {"quick_replies": [{"title": "", "payload": "x"}]}))

    await it.sender(DUE, RECEIPT)

    assert ["claim", "record"] == it.order


@pytest.mark.parametrize(
    ("profile", "asked_again"),
    [
        (refusal(Said(code=230), is_send=False), 1),
        (refusal(Said(code=31337), is_send=False), 1),
        (Unavailable("Graph API"), 1),
        (replace(FOLLOWER, name=None), 1),
        (refusal(Said(code=613), is_send=False), 2),
        (refusal(Said(code=190), is_send=False), 2),
    ],
)
async def test_the_fallback_does(profile: Profile | Failure, asked_again: int) -> None:
    """Without a name the message goes out all the same; who was refused is not asked for again."""
    unnamed = Unnamed()
    asked = 0
    for _ in range(2):
        it = bench(claimed(content=GREETING), unnamed=unnamed)
        it.graph.profile = profile
        await it.sender(DUE, RECEIPT)
        asked += len(it.graph.asked)
        assert ["Hi there!"] == said(it)

    assert asked_again == asked


async def test_nobody_waits_long_for_a_name() -> None:
    """A slow answer is not waited for, and not asked for again."""
    it = bench(claimed(content=GREETING), patience=timedelta(milliseconds=10))

    async def slow(person_id: PersonId, *, token: str) -> Profile:
        await asyncio.Event().wait()
        raise AssertionError

    it.graph.read_profile = slow  # type: ignore[method-assign]  # a fake's method, replaced for one test
    await it.sender(DUE, RECEIPT)

    assert ["Hi there!"] == said(it)
    assert (ACCOUNT, PERSON) in it.sender.speaking.profiles.unnamed


@pytest.mark.parametrize("failure", [Limited("cooling", after_s=60), Unavailable("Redis")])
async def test_an_account_to_be_left_alone_is_asked_nothing(failure: Failure) -> None:
    """Meta asked for quiet, or Redis is away: no question, and the message waits its turn too."""
    it = greeting()
    it.limits.failure = failure

    await it.sender(DUE, RECEIPT)

    assert [] == it.graph.asked
    assert (ACCOUNT, PERSON) not in it.sender.speaking.profiles.unnamed


async def test_a_question_counts_in_metas_budget() -> None:
    """What Meta says with its answer is heeded, as after a send."""
    it = greeting()
    it.graph.profile = replace(FOLLOWER, said=Said(usage=Usage(97)))

    await it.sender(DUE, RECEIPT)

    assert [("heed", 0.1, timedelta(minutes=1))] == it.limits.told


async def test_without_a_turn_to_ask_the_message_goes_unnamed() -> None:
    """A question counts against a limit of its own; nobody waits for it."""
    it = greeting()
    it.limits.failure, it.limits.times = Limited("limit_lookups", after_s=0.02), 1

    await it.sender(DUE, RECEIPT)

    assert [] == it.graph.asked
    assert ["Hi there!"] == said(it)


async def test_a_name_that_cannot_be_kept_is_used() -> None:
    """Postgres away for a moment: this message has the name."""
    it = greeting()
    it.names.failure = Unavailable("PostgreSQL")

    await it.sender(DUE, RECEIPT)

    assert ["Hi Ana!"] == said(it)


def test_unnamed_are_forgotten_after_a_day() -> None:
    """Somebody may have given themselves a name since."""
    now = 0.0
    unnamed = Unnamed(clock=lambda: now)
    unnamed.add(ACCOUNT, PERSON)

    assert (ACCOUNT, PERSON) in unnamed
    assert (AccountId("2"), PERSON) not in unnamed
    now = 24 * 3600.0
    assert (ACCOUNT, PERSON) not in unnamed


def test_unnamed_are_not_remembered_without_end() -> None:
    """The oldest make room for new ones."""
    unnamed = Unnamed()
    for number in range(10_001):
        unnamed.add(ACCOUNT, PersonId(str(number)))

    assert (ACCOUNT, PersonId("0")) not in unnamed
    assert (ACCOUNT, PersonId("10000")) in unnamed
