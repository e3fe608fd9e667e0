"""An owner's commands: nothing wrong is published, and what is published answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from switchboard.db import rules
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.support.builders import on_comment, private_reply, text_message

_FINE = {"trigger": {"kind": "postback", "payloads": ["HELP"]}, "steps": [text_message("Hi")]}
_WRONG = {"trigger": on_comment("menu"), "steps": [private_reply("One"), private_reply("Two")]}
_OVERLAPPING = {"trigger": on_comment("link please"), "steps": [private_reply("Mine")]}


async def test_a_new_campaign_and_its_next_version(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """What is published is live; with --campaign the next version takes its place."""
    first = await switchboard(
        "publish", _file(tmp_path, _FINE), "--account", "shop", "--name", "Menu"
    )
    assert 0 == first.code, first.out + first.err
    listed = json.loads((await switchboard("campaigns", "--account", "shop", "--json")).out)
    menu = next(one for one in listed if one["name"] == "Menu")
    changed = _FINE | {"steps": [text_message("Another")]}
    second = await switchboard(
        *("publish", _file(tmp_path, changed), "--account", "shop", "--campaign", menu["id"])
    )

    assert (0, f"Menu is live, version 1. Its id is {menu['id']}.\n") == (first.code, first.out)
    assert (0, f"Menu is live, version 2. Its id is {menu['id']}.\n") == (second.code, second.out)
    (loaded,) = await rules.load(past.db, [past.instagram_id])
    live = {str(one.id): one for one in loaded.campaigns}[menu["id"]]
    assert (2, len(past.campaigns)) == (live.version, live.rank)


async def test_errors_are_not_published(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """What Meta would refuse is told and not published, whatever is forced."""
    ended = await switchboard(
        *("publish", _file(tmp_path, _WRONG), "--account", "shop", "--name", "Menu"),
        "--force-warnings",
    )

    assert 1 == ended.code
    assert "[second_private_reply]" in ended.out
    assert "not published; mend the errors first" in ended.err
    assert "Menu" not in (await switchboard("campaigns", "--account", "shop")).out


async def test_warnings_hold_it_back_until_they_are_forced(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """A text that sets off another campaign too is shown, and published only on demand."""
    arguments = (
        *("publish", _file(tmp_path, _OVERLAPPING), "--account", "shop"),
        *("--name", "Menu", "--rank", 3),
    )

    held = await switchboard(*arguments)
    forced = await switchboard(*arguments, "--force-warnings")

    assert (1, 0) == (held.code, forced.code)
    assert "'link please' sets off this campaign and 'link'; only one" in held.out
    assert "--force-warnings" in held.err


async def test_a_name_that_is_taken(past: Past, tmp_path: Path, switchboard: Switchboard) -> None:
    """A second campaign of one name is most often a next version: its id is told."""
    ended = await switchboard(
        "publish", _file(tmp_path, _FINE), "--account", "shop", "--name", "link"
    )

    assert 2 == ended.code
    assert f"give --campaign {past.campaigns['link']}" in ended.err


async def test_a_draft_is_kept_and_answers_nothing(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """A draft need not make sense; it is shown as it was saved, and the live version stays."""
    half = {"trigger": {"kind": "fax"}}
    link = past.campaigns["link"]

    saved = await switchboard(
        *("draft", "save", _file(tmp_path, half), "--account", "shop", "--campaign", link)
    )
    shown = await switchboard("draft", "show", link)
    none = await switchboard("draft", "show", past.campaigns["story"])

    assert (0, half) == (saved.code, json.loads(shown.out))
    assert (2, f"campaign {past.campaigns['story']} has no draft") == (
        none.code,
        none.err.removeprefix("switchboard: ").split(";")[0],
    )
    listed = json.loads((await switchboard("campaigns", "--account", "shop", "--json")).out)
    own = next(one for one in listed if one["id"] == str(link))
    assert ("live", 1, True) == (own["status"], own["live_version"], own["has_draft"])


async def test_lint_beside_the_others(past: Past, tmp_path: Path, switchboard: Switchboard) -> None:
    """With an account its live campaigns are looked at too."""
    file = _file(tmp_path, _OVERLAPPING)

    alone = await switchboard("lint", file)
    beside = await switchboard("lint", file, "--account", "shop")

    assert "Nothing is wrong with it." in alone.out
    assert "[overlap]" in beside.out
    assert "It can be published." in beside.out


def _file(folder: Path, definition: dict[str, Any]) -> Path:
    file = folder / "campaign.json"
    file.write_text(json.dumps(definition))
    return file
