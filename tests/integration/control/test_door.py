"""What every operation has in common: who may call, what is told, what is kept."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import jwt
import pytest

from services.control.front import HEADERS
from switchboard.db.pool import Database
from tests.integration.control.house import Answer, House, open_house
from tests.integration.db.town import Shop
from tests.support.tokens import Issuer


def places(answer: Answer) -> list[tuple[str, str]]:
    """Return where a problem says that something is wrong."""
    return [(one["within"], one["pointer"]) for one in answer.body["errors"]]


class TestWhoCalls:
    async def test_somebody_who_has_logged_in(self, house: House) -> None:
        """A token of the project's is enough, and its keys are fetched once for all calls."""
        person = await house.newcomer()
        for _ in range(3):
            answer = await person.get("/v1/workspaces")

        assert (200, {"items": [], "next_cursor": None}) == (answer.status, answer.body)
        assert 1 == len(house.published)

    async def test_nobody(self, house: House) -> None:
        """Without a token the answer says what to send, in problem+json."""
        answer = await house.call("GET", "/v1/workspaces")

        assert (401, "unauthenticated") == (answer.status, answer.code)
        assert "application/problem+json" == answer.headers["content-type"]
        assert 'Bearer realm="switchboard"' == answer.headers["www-authenticate"]
        assert answer.body["trace_id"] == answer.headers["x-trace-id"]

    async def test_another_projects_token(self, house: House) -> None:
        """The same key id, signed by somebody else's key, proves nothing."""
        other = Issuer(issuer=house.issuer.issuer)
        answer = await house.call(
            "GET", "/v1/workspaces", headers={"Authorization": f"Bearer {other.token(uuid4())}"}
        )

        assert (401, "unauthenticated") == (answer.status, answer.code)

    async def test_what_users_write_of_themselves_counts_for_nothing(
        self, house: House, shop: Shop
    ) -> None:
        """Metadata that claims a workspace and a role opens neither."""
        user = await house.newcomer()
        boaster = house.of(
            user.id, user_metadata={"role": "owner", "workspace_id": str(shop.workspace)}
        )
        answer = await boaster.get(f"/v1/workspaces/{shop.workspace}")

        assert (404, "not_found") == (answer.status, answer.code)

    async def test_an_old_projects_secret(
        self, owner: Database, api_url: str, redis_url: str
    ) -> None:
        """Tokens signed by the shared secret are believed where it is set, and only there."""
        secret = "s" * 40
        async with open_house(owner, api_url, redis_url, supabase_jwt_secret=secret) as old:
            claims = old.issuer.claims(uuid4())
            token = jwt.encode(claims, secret, algorithm="HS256")
            header = {"Authorization": f"Bearer {token}"}
            believed = await old.call("GET", "/v1/workspaces", headers=header)
        async with open_house(owner, api_url, redis_url) as new:
            claims = new.issuer.claims(uuid4())
            token = jwt.encode(claims, secret, algorithm="HS256")
            header = {"Authorization": f"Bearer {token}"}
            refused = await new.call("GET", "/v1/workspaces", headers=header)

        assert (200, 401) == (believed.status, refused.status)


