"""Requests that nobody's client sends: whatever they hold, they are answered as the API answers."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from tests.integration.control.attacks.described import Operation, operations
from tests.integration.control.attacks.world import World
from tests.integration.control.house import Answer, House
from tests.integration.db.town import Shop

# What would show what we are made of.
_INSIDE = re.compile(
    r"asyncpg|postgres|traceback|violates|relation \"|sqlstate|site-packages|\.py\b|select .* from",
    re.IGNORECASE,
)
# JSON values that readers, encoders or PostgreSQL stumble over.
VALUES = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "digits": "9" * 5_000,
    "beyond a double": "1e999",
    "beyond 64 bits": "9223372036854775808",
    "a lone surrogate": '"\\ud800"',
    "a lone surrogate as a name": '{"\\udfff": "\\udfff"}',
    "NUL": '"\\u0000"',
    "NUL as a name": '{"\\u0000": "\\u0000"}',
    "deep": '{"a":' * 90 + "1" + "}" * 90,
    "deeper": '{"a":' * 900 + "1" + "}" * 900,
    "lists": "[" * 900 + "]" * 900,
    "long": '"' + "x" * 200_000 + '"',
    "directions": '"\\u202e\\ufeff\\u0085"',
    "the last moment": '"9999-12-31T23:59:59-14:00"',
    "the first moment": '"0001-01-01T00:00:00+14:00"',
    "null": "null",
    "a list": "[]",
}
BODIES = {
    "nothing": b"",
    "a list": b"[]",
    "NaN": b"NaN",
    "no UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "never ends": b'{"a":' * 100_000,
    "lists": b"[" * 100_000,
}
QUERIES = [
    *("", "%00", "%FF", "%ED%A0%80", "%5C", "%25%5C", "-1", "2147483648", "NaN", "[]", "infinity"),
    *("9" * 400, "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "0001-01-01"),
]
_PLACES = (
    ["9999-12-31T23:59:59-14:00", "00000000-0000-0000-0000-000000000000"],
    ["2026-01-01T00:00:00", "00000000-0000-0000-0000-000000000000"],
    [2**31, "00000000-0000-0000-0000-000000000000"],
    [-(2**63), "00000000-0000-0000-0000-000000000000"],
    ["2026-01-01T00:00:00Z", "\0"],
    ["2026-01-01T00:00:00Z", 2**63],
    2**63,
    None,
)
_AT_ONCE = 8
CURSORS = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in _PLACES]


def _wrong(answer: Answer) -> bool:
    """Return whether it is a failure of ours, no problem as we tell them, or tells too much."""
    if answer.status < 400:
        return False
    is_told = answer.headers.get("content-type") == "application/problem+json"
    return answer.status >= 500 or not is_told or bool(_INSIDE.search(answer.text))


def _bodies(one: Operation, ids: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield some that are none, and good ones with one value, of each part in turn, that is odd."""
    yield from BODIES.items()
    parts = itertools.cycle((one.schema or {}).get("properties", {}))
    good = one.body(ids) if isinstance(one.body(ids), dict) else {}
    for name, (label, value) in zip(parts, VALUES.items(), strict=False):
        rest = {key: kept for key, kept in good.items() if key != name}
        written = json.dumps(rest)[1:-1]
        body = f'{{"{name}": {value}{", " if written else ""}{written}}}'
        yield f"{name}: {label}", body.encode()


async def _send(world: World, one: Operation, path: str, raw: bytes | None) -> Answer:
    token = world.staff["owner"].token
    return await world.house.call(
        one.method.upper(),
        URL(f"{path}", encoded=True).raw_path_qs,
        data=raw,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "If-Match": "*",
        },
    )


async def _all(world: World, sent: Sequence[tuple[str, Operation, str, bytes | None]]) -> list[Any]:
    """Send everything, some at once; return what was answered wrongly."""
    wrong = []
    for start in range(0, len(sent), _AT_ONCE):
        some = sent[start : start + _AT_ONCE]
        answers = await asyncio.gather(*(_send(world, one, at, raw) for _, one, at, raw in some))
        wrong += [
            (one.name, label, answer.status, answer.text[:200])
            for (label, one, _, _), answer in zip(some, answers, strict=True)
            if _wrong(answer)
        ]
    return wrong


