"""Campaigns: written, looked at, tried, published; by those who may."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.contracts import CommentId
from switchboard.db import ledger
from switchboard.db.pool import Database
from tests.integration.control.house import Answer, House, Person
from tests.integration.db.town import Shop, open_shop, recorded
from tests.integration.db.users import Role
from tests.support.builders import comment


def saying(text: str = "Here you are", *keywords: str) -> dict[str, Any]:
    """Return a definition that answers comments with `text`."""
    return {
        "trigger": {"kind": "comment", "keywords": {"include": keywords or ("price",)}},
        "steps": [
            {"kind": "public_reply", "variants": ["Sent!", "Look in your messages"]},
            {"kind": "private_reply", "variants": [{"text": text}]},
        ],
    }


async def begun(person: Person, shop: Shop, **fields: Any) -> Answer:
    """Begin a campaign."""
    answer = await person.post(
        f"/v1/accounts/{shop.account}/campaigns", {"name": "Prices", "draft": saying()} | fields
    )
    assert answer.status == 201, answer.text
    return answer


class TestWriting:
    async def test_a_draft_answers_nothing(self, house: House, shop: Shop) -> None:
        """It stands behind the others, as a draft, and has an address."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop)
        read = await editor.get(made.headers["location"])
        listed = await editor.get(f"/v1/accounts/{shop.account}/campaigns")

        assert ("draft", None, 2) == (
            read.body["status"],
            read.body["live"],
            read.body["rank"],
        )
        assert json.loads(json.dumps(saying())) == read.body["draft"]
        assert ["link", "Prices"] == [one["name"] for one in listed.body["items"]]
        assert [False, True] == [one["has_draft"] for one in listed.body["items"]]

    async def test_two_who_write(self, house: House, shop: Shop) -> None:
        """The later one sees what the earlier one wrote, part by part, and loses nothing."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop)
        path, etag = f"/v1/campaigns/{made.body['id']}", made.headers["etag"]
        theirs = await editor.call(
            "PUT", f"{path}/draft", {"draft": saying("Theirs")}, if_match=etag
        )
        mine = await editor.call("PUT", f"{path}/draft", {"draft": saying("Mine")}, if_match=etag)

        assert (200, 409) == (theirs.status, mine.status)
        assert ["/draft/steps"] == [one["pointer"] for one in mine.body["differences"]]
        assert theirs.body["draft"] == (await editor.get(path)).body["draft"]

    async def test_what_makes_no_sense_yet(self, house: House, shop: Shop) -> None:
        """A draft is kept as it is; it is linting that says what is missing."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop, draft={"trigger": {"kind": "comment"}, "steps": []})
        verdict = (await editor.post(f"/v1/campaigns/{made.body['id']}/lint", {})).body

        assert not verdict["publishable"]
        assert ["invalid"] * len(verdict["findings"]) == [
            one["code"] for one in verdict["findings"]
        ]

    @pytest.mark.parametrize("draft", [{"a": "\u0000"}, {"\u0000": 1}])
    async def test_what_cannot_be_stored(
        self, house: House, shop: Shop, draft: dict[str, Any]
    ) -> None:
        """It is refused, and told as what it is."""
        editor = await house.member(shop, "editor")
        answer = await editor.post(
            f"/v1/accounts/{shop.account}/campaigns", {"name": "Prices", "draft": draft}
        )

        assert (422, "invalid") == (answer.status, answer.code)

    async def test_half_a_letter(self, house: House, shop: Shop) -> None:
        """A lone surrogate is no text, and breaks nothing."""
        editor = await house.member(shop, "editor")
        body = b'{"name": "Prices", "draft": {"a": "\\ud800"}}'
        answer = await editor.call(
            "POST",
            f"/v1/accounts/{shop.account}/campaigns",
            body,
            content_type="application/json",
        )

        assert (422, "invalid") == (answer.status, answer.code)

    async def test_deleting(self, house: House, shop: Shop) -> None:
        """What never answered can go; what has is kept, because decisions refer to it."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop)
        gone = await editor.call("DELETE", f"/v1/campaigns/{made.body['id']}")
        kept = await editor.call("DELETE", f"/v1/campaigns/{shop.campaign}")

        assert (204, 409) == (gone.status, kept.status)
        assert 404 == (await editor.get(f"/v1/campaigns/{made.body['id']}")).status

    async def test_the_order(self, house: House, shop: Shop) -> None:
        """All of them are ranked at once; a list that is not all of them is refused."""
        editor = await house.member(shop, "editor")
        made = (await begun(editor, shop)).body["id"]
        path = f"/v1/accounts/{shop.account}/campaigns/order"
        turned = await editor.call("PUT", path, {"campaign_ids": [made, str(shop.campaign)]})
        short = await editor.call("PUT", path, {"campaign_ids": [made]})
        twice = await editor.call("PUT", path, {"campaign_ids": [made, made]})

        assert [made, str(shop.campaign)] == [one["id"] for one in turned.body["items"]]
        assert (409, 409) == (short.status, twice.status)


class TestLooking:
    async def test_findings_have_places(self, house: House, shop: Shop) -> None:
        """What Meta would refuse is an error with its code, its step and a pointer to it."""
        editor = await house.member(shop, "editor")
        written = saying()
        written["steps"] += [{"kind": "private_reply", "variants": [{"text": "Again"}]}]
        answer = await editor.post(
            f"/v1/accounts/{shop.account}/campaigns/lint", {"definition": written}
        )
        (error,) = [one for one in answer.body["findings"] if one["severity"] == "error"]

        assert ("second_private_reply", 2, "/steps/2") == (
            error["code"],
            error["step"],
            error["pointer"][: len("/steps/2")],
        )

    async def test_neighbours_by_name(self, house: House, shop: Shop) -> None:
        """A campaign that gets in another's way is told by its name."""
        editor = await house.member(shop, "editor")
        answer = await editor.post(
            f"/v1/accounts/{shop.account}/campaigns/lint", {"definition": saying("x", "link")}
        )
        said = [one for one in answer.body["findings"] if one["code"] == "overlap"]

        assert said
        assert all(str(shop.campaign) not in one["message"] for one in said)
        assert any("'link'" in one["message"] for one in said)

    async def test_trying_it_on_what_happened(
        self, house: House, shop: Shop, owner: Database
    ) -> None:
        """It says who would have got what, beside what is live, and changes nothing."""
        for number, text in enumerate(["the price?", "nice", "PRICE please", "link"]):
            happened = comment(
                text,
                account_id=shop.instagram_id,
                comment_id=CommentId(f"c{number}"),
                occurred_at=datetime.now(UTC),
                received_at=datetime.now(UTC),
            )
            stored = recorded(
                shop,
                happened.identity(),
                answered=False,
                received_at=happened.received_at,
                event=happened.to_json(),
            )
            await ledger.record(owner, [stored])
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop)
        answer = await editor.post(f"/v1/campaigns/{made.body['id']}/dry-run", {"days": 1})

        assert (200, 4) == (answer.status, answer.body["events"])
        assert {"matched": 3, "no_match": 1} == answer.body["candidate"]["outcomes"]
        assert {"matched": 1, "no_match": 3} == answer.body["live"]["outcomes"]
        assert 2 == answer.body["changed"]["gains"]["events"]
        assert "draft" == (await editor.get(made.headers["location"])).body["status"]


