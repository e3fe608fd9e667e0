"""What the tests of logins stand on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from switchboard.contracts import WorkspaceId
from switchboard.db import tenancy
from switchboard.db.credentials import Vault
from switchboard.graph.login import SCOPES
from tests.integration.control.house import Answer, House, Person
from tests.integration.db.users import Role
from tests.integration.metasim.stage import Meta

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
