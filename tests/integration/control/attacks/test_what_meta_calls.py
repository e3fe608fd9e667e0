"""What stands open for Meta and for browsers, called by somebody else."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.integration.control.attacks.conftest import PUBLIC
from tests.integration.control.house import House


@pytest.mark.parametrize("path", ["deauthorize", "data-deletion"])
@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"signed_request=",
        b"signed_request=\xff",
        b"signed_request=%C3%A9.%C3%A9",
        b"signed_request=" + b"A" * 9_000 + b".e30",
        b"&".join(b"a%d=1" % number for number in range(50)),
        b"signed_request=x.y&" * 20,
    ],
    ids=["nothing", "empty", "no UTF-8", "no base64", "long", "many fields", "many times"],
)
async def test_forms_that_meta_does_not_send(whole: House, path: str, form: bytes) -> None:
    """They are refused as not signed, whatever they are."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await whole.call("POST", f"/instagram/{path}", data=form, headers=headers)

    assert (403, "forbidden") == (answer.status, answer.code)


async def test_where_the_callback_leads(whole: House) -> None:
    """To our own page, whatever the query says, and nowhere that the query names."""
    evil = quote("https://evil.example/\r\nSet-Cookie: a=b", safe="")
    names = ("code", "state", "error", "redirect_uri", "next", "url")
    query = "&".join(f"{name}={evil}" for name in names)
    answer = await whole.call("GET", f"/instagram/callback?{query}", allow_redirects=False)
    place = answer.headers["location"]

    assert 303 == answer.status
    assert place.startswith(f"{PUBLIC}/connect/instagram#code=https%3A%2F%2Fevil")
    assert not {"set-cookie"} & set(answer.headers)
    assert "redirect_uri" not in place


@pytest.mark.parametrize("code", ["", "%00", "x" * 5_000, "%25", "' or true --", "00"])
async def test_guessing_at_deletions(whole: House, code: str) -> None:
    """Whoever has no code learns nothing of anybody's, and breaks nothing."""
    await whole.owner.execute(
        "insert into private.deletion_requests (confirmation_code, app_scoped_id_hash)"
        " values ('00112233445566778899aabbccddeeff', sha256('x'))"
    )
    answer = await whole.call("GET", f"/instagram/deletion?id={code}")

    assert answer.status in {404, 422}
    assert "0011" not in answer.text
