"""An event is explained from what is stored, whichever of its names is given."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import CommentWritten, MessageReceived
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past

NOBODYS = "7d1c9f52-0000-4000-8000-000000000000"


async def test_the_latest_events_are_listed_with_their_ids(
    past: Past, switchboard: Switchboard
) -> None:
    """The newest stands last, and what is printed as its id is what explain takes."""
    nothing = await switchboard("events", "--account", "shop")
    await past.play(30)

    listed = await switchboard("events", "--account", "shop", "--last", 3, "--json")
    shown = await switchboard("events", "--account", "shop", "--last", 3)

    assert "Nothing has happened to the account yet.\n" == nothing.out
    rows = json.loads(listed.out)
    assert 3 == len(rows)
    assert sorted(row["received_at"] for row in rows) == [row["received_at"] for row in rows]
    assert rows[-1]["event_id"] in shown.out.splitlines()[-1]
    assert 0 == (await switchboard("explain", rows[-1]["event_id"])).code


async def test_a_comment_by_each_of_its_names(past: Past, switchboard: Switchboard) -> None:
    """The event's id and the comment's lead to the same story, with its delivery."""
    await past.play(80, datetime.now(UTC) - timedelta(hours=2))
    one = next(
        one
        for one in past.decided
        if one.decision.because == "keyword" and isinstance(one.event, CommentWritten)
    )
    assert isinstance(one.event, CommentWritten)

    by_id = await switchboard("explain", one.event.event_id)
    by_comment = await switchboard("explain", one.event.comment_id)

    assert 0 == by_id.code, by_id.err
    assert by_id.out == by_comment.out
    assert f"from person {one.event.author_id}" in by_id.out
    assert "A keyword was found in the text." in by_id.out
    assert "private reply of step" in by_id.out
    assert "is about to be sent" in by_id.out


async def test_a_message_by_its_id_as_json(past: Past, switchboard: Switchboard) -> None:
    """With --json the stored event, decision and deliveries are printed as they are."""
    await past.play(80)
    one = next(one for one in past.decided if isinstance(one.event, MessageReceived))
    assert isinstance(one.event, MessageReceived)

    ended = await switchboard("explain", one.event.message_id, "--json")

    (told,) = json.loads(ended.out)
    assert json.loads(one.event.to_json()) == told["event"]
    assert one.decision.because == told["decision"]["because"]


@pytest.mark.parametrize("name", ["17900000000000009", "mid.none", NOBODYS])
async def test_nothing_by_that_name(name: str, past: Past, switchboard: Switchboard) -> None:
    """A name that nothing has is told of in one line."""
    ended = await switchboard("explain", name)

    assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
    assert f"no event '{name}'" in ended.err


async def test_a_role_that_may_not_read(
    past: Past, switchboard: Switchboard, pipeline_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline's role may not read what people wrote: that is told in one line."""
    monkeypatch.setenv("DATABASE_URL", pipeline_url)

    ended = await switchboard("explain", uuid4())

    assert (2, 1) == (ended.code, ended.err.count("\n"))
    assert "permission denied" in ended.err
    assert "is DATABASE_URL the address of a role that may do this?" in ended.err


async def test_a_database_that_is_away(
    switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer is told of in one line, without the password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/postgres")

    ended = await switchboard("replay", "--since", "2026-11-01")

    assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
    assert "is the server that DATABASE_URL names up?" in ended.err
    assert "hunter2" not in ended.err
