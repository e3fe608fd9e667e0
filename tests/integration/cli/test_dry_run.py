"""A dry run over what is stored tells what would have been, and leaves everything as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.support.corpus import definitions


@pytest.fixture
async def lived(past: Past) -> Past:
    """The account, with two days behind it."""
    await past.play(300, datetime.now(UTC) - timedelta(days=2))
    return past


async def test_the_live_campaign_changes_nothing(
    lived: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """What is published already would have done what it would have done; twice the same."""
    file = _file(tmp_path, definitions()["link"].model_dump(mode="json"))
    arguments = ("dry-run", file, "--account", "shop", "--campaign", lived.campaigns["link"])

    first = await switchboard(*arguments)
    second = await switchboard(*arguments)

    assert 0 == first.code, first.err
    assert first.out == second.out
    assert 3 == first.out.count("0 events of 0 people")
    assert "With at most 720 private replies an hour" in first.out
    assert "Nothing was sent or written." in first.out


async def test_an_account_that_answers_later(
    lived: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """By how much later than at once what is said goes is told; of nothing, nothing is."""
    file = _file(tmp_path, definitions()["link"].model_dump(mode="json"))
    arguments = ("dry-run", file, "--account", "shop", "--campaign", lived.campaigns["link"])
    at_once = await switchboard(*arguments)
    await lived.db.execute(
        "update public.instagram_accounts set reply_delay_min = '30 s', reply_delay_max = '2 min'"
    )
    later = await switchboard(*arguments)

    assert "goes" not in at_once.out
    assert "What is said goes 0:00:30 to 0:02:00 later than at once" in later.out


async def test_a_campaign_for_everything(
    lived: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """A new campaign without keywords is told with whom it would have answered, as JSON too."""
    written: dict[str, Any] = {
        "trigger": {"kind": "comment"},
        "steps": [{"kind": "private_reply", "variants": [{"text": "Whatever you say"}]}],
    }
    file = _file(tmp_path, written)

    told = await switchboard("dry-run", file, "--account", lived.instagram_id, "--days", 7)
    found = json.loads((await switchboard("dry-run", file, "--account", "shop", "--json")).out)

    gained = found["changed"]["gains"]
    assert (
        0
        < gained["events"]
        == found["candidate"]["outcomes"]["matched"]
        - (found["live"]["outcomes"]["matched"] - found["changed"]["loses"]["events"])
    )
    assert f"{gained['events']} events of {gained['people']} people would be answered" in told.out
    assert 'private reply of the new campaign "Whatever you say"' in told.out


async def test_an_account_that_is_not_there(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """An account nobody knows is told of in one line."""
    file = _file(tmp_path, definitions()["link"].model_dump(mode="json"))

    ended = await switchboard("dry-run", file, "--account", "nobody")

    assert (2, 1) == (ended.code, ended.err.count("\n"))
    assert "--account: no account 'nobody'; give its id, Instagram id or name" in ended.err


def _file(folder: Path, definition: dict[str, Any]) -> Path:
    file = folder / "campaign.json"
    file.write_text(json.dumps(definition))
    return file