async def test_bodies(world: World) -> None:
    """No body breaks anything, or is answered with what we are made of."""
    sent = [
        (label, one, one.at(world.ours), raw)
        for one in operations()
        if one.schema is not None
        for label, raw in _bodies(one, world.ours)
    ]
    wrong = await _all(world, sent)

    assert len(sent) > 500
    assert not wrong, wrong


async def test_queries(world: World) -> None:
    """Nor does a query, or a cursor that somebody made up or kept from another list."""
    sent = []
    for one in operations():
        if one.name == "watchActivity":
            continue  # it would stay open
        names = itertools.cycle(name for name in one.query if name != "cursor")
        asked = [*zip(names, QUERIES, strict=False)]
        asked += [("cursor", value) for value in CURSORS if "cursor" in one.query]
        for name, value in asked:
            at = one.at(world.ours)
            path = f"{at}{'&' if '?' in at else '?'}{name}={value}"
            sent.append((f"{name}={value[:40]}", one, path, None))
    wrong = await _all(world, sent)

    assert len(sent) > 300
    assert not wrong, wrong


async def test_paths(world: World) -> None:
    """Nor does what stands in a path in place of an id."""
    odd = ["a%00b", "%2e%2e", "a%2Fb", "%FF", "x" * 2_000, quote("😀"), "2147483648"]
    sent = [
        (f"{name}: {value[:20]}", one, one.at(world.ours | {name: value}), None)
        for one in operations()
        for name in one.places
        for value in odd
    ]
    wrong = await _all(world, sent)

    assert len(sent) > 300
    assert not wrong, wrong


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "//v1/workspaces", 404),
        ("GET", "/v1//workspaces", 404),
        ("GET", "/v1/workspaces/", 404),
        ("GET", "/V1/workspaces", 404),
        ("GET", "/v1/workspaces;/..", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/docs", 404),
        ("TRACE", "/v1/workspaces", 405),
        ("PROPFIND", "/v1/workspaces", 405),
    ],
)
async def test_ways_around(house: House, method: str, path: str, status: int) -> None:
    """There is one way to each operation, with one method, and nothing beside the API."""
    person = await house.newcomer()
    headers = {"Authorization": f"Bearer {person.token}", "X-HTTP-Method-Override": "GET"}
    answer = await house.call(method, URL(path, encoded=True).raw_path_qs, headers=headers)

    assert status == answer.status
    assert "application/problem+json" == answer.headers["content-type"]


async def test_another_pages_form(house: House) -> None:
    """What a browser sends from another page, with all it has, is nobody's request."""
    form = {"name": "Mine"}
    headers = {"Origin": "https://evil.example", "Cookie": "access_token=x; sb-access-token=x"}
    answer = await house.call("POST", "/v1/workspaces", data=form, headers=headers)

    assert 401 == answer.status
    assert not {"access-control-allow-origin", "access-control-allow-credentials"} & set(
        answer.headers
    )


async def test_one_request_in_another(house: House, shop: Shop) -> None:
    """Whoever says two lengths, or a length and chunks, is not read at all, or once."""
    person = await house.member(shop, "owner")
    inner = (
        f"DELETE /v1/campaigns/{shop.campaign} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {person.token}\r\n\r\n"
    )
    for framing in (
        f"Content-Length: 0\r\nContent-Length: {len(inner)}\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        f"Transfer-Encoding: xchunked\r\nContent-Length: {len(inner)}\r\n",
        f"Content-Length: +{len(inner)}\r\n",
    ):
        written = f"GET /v1/workspaces HTTP/1.1\r\nHost: x\r\n{framing}\r\n{inner}"
        said = await _raw(house, written.encode())

        assert said.startswith(b"HTTP/1.1 400"), said
        assert 1 == said.count(b"HTTP/1.1 ")


async def _raw(house: House, written: bytes) -> bytes:
    """Return all that is answered to bytes as they are."""
    url = URL(house.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(written)
    writer.write_eof()
    answered = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answered
