"""The control API: waiting, judging, resetting, refusing what is wrong; and the process itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from tests.integration.metasim.stage import ACCOUNT, MEDIA, TOKEN, Meta, Receiver


async def test_wait_answers_as_soon_as_a_reply_is_seen(meta: Meta) -> None:
    """Whoever waits for a reply is woken by it."""
    made = await meta.comment()
    path = f"/wait?comment_id={made['comment_id']}&kind=private_reply&timeout_s=10"
    waiting = asyncio.create_task(meta.sim("GET", path))
    await meta.reply_in_private(made["comment_id"], "here you go")

    assert "here you go" == (await waiting)["text"]


async def test_wait_for_the_second_message(meta: Meta) -> None:
    """With a count, the wait ends with that message of the account's."""
    igsid = (await meta.write())["igsid"]
    path = f"/wait?account_id={ACCOUNT}&username=ana&count=2&timeout_s=10"
    waiting = asyncio.create_task(meta.sim("GET", path))
    await meta.send(igsid, "one")
    await meta.send(igsid, "two")

    assert "two" == (await waiting)["text"]


async def test_wait_gives_up(meta: Meta) -> None:
    """Nothing within the time is 408."""
    made = await meta.comment()
    await meta.sim("GET", f"/wait?comment_id={made['comment_id']}&timeout_s=0", status=408)


async def test_wait_for_everything_expected(meta: Meta) -> None:
    """`all` answers with the judgement once nothing expected is missing."""
    made = await meta.comment(expect={"private_reply": 1})
    early = await meta.sim("GET", "/wait?all=true&timeout_s=0", status=408)
    waiting = asyncio.create_task(meta.sim("GET", "/wait?all=true&timeout_s=10"))
    await meta.reply_in_private(made["comment_id"])

    assert 1 == len(early["lost"])
    assert (await waiting)["ok"]


async def test_lost_twice_and_unexpected(meta: Meta) -> None:
    """A message that never came, one too many, and one nobody wanted are each found."""
    await meta.write("a", username="lost", expect={"message": 1})
    twice = (await meta.write("b", username="twice", expect={"message": 1}))["igsid"]
    unwanted = (await meta.write("c", username="unwanted", expect={"message": 0}))["igsid"]
    for igsid in (twice, twice, unwanted):
        assert 200 == (await meta.send(igsid))[0]

    judgement = await meta.judgement()
    found = {
        name: [one["username"] for one in judgement[name]]
        for name in ("lost", "twice", "unexpected")
    }
    assert {"lost": ["lost"], "twice": ["twice"], "unexpected": ["unwanted"]} == found
    assert (3, 2, False) == (judgement["sent"], judgement["expected"], judgement["ok"])


async def test_conversation_and_hand_typed(meta: Meta) -> None:
    """A conversation shows person, machine and owner in order."""
    igsid = (await meta.write("price?"))["igsid"]
    await meta.send(igsid, "10 euro")
    hand = {"account_id": ACCOUNT, "username": "ana", "text": "hi Ana"}
    await meta.sim("POST", "/hand-typed", hand)

    told = await meta.sim("GET", f"/conversations/{ACCOUNT}/ana")
    shown = [(one["from"], one["via"], one["text"]) for one in told["messages"]]
    expected = [
        ("person", None, "price?"),
        ("account", "api", "10 euro"),
        ("account", "hand", "hi Ana"),
    ]
    assert expected == shown
    assert told["messages"][1]["latency_ms"] >= 0


async def test_timeline_is_numbered_and_can_be_waited_for(meta: Meta) -> None:
    """Entries come after the number given, in order, and a waiting reader is woken."""
    before = (await meta.sim("GET", "/timeline"))["entries"][-1]["n"]
    waiting = asyncio.create_task(meta.sim("GET", f"/timeline?after={before}&wait_s=10"))
    await meta.comment()

    told = (await waiting)["entries"]
    assert (before + 1, "comment") == (told[0]["n"], told[0]["kind"])


