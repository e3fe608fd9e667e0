"""Workspaces, who belongs to them, and how others come in."""

from __future__ import annotations

from uuid import uuid4

import pytest

from switchboard.db.pool import Database
from tests.integration.control.house import House, Person
from tests.integration.db.town import Shop
from tests.integration.db.users import Role


class TestWorkspaces:
    async def test_beginning_one(self, house: House) -> None:
        """Who begins a workspace owns it, and nobody else sees it."""
        ann, bob = await house.newcomer(), await house.newcomer()
        made = await ann.post("/v1/workspaces", {"name": "  Ann's  "})
        seen = await ann.get(made.headers["location"])
        others = await bob.get(made.headers["location"])

        assert (201, "Ann's", "owner") == (made.status, made.body["name"], made.body["role"])
        assert made.body == seen.body
        assert (404, "not_found") == (others.status, others.code)

    async def test_page_by_page(self, house: House) -> None:
        """All of them come, each once."""
        ann = await house.newcomer()
        for number in range(5):
            await ann.post("/v1/workspaces", {"name": f"{number}"})
        names, path = [], "/v1/workspaces?limit=2"
        while path:
            page = (await ann.get(path)).body
            names += [one["name"] for one in page["items"]]
            following = page["next_cursor"]
            path = f"/v1/workspaces?limit=2&cursor={following}" if following else ""

        assert ["0", "1", "2", "3", "4"] == names

    async def test_renaming(self, house: House, shop: Shop) -> None:
        """An owner renames what they have read; the next one is told that it changed."""
        ann = await house.member(shop, "owner")
        path = f"/v1/workspaces/{shop.workspace}"
        read = await ann.get(path)
        etag = read.headers["etag"]
        renamed = await ann.call("PATCH", path, {"name": "New"}, if_match=etag)
        late = await ann.call("PATCH", path, {"name": "Other"}, if_match=etag)
        again = await ann.call("PATCH", path, {"name": "New"}, if_match=etag)
        blind = await ann.call("PATCH", path, {"name": "Other"})

        assert (200, "New", read.body["revision"] + 1) == (
            renamed.status,
            renamed.body["name"],
            renamed.body["revision"],
        )
        assert (409, "changed", renamed.body["revision"]) == (
            late.status,
            late.code,
            late.body["current_revision"],
        )
        assert [{"pointer": "/name", "stored": "New", "yours": "Other"}] == late.body["differences"]
        assert 200 == again.status
        assert (428, "revision_required") == (blind.status, blind.code)

    @pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
    async def test_others_do_not_rename(self, house: House, shop: Shop, role: Role) -> None:
        """They may look, and are told that they may no more."""
        person = await house.member(shop, role)
        answer = await person.edit(f"/v1/workspaces/{shop.workspace}", {"name": "Mine"})

        assert (403, "forbidden") == (answer.status, answer.code)

    @pytest.mark.parametrize("name", ["", "   ", "x" * 201, None, 7, "a\x00b"])
    async def test_names(self, house: House, name: object) -> None:
        """What is no name is told as a fault, also what only the database would notice."""
        answer = await (await house.newcomer()).post("/v1/workspaces", {"name": name})

        assert (422, "invalid") == (answer.status, answer.code)


class TestMembers:
    async def test_list(self, house: House, shop: Shop) -> None:
        """Members see each other, with addresses; strangers see nothing."""
        viewer = await house.member(shop, "viewer")
        owner = await house.member(shop, "owner")
        stranger = await house.newcomer()
        path = f"/v1/workspaces/{shop.workspace}/members"
        seen = await viewer.get(path)

        assert {str(viewer.id): "viewer", str(owner.id): "owner"} == {
            one["user_id"]: one["role"] for one in seen.body["items"]
        }
        assert 404 == (await stranger.get(path)).status

    @pytest.mark.parametrize(
        ("role", "of", "wanted", "status"),
        [
            ("owner", "viewer", "owner", 200),
            ("owner", "admin", "viewer", 200),
            ("admin", "viewer", "editor", 200),
            ("admin", "viewer", "owner", 403),
            ("admin", "owner", "viewer", 403),
            ("editor", "viewer", "editor", 403),
            ("viewer", "viewer", "owner", 403),
        ],
    )
    async def test_roles(
        self, house: House, shop: Shop, *, role: Role, of: Role, wanted: Role, status: int
    ) -> None:
        """Nobody gives what they have not, and nobody touches those above."""
        who, whom = await house.member(shop, role), await house.member(shop, of)
        path = f"/v1/workspaces/{shop.workspace}/members/{whom.id}"
        answer = await who.call("PATCH", path, {"role": wanted})

        assert status == answer.status

    async def test_nobody_promotes_themselves(self, house: House, shop: Shop) -> None:
        """Not by their own path, either."""
        admin = await house.member(shop, "admin")
        path = f"/v1/workspaces/{shop.workspace}/members/{admin.id}"
        answer = await admin.call("PATCH", path, {"role": "owner"})

        assert (403, "forbidden") == (answer.status, answer.code)

    async def test_the_last_owner_stays(self, house: House, shop: Shop) -> None:
        """Neither by leaving nor by another role; the answer says what to do."""
        owner = await house.member(shop, "owner")
        path = f"/v1/workspaces/{shop.workspace}/members/{owner.id}"
        leaving = await owner.call("DELETE", path)
        stepping_down = await owner.call("PATCH", path, {"role": "admin"})

        assert [(409, "conflict")] * 2 == [
            (one.status, one.code) for one in (leaving, stepping_down)
        ]
        assert "Make somebody else an owner first" in leaving.body["detail"]

    async def test_leaving(self, house: House, shop: Shop) -> None:
        """Anyone may leave; from then on they see nothing, whatever their token says."""
        viewer = await house.member(shop, "viewer")
        path = f"/v1/workspaces/{shop.workspace}/members/{viewer.id}"
        left = await viewer.call("DELETE", path)
        after = await viewer.get(f"/v1/workspaces/{shop.workspace}")

        assert (204, "", 404) == (left.status, left.text, after.status)

    async def test_removing(self, house: House, shop: Shop) -> None:
        """An editor removes nobody; an admin removes those below owner."""
        editor, viewer = await house.member(shop, "editor"), await house.member(shop, "viewer")
        admin, nobody = await house.member(shop, "admin"), uuid4()
        members = f"/v1/workspaces/{shop.workspace}/members"
        refused = await editor.call("DELETE", f"{members}/{viewer.id}")
        removed = await admin.call("DELETE", f"{members}/{viewer.id}")
        unknown = await admin.call("DELETE", f"{members}/{nobody}")

        assert (403, 204, 404) == (refused.status, removed.status, unknown.status)


