"""`switchboard campaigns export` and `import`: campaigns as files, from one account to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import AccountId
from switchboard.db import tenancy
from switchboard.db.pool import Database
from switchboard.exporting import campaign_files
from switchboard.exporting.campaign_files import CampaignFile
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.integration.db.town import Shop, open_shop
from tests.support.builders import on_comment, private_reply

_FINE = {"trigger": on_comment("price"), "steps": [private_reply("Here")]}
_WRONG = {"trigger": on_comment("menu"), "steps": [private_reply("One"), private_reply("Two")]}


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace with a connected account and one live campaign."""
    return await open_shop(owner)


def put(folder: Path, **definitions: Any) -> Path:
    """Write a campaign's file for each of `definitions`, by its name."""
    folder.mkdir(exist_ok=True)
    for name, definition in definitions.items():
        file = CampaignFile(name=name, definition=json.loads(json.dumps(definition)))
        (folder / f"{name}.yaml").write_text(campaign_files.write(file, "yaml"), encoding="utf-8")
    return folder


async def listed(switchboard: Switchboard, shop: Shop) -> dict[str, tuple[str, bool]]:
    """Return a shop's campaigns by their names: how they are, and whether they have a draft."""
    ended = await switchboard("campaigns", "list", "--account", shop.instagram_id, "--json")
    return {one["name"]: (one["status"], one["has_draft"]) for one in json.loads(ended.out)}


@pytest.mark.parametrize("form", ["yaml", "json"])
async def test_to_another_account(
    past: Past, owner: Database, switchboard: Switchboard, tmp_path: Path, form: str
) -> None:
    """What was written for one account is brought to another, whole; nothing answers by it yet."""
    other = AccountId("17841499999999999")
    await tenancy.connect_account(
        owner, uuid4(), workspace=past.workspace, instagram_id=other, username="other"
    )
    of, to = ("--account", past.instagram_id), ("--account", other)
    taken = await switchboard(
        "campaigns", "export", tmp_path / "a", *of, "--format", form, "--json"
    )
    brought = await switchboard("campaigns", "import", tmp_path / "a", *to, "--json")
    again = await switchboard("campaigns", "export", tmp_path / "b", *to, "--format", form)

    told = json.loads(taken.out)["campaigns"]
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert (0, 0) == (taken.code, again.code)
    assert len(past.campaigns) == len(told) == len(names)
    assert names == sorted(one["file"] for one in told)
    assert {None} == {one["version"] for one in json.loads(brought.out)["campaigns"]}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


async def test_as_drafts(shop: Shop, switchboard: Switchboard, tmp_path: Path) -> None:
    """A known campaign keeps answering, with the file's as its draft; what is wrong is told."""
    folder = put(tmp_path / "a", link=_FINE, menu=_WRONG)
    ended = await switchboard("campaigns", "import", folder, "--account", shop.instagram_id)

    assert 1 == ended.code
    assert "menu is a draft" in ended.out
    assert "error: " in ended.out
    assert {"link": ("live", True), "menu": ("draft", True)} == await listed(switchboard, shop)


async def test_published(shop: Shop, switchboard: Switchboard, tmp_path: Path) -> None:
    """With --publish they answer at once; what is brought again is no new version."""
    folder = put(tmp_path / "a", link=_FINE)
    of = ("--account", shop.instagram_id, "--publish", "--json")
    first = json.loads((await switchboard("campaigns", "import", folder, *of)).out)
    second = json.loads((await switchboard("campaigns", "import", folder / "link.yaml", *of)).out)

    assert [2] == [one["version"] for one in first["campaigns"]]
    assert [2] == [one["version"] for one in second["campaigns"]]
    assert {"link": ("live", False)} == await listed(switchboard, shop)


async def test_all_or_none(shop: Shop, switchboard: Switchboard, tmp_path: Path) -> None:
    """If one is not fit to be published, none is, and nothing is kept of any."""
    folder = put(tmp_path / "a", hours=_FINE, link=_FINE, menu=_WRONG)
    of = ("--account", shop.instagram_id, "--publish")
    ended = await switchboard("campaigns", "import", folder, *of, "--json")

    told = json.loads(ended.out)
    assert (1, False) == (ended.code, told["kept"])
    assert "mend the errors first" in ended.err
    assert ["error"] == [
        one["severity"]
        for campaign in told["campaigns"]
        for one in campaign["findings"]
        if one["severity"] == "error"
    ]
    assert {"link": ("live", False)} == await listed(switchboard, shop)


async def test_what_is_no_campaigns_file(
    shop: Shop, switchboard: Switchboard, tmp_path: Path
) -> None:
    """It is named, with what is wrong, before anything is brought."""
    folder = put(tmp_path / "a", fine=_FINE)
    of = ("--account", shop.instagram_id)
    empty = await switchboard("campaigns", "import", tmp_path, *of)
    (folder / "other.yml").write_text("a: &a [1]\nb: *a\n", encoding="utf-8")
    anchored = await switchboard("campaigns", "import", folder, *of)
    (folder / "other.yml").write_text((folder / "fine.yaml").read_text(), encoding="utf-8")
    twice = await switchboard("campaigns", "import", folder, *of)

    assert (2, 2, 2) == (empty.code, anchored.code, twice.code)
    assert "there is no file that ends in" in empty.err
    assert "other.yml: It cannot be read: anchors are not read" in anchored.err
    assert "other.yml: fine.yaml has a campaign called 'fine', too" in twice.err
    assert {"link"} == set(await listed(switchboard, shop))