async def test_reset_forgets_but_ids_go_on(meta: Meta, receiver: Receiver) -> None:
    """After a reset everything is gone, the webhook address stays, and no id comes again."""
    before = await meta.comment()
    await meta.sim("POST", "/reset", status=204)
    assert {"accounts": []} == await meta.sim("GET", "/accounts")
    assert 0 == (await meta.judgement())["sent"]
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", {"username": "shop", "token": TOKEN})
    await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {})
    after = await meta.comment()

    assert before["comment_id"] < after["comment_id"]
    assert before["igsid"] == after["igsid"]
    assert 2 == len(receiver.deliveries)


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "status"),
    [
        ("POST", "/comments", {"username": "ana"}, "account_id", 400),
        (
            "POST",
            "/comments",
            {"account_id": "9", "media_id": MEDIA, "username": "ana", "text": "x"},
            "account_id",
            404,
        ),
        (
            "POST",
            "/comments",
            {"account_id": ACCOUNT, "media_id": "9", "username": "ana", "text": "x"},
            "media_id",
            404,
        ),
        ("POST", "/messages", {"account_id": ACCOUNT, "username": "ana"}, "text", 400),
        ("PUT", "/config", {"limits": {"sends_per_second": -1}}, "limits.sends_per_second", 400),
        ("PUT", "/config", {"limit": {}}, "limit", 400),
        ("PUT", "/accounts/abc", {"username": "shop"}, "account_id", 400),
        ("POST", "/deletions", {"mid": "none"}, "mid", 404),
        ("GET", "/wait", None, "comment_id", 400),
        ("GET", "/nowhere", None, None, 404),
    ],
)
async def test_wrong_requests_name_the_field(
    meta: Meta, *, method: str, path: str, body: Any, field: str | None, status: int
) -> None:
    """A wrong request is a problem that names what is wrong."""
    problem = await meta.sim(method, path, body, status=status)

    assert (status, field) == (problem["status"], problem["field"])


async def test_health(meta: Meta) -> None:
    """The health check answers."""
    async with meta.http.get("/health") as answer:
        assert {"status": "ok"} == await answer.json()


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js"])
async def test_page_is_served(meta: Meta, path: str) -> None:
    """The page and what it needs come from here, and from nowhere else."""
    async with meta.http.get(path) as answer:
        text = await answer.text()
        assert 200 == answer.status
        assert len(text) > 1000
        assert "https://" not in text


_ENVIRONMENT = {
    "METASIM_APP_ID": "1000000000000001",
    "METASIM_APP_SECRET": "secret",
    "METASIM_VERIFY_TOKEN": "token",
    "METASIM_PORT": "0",
}


async def start(**environment: str) -> asyncio.subprocess.Process:
    """Start the simulator as a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.metasim",
        env={**os.environ, **_ENVIRONMENT, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_process_stops_cleanly(signum: signal.Signals) -> None:
    """Told to stop, it ends with 0 and silently, though somebody still waits for news."""
    process = await start()
    assert process.stdout is not None
    url = URL((await process.stdout.readline()).decode().split()[-1])
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /sim/timeline?wait_s=30 HTTP/1.1\r\nHost: metasim\r\n\r\n")
    async with (
        ClientSession(url) as http,
        http.get("/health") as answer,
    ):  # after the one that waits
        assert 200 == answer.status
    process.send_signal(signum)
    _, errors = await process.communicate()
    told = await reader.read()
    writer.close()

    assert told.startswith(b"HTTP/1.1 200")
    assert (0, b"") == (process.returncode, errors)


async def test_taken_port_is_one_line() -> None:
    """A port somebody else has ends the process with 2 and one line that names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await start(METASIM_PORT=str(taken.getsockname()[1]))
        _, errors = await process.communicate()

    assert 2 == process.returncode
    assert 1 == len(errors.splitlines())
    assert b"METASIM_PORT" in errors


@pytest.mark.parametrize(
    ("name", "value"),
    [("METASIM_PORT", "many"), ("METASIM_WEBHOOK_URL", "nowhere"), ("METASIM_APP_SECRET", "")],
)
async def test_bad_setting_is_one_line(name: str, value: str) -> None:
    """A bad value ends the process with 2 and one line that names the setting."""
    process = await start(**{name: value})
    _, errors = await process.communicate()

    assert 2 == process.returncode
    assert 1 == len(errors.splitlines())
    assert name.encode() in errors