class TestInvitations:
    @staticmethod
    async def invited(house: House, who: Person, shop: Shop, email: str, role: str) -> str:
        answer = await who.post(
            f"/v1/workspaces/{shop.workspace}/invitations", {"email": email, "role": role}
        )
        assert answer.status == 201, answer.text
        return str(answer.body["token"])

    async def test_coming_in(self, house: House, shop: Shop) -> None:
        """Who was asked comes in with their address, once, in the role that was offered."""
        admin = await house.member(shop, "admin")
        token = await self.invited(house, admin, shop, " Eve@People.example", "editor")
        eve = await house.newcomer("eve@people.example")
        accepted = await eve.post("/v1/invitations/accept", {"token": token})
        again = await eve.post("/v1/invitations/accept", {"token": token})
        seen = await eve.get(f"/v1/workspaces/{shop.workspace}")

        assert {"workspace_id": str(shop.workspace)} == accepted.body
        assert (404, "not_found") == (again.status, again.code)
        assert "editor" == seen.body["role"]

    async def test_somebody_else(self, house: House, shop: Shop) -> None:
        """A token that was passed on opens nothing; the hint says whose it is for."""
        admin = await house.member(shop, "admin")
        token = await self.invited(house, admin, shop, "eve@people.example", "editor")
        mallory = await house.newcomer("mallory@people.example")
        answer = await mallory.post("/v1/invitations/accept", {"token": token})

        assert (403, "forbidden") == (answer.status, answer.code)
        assert "Sign in with the address it was sent to." in answer.body["detail"]

    async def test_the_token_is_shown_once(self, house: House, shop: Shop, owner: Database) -> None:
        """The list has no token, and the database only what it hashes to."""
        admin = await house.member(shop, "admin")
        token = await self.invited(house, admin, shop, "eve@people.example", "viewer")
        listed = await admin.get(f"/v1/workspaces/{shop.workspace}/invitations")
        rows = await owner.fetch("select to_jsonb(one)::text as row from public.invitations one")

        assert ["eve@people.example"] == [one["email"] for one in listed.body["items"]]
        assert token not in listed.text
        assert all(token not in row["row"] for row in rows)

    async def test_nor_is_it_kept_with_the_answer(self, house: House, shop: Shop) -> None:
        """Asked again under the same key, the answer is the one of then, without the token."""
        admin = await house.member(shop, "admin")
        path = f"/v1/workspaces/{shop.workspace}/invitations"
        wanted = {"email": "eve@people.example", "role": "viewer"}
        first = await admin.post(path, wanted, idempotency_key="k")
        again = await admin.post(path, wanted, idempotency_key="k")

        assert first.body["token"] is not None
        assert (201, first.body | {"token": None}) == (again.status, again.body)

    async def test_who_may_invite(self, house: House, shop: Shop) -> None:
        """Admins below owner, owners anybody; editors nobody; nobody twice."""
        path = f"/v1/workspaces/{shop.workspace}/invitations"
        wanted = {"email": "eve@people.example", "role": "owner"}
        editor, admin = await house.member(shop, "editor"), await house.member(shop, "admin")
        owner = await house.member(shop, "owner")
        statuses = [
            (await editor.post(path, wanted | {"role": "viewer"})).status,
            (await admin.post(path, wanted)).status,
            (await owner.post(path, wanted)).status,
        ]
        twice = await owner.post(path, wanted)

        assert [403, 403, 201] == statuses
        assert (409, "conflict", "/email") == (
            twice.status,
            twice.code,
            twice.body["errors"][0]["pointer"],
        )

    async def test_taking_one_back(self, house: House, shop: Shop) -> None:
        """What was withdrawn opens nothing any more."""
        admin = await house.member(shop, "admin")
        token = await self.invited(house, admin, shop, "eve@people.example", "viewer")
        path = f"/v1/workspaces/{shop.workspace}/invitations"
        (invitation,) = (await admin.get(path)).body["items"]
        withdrawn = await admin.call("DELETE", f"{path}/{invitation['id']}")
        eve = await house.newcomer("eve@people.example")
        late = await eve.post("/v1/invitations/accept", {"token": token})

        assert (204, 404) == (withdrawn.status, late.status)

    @pytest.mark.parametrize("email", ["", "eve", "@", "eve@", "e ve@x.y", "x" * 65 + "@x.y"])
    async def test_no_address(self, house: House, shop: Shop, email: str) -> None:
        """What is none is told as a fault of the body."""
        admin = await house.member(shop, "admin")
        answer = await admin.post(
            f"/v1/workspaces/{shop.workspace}/invitations", {"email": email, "role": "viewer"}
        )

        assert (422, "/email") == (answer.status, answer.body["errors"][0]["pointer"])