class TestAnswers:
    async def test_every_answer_has_its_headers(self, house: House) -> None:
        """What is served, refused or not there at all is nothing for a browser to keep or show."""
        person = await house.newcomer()
        answers = [
            await person.get("/v1/workspaces"),
            await house.call("GET", "/v1/workspaces"),
            await house.call("GET", "/nowhere"),
            await house.call("GET", "/health/live"),
        ]

        for answer in answers:
            for name, value in HEADERS.items():
                assert value == answer.headers[name.lower()]

    async def test_a_trace_goes_on(self, house: House) -> None:
        """Who sends a trace finds their request by it."""
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = await house.call(
            "GET", "/v1/workspaces", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )

        assert trace == answer.headers["x-trace-id"]

    async def test_each_request_is_one_line(
        self, house: House, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It says who did what, how it ended and how long it took; no name, no token."""
        person = await house.newcomer()
        answer = await person.get(f"/v1/workspaces/{uuid4()}")

        printed = capsys.readouterr().out
        assert answer.headers["x-trace-id"] in printed
        assert "readWorkspace" in printed
        assert str(person.id) in printed
        assert person.token not in printed
        assert "people.example" not in printed

    async def test_faults_have_places(self, house: House) -> None:
        """A body that is wrong is told where, by pointers; all at once."""
        person = await house.newcomer()
        answer = await person.post("/v1/workspaces", {"name": 7})
        query = await person.get("/v1/workspaces?limit=0&cursor=%21")

        assert (422, "invalid") == (answer.status, answer.code)
        assert [("body", "/name")] == [
            (one["within"], one["pointer"]) for one in answer.body["errors"]
        ]
        assert ("query", "/limit") == (
            query.body["errors"][0]["within"],
            query.body["errors"][0]["pointer"],
        )

    async def test_what_nobody_knows(self, house: House) -> None:
        """A misspelt filter filters nothing, a misspelt field sets nothing: neither is taken."""
        person = await house.newcomer()
        filtered = await person.get("/v1/workspaces?limit=7&state=sent&a/b=1&state=lost")
        made = await person.post("/v1/workspaces", {"name": "Shop", "nmae": "x"})
        listed = await person.get("/v1/workspaces?limit=7")

        assert [("query", "/state"), ("query", "/a~1b")] == places(filtered)
        assert [("body", "/nmae")] == places(made)
        assert (200, []) == (listed.status, listed.body["items"])

    async def test_what_is_of_another_type(self, house: House, shop: Shop) -> None:
        """A number is no moment and no day, a text no number: none is taken for the other."""
        person = await house.member(shop, "owner")
        workspace = f"/v1/workspaces/{shop.workspace}"
        answers = [
            await person.get(f"{workspace}/activity?to=0.5"),
            await person.get(f"{workspace}/audit?from=1769850000"),
            await person.get(f"{workspace}/analytics/funnel?from=0&to=2026-01-02"),
            await person.post(f"/v1/campaigns/{shop.campaign}/dry-run", {"days": "7"}),
            await person.post(f"{workspace}/api-keys", {"name": "x", "expires_at": 4_000_000_000}),
        ]

        assert [422] * 5 == [one.status for one in answers]
        assert [
            *([("query", "/to")], [("query", "/from")], [("query", "/from")]),
            *([("body", "/days")], [("body", "/expires_at")]),
        ] == [places(one) for one in answers]

    async def test_what_can_be_done(self, house: House, shop: Shop) -> None:
        """What is refused because of its method says what can be done there, all of it."""
        person = await house.member(shop, "owner")
        campaign = await person.call("PUT", f"/v1/campaigns/{shop.campaign}")
        listed = await person.call("OPTIONS", "/v1/workspaces")
        outside = await house.call("DELETE", "/health/live")

        assert (405, "GET, PATCH, DELETE") == (campaign.status, campaign.headers["allow"])
        assert (405, "GET, POST") == (listed.status, listed.headers["allow"])
        assert (405, "GET") == (outside.status, outside.headers["allow"])

    async def test_no_json_object(self, house: House) -> None:
        """Whoever sends a form, or a list, is told what to send."""
        person = await house.newcomer()
        answers = [
            await person.post("/v1/workspaces", ["name"]),
            await person.call(
                "POST",
                "/v1/workspaces",
                b"name=Shop",
                content_type="application/x-www-form-urlencoded",
            ),
        ]

        assert 2 * [(422, "Send a JSON object, as application/json.")] == [
            (one.status, one.body["detail"]) for one in answers
        ]

    async def test_a_body_that_is_too_large(
        self, owner: Database, api_url: str, redis_url: str
    ) -> None:
        """It is refused before it is read, whatever it says of its length."""
        async with open_house(owner, api_url, redis_url, control_max_body_bytes=1_024) as house:
            person = await house.newcomer()
            answer = await person.post("/v1/workspaces", {"name": "x" * 2_000})

        assert (413, "too_large") == (answer.status, answer.code)

    async def test_json_only(self, house: House) -> None:
        """A form, which any page can send, is not read as a body."""
        person = await house.newcomer()
        answer = await person.call(
            "POST",
            "/v1/workspaces",
            b'{"name": "Mine"}',
            content_type="text/plain",
        )

        assert (422, "invalid") == (answer.status, answer.code)

    async def test_only_known_origins(self, owner: Database, api_url: str, redis_url: str) -> None:
        """A page of another origin is allowed where it is configured, and never with cookies."""
        async with open_house(
            owner, api_url, redis_url, control_origins=("https://desk.example",)
        ) as house:
            asked = {"Access-Control-Request-Method": "POST"}
            known = await house.call(
                "OPTIONS", "/v1/workspaces", headers=asked | {"Origin": "https://desk.example"}
            )
            other = await house.call(
                "OPTIONS", "/v1/workspaces", headers=asked | {"Origin": "https://evil.example"}
            )

        assert "https://desk.example" == known.headers["access-control-allow-origin"]
        assert "access-control-allow-credentials" not in known.headers
        assert "access-control-allow-origin" not in other.headers

    async def test_calls_are_limited(self, owner: Database, api_url: str, redis_url: str) -> None:
        """Who calls too often is told when to come back; others are not concerned."""
        limits = {"control_calls_burst": 2, "control_calls_per_s": 0.001}
        async with open_house(owner, api_url, redis_url, **limits) as house:
            busy, other = await house.newcomer(), await house.newcomer()
            statuses = [(await busy.get("/v1/workspaces")).status for _ in range(3)]
            last = await busy.get("/v1/workspaces")
            others = await other.get("/v1/workspaces")

        assert [200, 200, 429] == statuses
        assert int(last.headers["retry-after"]) > 1
        assert 200 == others.status


class TestParts:
    async def test_health(self, house: House) -> None:
        """It is live and ready, and counts what it answered."""
        live = await house.call("GET", "/health/live")
        ready = await house.call("GET", "/health/ready")
        figures = await house.call("GET", "/metrics.json")

        assert (200, 200) == (live.status, ready.status)
        assert figures.body["ApiRequests{outcome=2xx}"] >= 2

    async def test_without_redis(self, owner: Database, api_url: str) -> None:
        """Redis away: nobody is limited, and nobody is kept out."""
        async with open_house(owner, api_url, "redis://127.0.0.1:1/0") as house:
            person = await house.newcomer()
            answer = await person.get("/v1/workspaces")
            ready = await house.call("GET", "/health/ready")

        assert (200, 200) == (answer.status, ready.status)

    async def test_without_the_database(self, owner: Database, redis_url: str) -> None:
        """PostgreSQL away: 503, and when to come back; not ready, but live."""
        away = "postgresql://switchboard_api:x@127.0.0.1:1/postgres"
        async with open_house(owner, away, redis_url) as house:
            answer = await house.of(uuid4()).get("/v1/workspaces")
            ready = await house.call("GET", "/health/ready")
            live = await house.call("GET", "/health/live")

        assert (503, "unavailable") == (answer.status, answer.code)
        assert "retry-after" in answer.headers
        assert (503, 200) == (ready.status, live.status)


class TestRepeats:
    async def test_once(self, house: House, owner: Database) -> None:
        """The same request under the same key is done once and answered the same."""
        person = await house.newcomer()
        first = await person.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")
        again = await person.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")

        assert (201, first.status, first.body) == (first.status, again.status, again.body)
        assert first.headers["location"] == again.headers["location"]
        assert first.headers["etag"] == again.headers["etag"]
        assert "true" == again.headers["idempotent-replayed"]
        assert 1 == len((await person.get("/v1/workspaces")).body["items"])

    async def test_at_the_same_time(self, house: House) -> None:
        """Many at once are one, too: each waits for the one that does it."""
        person = await house.newcomer()
        answers = await asyncio.gather(
            *(
                person.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")
                for _ in range(4)
            )
        )

        assert {201} == {answer.status for answer in answers}
        assert 1 == len({answer.body["id"] for answer in answers})

    async def test_another_body(self, house: House) -> None:
        """Something else under the same key is a mistake, and is told."""
        person = await house.newcomer()
        await person.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")
        other = await person.post("/v1/workspaces", {"name": "Other"}, idempotency_key="k")

        assert (422, "invalid") == (other.status, other.code)
        assert "/Idempotency-Key" == other.body["errors"][0]["pointer"]

    async def test_another_caller(self, house: House) -> None:
        """Keys are each caller's own."""
        one, other = await house.newcomer(), await house.newcomer()
        first = await one.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")
        second = await other.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")

        assert first.body["id"] != second.body["id"]

    async def test_a_refusal_is_not_kept(self, house: House) -> None:
        """What was refused may be mended and sent again under its key."""
        person = await house.newcomer()
        refused = await person.post("/v1/workspaces", {"name": ""}, idempotency_key="k")
        mended = await person.post("/v1/workspaces", {"name": "Mine"}, idempotency_key="k")

        assert (422, 201) == (refused.status, mended.status)
