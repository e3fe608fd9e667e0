"""An owner's commands: nothing wrong is published, and what is published answers."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from switchboard.db import credentials, rules
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
    """What Meta would refuse is told and not published."""
    ended = await switchboard(
        "publish", _file(tmp_path, _WRONG), "--account", "shop", "--name", "Menu"
    )

    assert 1 == ended.code
    assert "[second_private_reply]" in ended.out
    assert "not published; mend the errors first" in ended.err
    assert "Menu" not in (await switchboard("campaigns", "--account", "shop")).out


async def test_warnings_are_told_and_do_not_hold_it_back(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """A text that sets off another campaign too is shown; --strict waits until there is none."""
    arguments = (
        *("publish", _file(tmp_path, _OVERLAPPING), "--account", "shop"),
        *("--name", "Menu", "--rank", 3),
    )

    held = await switchboard(*arguments, "--strict")
    published = await switchboard(*arguments)

    assert (1, 0) == (held.code, published.code)
    for said in (held.out, published.out):
        assert "'link please' sets off this campaign and 'link'; only one" in said
    assert "--strict" in held.err


async def test_a_paused_campaign_starts_nothing(past: Past, switchboard: Switchboard) -> None:
    """It is among the campaigns still, and not among those that answer."""
    wanted = past.campaigns["link"]

    ended = await switchboard("pause", wanted)
    unknown = await switchboard("pause", "00000000-0000-4000-8000-000000000000")

    assert (0, 2) == (ended.code, unknown.code)
    (loaded,) = await rules.load(past.db, [past.instagram_id])
    assert wanted not in {one.id for one in loaded.campaigns}
    listed = json.loads((await switchboard("campaigns", "--account", "shop", "--json")).out)
    assert ["paused"] == [one["status"] for one in listed if one["id"] == str(wanted)]


async def test_lint_as_json(tmp_path: Path, switchboard: Switchboard) -> None:
    """A program gets each fault with its place and its code; what is no campaign is told too."""
    wrong = await switchboard("lint", _file(tmp_path, _WRONG), "--json")
    fine = await switchboard("lint", _file(tmp_path, _FINE), "--json")
    none = await switchboard("lint", _file(tmp_path, {"steps": []}), "--json")

    assert (1, "second_private_reply", "error") == (
        wrong.code,
        json.loads(wrong.out)[0]["code"],
        json.loads(wrong.out)[0]["severity"],
    )
    assert (0, []) == (fine.code, json.loads(fine.out))
    assert (1, True) == (none.code, "trigger" in json.loads(none.out)[0]["message"])


async def test_a_secret_for_webhooks(
    past: Past, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is printed once, stored sealed, and opens for webhooks alone; it needs keys."""
    key = b"k" * 32
    refused = await switchboard("webhook-secret", "--account", "shop")
    monkeypatch.setenv("TOKEN_KEYS", f"k1:{base64.b64encode(key).decode()}")

    made = await switchboard("webhook-secret", "--account", "shop")

    assert 2 == refused.code
    assert "TOKEN_KEYS" in refused.err
    (row,) = await past.db.fetch("select account_id from private.webhook_secrets")
    sealed = await credentials.webhook_secret(past.db, row["account_id"])
    assert sealed is not None
    opened = credentials.Vault({"k1": key}).open(sealed, row["account_id"], "webhook")
    assert made.out == f"{opened}\n"


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
