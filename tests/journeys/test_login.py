"""From a password to one's own workspace: the stand-in of Supabase Auth, and the API."""

from __future__ import annotations

from aiohttp import ClientSession

from dev.seeds import DEMO_EMAIL, DEMO_PASSWORD
from tests.support.installation import Installation


async def test_the_demo_user_comes_in(installation: Installation) -> None:
    """They log in as the dashboard does, and own the demo workspace."""
    around = installation.stack.around
    login = f"{around.supabase_url}/auth/v1/token?grant_type=password"
    who = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    async with ClientSession() as http:
        async with http.post(login, json=who) as answer:
            token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{around.control_url}/v1/workspaces", headers=headers) as answer:
            (workspace,) = (await answer.json())["items"]

    assert ("Demo", "owner") == (workspace["name"], workspace["role"])
