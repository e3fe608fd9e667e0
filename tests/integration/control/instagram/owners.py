"""What the tests of logins stand on."""

from __future__ import annotations

import base64
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from services.control.caretaker.settings import CaretakerSettings
from switchboard.contracts import WorkspaceId
from switchboard.db import tenancy
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from switchboard.doctor import DoctorSettings
from switchboard.graph.login import SCOPES
from tests.integration.control.house import Answer, House, Person, open_house
from tests.integration.db.users import Role
from tests.integration.metasim.stage import APP_SECRET, META_APP_SECRET, VERIFY_TOKEN, Meta
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

KEY = bytes(32)
VAULT = Vault({"k": KEY})
PUBLIC = "https://us.example"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Owners:
    """People with workspaces, and accounts of theirs at the simulator."""

    house: House
    meta: Meta

    async def account(self) -> str:
        """Let there be an account at Instagram that nobody has connected; return its id."""
        number = next(_numbers)
        instagram_id = str(17841480000000000 + number)
        body = {"username": f"shop{number}", "app_scoped_id": str(3000000000000 + number)}
        await self.meta.sim("PUT", f"/accounts/{instagram_id}", body)
        return instagram_id

    async def person(self, role: Role = "admin") -> tuple[Person, WorkspaceId]:
        """Return somebody with a role in a workspace of its own."""
        workspace = WorkspaceId(uuid4())
        await tenancy.create_workspace(self.house.owner, workspace, "A business")
        person = await self.house.newcomer()
        await self.house.owner.execute(
            "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, $3)",
            workspace,
            person.id,
            role,
        )
        return person, workspace

    async def begin(
        self, person: Person, workspace: WorkspaceId, account: str | None = None
    ) -> Answer:
        return await person.post(
            f"/v1/workspaces/{workspace}/instagram-logins", {"account_id": account}
        )

    async def consent(
        self, address: str, instagram_id: str, *, scopes: tuple[str, ...] = SCOPES
    ) -> dict[str, str]:
        """Let an owner agree on Instagram's page, and follow the redirects; return what comes."""
        form = [("decision", "allow"), ("account_id", instagram_id)]
        form += [("scope", one) for one in scopes]
        return await self._decide(address, form)

    async def refuse(self, address: str) -> dict[str, str]:
        """Let an owner say no."""
        return await self._decide(address, [("decision", "deny")])

    async def _decide(self, address: str, form: Any) -> dict[str, str]:
        async with self.meta.http.post(address, data=form, allow_redirects=False) as answer:
            assert 302 == answer.status
            back = answer.headers["Location"]
        assert back.startswith(f"{PUBLIC}/instagram/callback?")
        path = back.removeprefix(PUBLIC).removesuffix("#_")
        passed = await self.house.call("GET", path, allow_redirects=False)
        assert 303 == passed.status
        place = urlsplit(passed.headers["location"])
        assert (PUBLIC, "/connect/instagram", "") == (
            f"{place.scheme}://{place.netloc}",
            place.path,
            place.query,
        )
        return {name: values[0] for name, values in parse_qs(place.fragment).items()}

    async def complete(self, person: Person, returned: dict[str, str]) -> Answer:
        told = {"state": returned["state"], "code": returned["code"]}
        return await person.post("/v1/instagram-logins/complete", told)

    async def connect(
        self, person: Person, workspace: WorkspaceId, instagram_id: str, **choices: Any
    ) -> Answer:
        """Log in from beginning to end."""
        begun = await self.begin(person, workspace)
        returned = await self.consent(begun.body["address"], instagram_id, **choices)
        return await self.complete(person, returned)

    async def row(self, account: str) -> Any:
        """Return an account as it is stored, with its token."""
        return await self.house.owner.fetchrow(_ROW, account)


_ROW = """
select account.*, credential.key_id, credential.nonce, credential.ciphertext, credential.expires_at
  from public.instagram_accounts account
  left join private.instagram_credentials credential on credential.account_id = account.id
 where account.id = $1::text::uuid
"""


@contextlib.asynccontextmanager
async def open_owners_at(
    owner: Database,
    api_url: str,
    redis_url: str,
    more: dict[str, Any],
    *,
    doctor: dict[str, Any] | None = None,
    house: Mapping[str, Any] | None = None,
) -> AsyncIterator[Owners]:
    """
    Run the API beside a simulator; `more` are the caretaker's settings.

    With `doctor`, further settings of that, accounts are examined as well; `house` are the API's.
    """
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        meta_app_secret=META_APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with (
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as control,
    ):
        url = str(server.make_url("")).rstrip("/")
        given: dict[str, Any] = {
            "caretaker_every_s": 0.1,
            "control_public_url": PUBLIC,
            "meta_app_id": "1000000000000001",
            "meta_app_secrets": f"{APP_SECRET},{META_APP_SECRET}",
            "meta_graph_url": url,
            "meta_api_url": url,
            "meta_www_url": url,
            "token_keys": f"k:{base64.b64encode(KEY).decode()}",
        }
        caretaking = CaretakerSettings(**given | more)
        examining = None if doctor is None else DoctorSettings(**given | doctor)
        async with open_house(
            owner, api_url, redis_url, caretaking=caretaking, doctor=examining, **(house or {})
        ) as open_one:
            yield await _known(open_one, Meta(control))


async def _known(house: House, meta: Meta) -> Owners:
    """Let Meta know where we are."""
    addresses = {
        "deauthorize_url": f"{house.url}/instagram/deauthorize",
        "data_deletion_url": f"{house.url}/instagram/data-deletion",
    }
    await meta.sim("PUT", "/config", addresses)
    return Owners(house, meta)
