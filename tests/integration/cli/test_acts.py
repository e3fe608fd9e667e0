"""What acts tell programs, and what they say of what is not there."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.integration.db.town import Shop, open_shop, owe
from tests.support.builders import on_comment, private_reply

NOWHERE = "7d1c9f52-0000-4000-8000-000000000000"


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace with a connected account and one live campaign."""
    return await open_shop(owner)


def written(folder: Path, name: str, what: Any) -> str:
    """Return a file with JSON in it."""
    path = folder / name
    path.write_text(json.dumps(what), encoding="utf-8")
    return str(path)


async def told(switchboard: Switchboard, *arguments: object, code: int = 0) -> Any:
    """Run a command for a program; what is on standard output is one JSON value."""
    ended = await switchboard(*arguments, "--json")
    assert code == ended.code, ended.err
    return json.loads(ended.out)


async def test_campaigns(shop: Shop, switchboard: Switchboard, tmp_path: Path) -> None:
    """What was published, what keeps it from being, what is paused and what is kept."""
    of = ("--account", shop.instagram_id)
    good = {"trigger": on_comment("price"), "steps": [private_reply("Here")]}
    bad = good | {"steps": [private_reply("x" * 1001)]}
    live = await told(switchboard, "publish", written(tmp_path, "a", good), *of, "--name", "Price")
    refused = await told(
        switchboard, "publish", written(tmp_path, "b", bad), *of, "--name", "B", code=1
    )
    paused = await told(switchboard, "pause", live["campaign_id"])
    kept = await told(switchboard, "draft", "save", written(tmp_path, "c", bad), *of, "--name", "C")
    draft = await told(switchboard, "draft", "show", kept["campaign_id"])

    assert (True, 1) == (live["published"], live["version"])
    assert (False, None) == (refused["published"], refused["campaign_id"])
    assert ["error"] == [one["severity"] for one in refused["findings"]]
    assert {"campaign_id": live["campaign_id"], "status": "paused"} == paused
    assert {"campaign_id", "name"} == set(kept)
    assert json.loads(json.dumps(bad)) == draft


async def test_an_account(
    shop: Shop, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was held, and the secret that was made."""
    monkeypatch.setenv("TOKEN_KEYS", f"k1:{base64.b64encode(bytes(32)).decode()}")
    of = ("--account", shop.instagram_id)
    again = await told(switchboard, "try-again", *of)
    secret = await told(switchboard, "webhook-secret", *of)

    assert {"account": str(shop.account), "was_held": False} == again
    assert str(shop.account) == secret["account"]
    assert len(secret["secret"]) > 20


async def test_deliveries(shop: Shop, owner: Database, switchboard: Switchboard) -> None:
    """Which one was decided about, and how."""
    waiting, lost = await owe(owner, shop), await owe(owner, shop)
    for state in ("sending", "uncertain"):
        await owner.execute(
            "update public.deliveries set state = $2, lease_owner = 'x',"
            " lease_until = now() + interval '1 hour' where id = $1",
            lost,
            state,
        )
    called_off = await told(switchboard, "deliveries", "cancel", waiting)
    dropped = await told(switchboard, "deliveries", "decide", lost, "--drop", "--yes")

    assert {"delivery_id": str(waiting), "decided": "cancel"} == called_off
    assert {"delivery_id": str(lost), "decided": "drop"} == dropped


async def test_intents(
    past: Past, owner: Database, switchboard: Switchboard, tmp_path: Path
) -> None:
    """How many there are, what is wrong with them, and what is kept of what people wanted."""
    await past.play(20)
    of = ("--account", past.instagram_id)
    price = [{"name": "price", "examples": [f"how much is the {one} hat" for one in "abcdef"]}]
    wrong = [{"name": "price", "examples": []}]
    labelled = [{"text": "what does it cost", "label": "price"}]
    row = await owner.fetchrow(
        "select event_id from public.events where event ->> 'text' <> '' limit 1"
    )
    assert row is not None
    live = await told(switchboard, "intents", "publish", written(tmp_path, "a", price), *of)
    refused = await told(
        switchboard, "intents", "publish", written(tmp_path, "b", wrong), *of, code=1
    )
    label = await told(switchboard, "intents", "label", row["event_id"], "price")
    learnt = await told(switchboard, "intents", "learn", written(tmp_path, "c", labelled), *of)
    shown = await told(switchboard, "intents", "show", *of)

    assert (True, 1) == (live["published"], live["intents"])
    assert (False, "error") == (refused["published"], refused["faults"][0]["severity"])
    assert {"event_id": str(row["event_id"]), "intent": "price"} == label
    assert {"kept": 1} == learnt
    assert ["price"] == [one["name"] for one in shown]


@pytest.mark.parametrize(
    "arguments",
    [
        ["accounts", "show", "nobodys"],
        ["alerts", "--account", "nobodys"],
        ["campaigns", "--account", "nobodys"],
        ["campaigns", "list", "--account", "nobodys"],
        ["deliveries", "cancel", NOWHERE],
        ["deliveries", "decide", NOWHERE, "--drop", "--yes"],
        ["deliveries", "list", "--account", "nobodys"],
        ["deliveries", "show", NOWHERE],
        ["draft", "show", NOWHERE],
        ["events", "--account", "nobodys"],
        ["explain", NOWHERE],
        ["forecast", "--account", "nobodys"],
        ["intents", "calibrate", "--account", "nobodys"],
        ["intents", "label", NOWHERE, "price"],
        ["intents", "show", "--account", "nobodys"],
        ["intents", "suggest", "--account", "nobodys"],
        ["pause", NOWHERE],
        ["replay", "--since", "2026-11-01", "--account", "nobodys"],
        ["try-again", "--account", "nobodys"],
    ],
    ids=" ".join,
)
async def test_what_is_not_there(
    database_url: str, switchboard: Switchboard, arguments: list[str]
) -> None:
    """An id of nothing is told in one line, and nothing is printed that a program would read."""
    ended = await switchboard(*arguments, "--json")

    assert (2, "", 1) == (ended.code, ended.out, ended.err.count("\n"))