class TestPublishing:
    async def test_from_draft_to_answer(self, house: House, shop: Shop, owner: Database) -> None:
        """The draft becomes a version, by whom is kept, and the router's rules are new."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop)
        path = f"/v1/campaigns/{made.body['id']}"
        version = await _rules_version(owner, shop)
        live = await editor.edit(f"{path}/publish", {}, method="POST", over=path)
        versions = (await editor.get(f"{path}/versions")).body["items"]
        first = (await editor.get(f"{path}/versions/1")).body

        assert ("live", 1, None) == (
            live.body["status"],
            live.body["live_version"],
            live.body["draft"],
        )
        assert [(1, str(editor.id))] == [(one["version"], one["published_by"]) for one in versions]
        assert live.body["live"] == first["definition"]
        assert version < await _rules_version(owner, shop)

    async def test_the_same_again(self, house: House, shop: Shop) -> None:
        """Publishing what is live makes no other version."""
        editor = await house.member(shop, "editor")
        path = f"/v1/campaigns/{shop.campaign}"
        again = await editor.edit(f"{path}/publish", {}, method="POST", over=path)
        other = await editor.edit(
            f"{path}/publish", {"definition": saying("Other")}, method="POST", over=path
        )

        assert (1, 2) == (again.body["live_version"], other.body["live_version"])

    async def test_errors_hold_it_back(self, house: House, shop: Shop) -> None:
        """What is wrong is told with pointers into what was to be published; nothing is live."""
        editor = await house.member(shop, "editor")
        made = await begun(editor, shop, draft={"trigger": {"kind": "comment"}, "steps": [{}]})
        path = f"/v1/campaigns/{made.body['id']}"
        answer = await editor.edit(f"{path}/publish", {}, method="POST", over=path)

        assert (422, "invalid") == (answer.status, answer.code)
        assert all(one["pointer"].startswith("/definition") for one in answer.body["errors"])
        assert "draft" == (await editor.get(path)).body["status"]

    async def test_pausing_and_resuming(self, house: House, shop: Shop) -> None:
        """Both may be said twice; a draft can be neither."""
        editor = await house.member(shop, "editor")
        path = f"/v1/campaigns/{shop.campaign}"
        states = [
            (await editor.post(f"{path}/{what}")).body["status"]
            for what in ("pause", "pause", "resume", "resume")
        ]
        made = await begun(editor, shop)
        draft = await editor.post(f"/v1/campaigns/{made.body['id']}/resume")

        assert ["paused", "paused", "live", "live"] == states
        assert (409, "conflict") == (draft.status, draft.code)


class TestFiles:
    @pytest.mark.parametrize("form", ["yaml", "json"])
    async def test_there_and_back(self, house: House, shop: Shop, form: str) -> None:
        """What is exported is imported as the same, whatever it says."""
        editor = await house.member(shop, "editor")
        written = saying('yes: "no"\n# 2026-01-01 \U0001f600 \u2028', "2026-01-01", "on")
        made = await begun(editor, shop, draft=written)
        file = await editor.get(f"/v1/campaigns/{made.body['id']}/file?format={form}")
        back = await editor.post(
            f"/v1/accounts/{shop.account}/campaigns/import", {"content": file.text}
        )

        assert (200, 201) == (file.status, back.status)
        assert "attachment" in file.headers["content-disposition"]
        assert (made.body["name"], made.body["draft"]) == (back.body["name"], back.body["draft"])

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "- 1",
            "{",
            "switchboard: campaign.v2\nname: x\ndefinition: {}",
            "switchboard: campaign.v1\nname: x",
            "a: &a [1]\nb: *a",
            "!!python/object/apply:os.system ['true']",
            "[" * 5_000,
        ],
    )
    async def test_no_file(self, house: House, shop: Shop, content: str) -> None:
        """What is none is told as one; nothing in it is ever run."""
        editor = await house.member(shop, "editor")
        answer = await editor.post(
            f"/v1/accounts/{shop.account}/campaigns/import", {"content": content}
        )

        assert (422, "/content") == (answer.status, answer.body["errors"][0]["pointer"])

    async def test_a_copy(self, house: House, shop: Shop) -> None:
        """It says the same, under a name of its own, and answers nothing yet."""
        editor = await house.member(shop, "editor")
        copied = await editor.post(
            f"/v1/campaigns/{shop.campaign}/duplicate", {"name": "Link, again"}
        )
        original = await editor.get(f"/v1/campaigns/{shop.campaign}")

        assert ("draft", original.body["live"]) == (copied.body["status"], copied.body["draft"])


class TestRights:
    async def test_a_viewer_looks(self, house: House, shop: Shop) -> None:
        """They read, lint and try; whatever changes something is refused, and changes nothing."""
        viewer = await house.member(shop, "viewer")
        path, account = f"/v1/campaigns/{shop.campaign}", f"/v1/accounts/{shop.account}/campaigns"
        before = (await viewer.get(path)).body
        reads = [
            await viewer.get(path),
            await viewer.get(f"{path}/file"),
            await viewer.post(f"{path}/lint", {}),
            await viewer.post(f"{path}/dry-run", {}),
        ]
        writes = [
            await viewer.post(account, {"name": "x"}),
            await viewer.post(f"{path}/duplicate", {"name": "x"}),
            await viewer.post(f"{path}/pause"),
            await viewer.edit(path, {"name": "x"}),
            await viewer.edit(f"{path}/draft", {"draft": {}}, method="PUT", over=path),
            await viewer.edit(
                f"{path}/publish", {"definition": saying()}, method="POST", over=path
            ),
            await viewer.call("PUT", f"{account}/order", {"campaign_ids": [str(shop.campaign)]}),
        ]

        assert [200] * 4 == [one.status for one in reads]
        assert [403] * 7 == [one.status for one in writes]
        assert before == (await viewer.get(path)).body

    @pytest.mark.parametrize("role", ["owner", "editor"])
    async def test_strangers_see_nothing(
        self, house: House, shop: Shop, owner: Database, role: Role
    ) -> None:
        """Whatever somebody is elsewhere, another workspace's campaigns are not there for them."""
        stranger = await house.member(await open_shop(owner), role)
        path, account = f"/v1/campaigns/{shop.campaign}", f"/v1/accounts/{shop.account}/campaigns"
        answers = [
            await stranger.get(path),
            await stranger.get(account),
            await stranger.get(f"{path}/file"),
            await stranger.get(f"{path}/versions"),
            await stranger.get(f"{path}/versions/1"),
            await stranger.post(f"{path}/lint", {}),
            await stranger.post(f"{path}/dry-run", {}),
            await stranger.post(f"{path}/pause"),
            await stranger.post(f"{path}/duplicate", {"name": "x"}),
            await stranger.post(account, {"name": "x"}),
            await stranger.call("PATCH", path, {"name": "x"}, if_match="*"),
            await stranger.call("PUT", f"{path}/draft", {"draft": {}}, if_match="*"),
            await stranger.call("POST", f"{path}/publish", {}, if_match="*"),
            await stranger.call("DELETE", path),
        ]

        assert [(404, "not_found")] * len(answers) == [(one.status, one.code) for one in answers]

    async def test_no_copy_leaves_its_workspace(
        self, house: House, shop: Shop, owner: Database
    ) -> None:
        """A copy for an account one may not see is refused; nothing appears there."""
        other, editor = await open_shop(owner), await house.member(shop, "editor")
        answer = await editor.post(
            f"/v1/campaigns/{shop.campaign}/duplicate",
            {"name": "x", "account_id": str(other.account)},
        )
        rows = await owner.fetch(
            "select name from public.campaigns where account_id = $1", other.account
        )

        assert (404, ["link"]) == (answer.status, [row["name"] for row in rows])


async def _rules_version(owner: Database, shop: Shop) -> int:
    row = await owner.fetchrow(
        "select rules_version from public.instagram_accounts where id = $1", shop.account
    )
    assert row is not None
    return int(row["rules_version"])
