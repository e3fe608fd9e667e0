"""Calls to servers we do not know, on real sockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from switchboard.errors import Failure
from switchboard.hooks import (
    BadSecret,
    Hook,
    HookFailed,
    HookForbidden,
    HookRefused,
    new_secret,
    open_hooks,
)

SECRET = new_secret()
AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BODY = b'{"type":"lead"}'

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answers(status: int, **headers: str) -> Answer:
    """Answer with a status."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    return answer


async def silence(_request: web.Request) -> web.Response:
    """Take the call and never answer."""
    await asyncio.Event().wait()
    return web.Response()


async def hang_up(request: web.Request) -> web.Response:
    """Take the call and drop the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class Receiver:
    """Somebody's server, which keeps what it was told."""

    answer: Answer
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append((request.path, headers, await request.read()))
        return await self.answer(request)


@contextlib.asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[tuple[Receiver, str]]:
    """Serve a receiver on the loopback; yield it and its address."""
    receiver, app = Receiver(answer), web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield receiver, str(server.make_url("/hook"))


async def tell(url: str, *, allow_private: bool = True, secret: str = SECRET) -> None:
    """Make one call."""
    async with open_hooks(call_budget_s=0.5, allow_private=allow_private) as hooks:
        await hooks.deliver(Hook("id-1", url, BODY), secret=secret, at=AT)


async def failure_of(answer: Answer) -> Failure:
    """How a call ends when the receiver answers so."""
    async with receiving(answer) as (_, url):
        with pytest.raises(Failure) as caught:
            await tell(url)
    return caught.value


async def test_a_receiver_can_check_who_tells_it() -> None:
    """The body arrives as it was signed, with the three headers of the standard."""
    async with receiving(answers(204)) as (receiver, url):
        await tell(url)

    ((path, headers, body),) = receiver.heard
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"id-1.{int(AT.timestamp())}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert ("/hook", BODY, "application/json") == (path, body, headers["content-type"])
    assert ("id-1", f"v1,{digest}") == (headers["webhook-id"], headers["webhook-signature"])
    assert "cookie" not in headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_a_yes(status: int) -> None:
    """The receiver has it."""
    async with receiving(answers(status)) as (receiver, url):
        await tell(url)

    assert 1 == len(receiver.heard)


@pytest.mark.parametrize(
    "answer", [*map(answers, (408, 409, 425, 429, 500, 502, 503, 504)), silence, hang_up]
)
async def test_what_passes_is_tried_again(answer: Answer) -> None:
    """A server that is busy, broken or silent may hear it later."""
    assert isinstance(await failure_of(answer), HookFailed)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
async def test_a_no_is_a_no(status: int) -> None:
    """A server that does not want it is not asked again."""
    assert isinstance(await failure_of(answers(status)), HookRefused)


@pytest.mark.parametrize(
    ("written", "after_s"),
    [("7", 7.0), ("999999999", 3600.0), ("soon", None), ("-5", None), ("", None)],
)
async def test_a_receiver_may_say_when(written: str, after_s: float | None) -> None:
    """Its own wait counts, within reason."""
    failure = await failure_of(answers(503, **{"Retry-After": written}))

    assert isinstance(failure, HookFailed)
    assert after_s == failure.after_s


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    """A receiver cannot send us elsewhere: where it points was never looked at."""
    async with receiving(answers(status, Location="/elsewhere")) as (receiver, url):
        with pytest.raises(HookRefused):
            await tell(url)

    assert ["/hook"] == [path for path, _, _ in receiver.heard]


async def test_an_endless_answer_is_not_read() -> None:
    """What a receiver writes back is nobody's concern, however much it is."""
    written = 0
    chunk = b"x" * 65_536

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while written < 1000 * len(chunk):
                await response.write(chunk)
                written += len(chunk)
        return response

    async with receiving(endless) as (_, url):
        await tell(url)

    assert written < 1000 * len(chunk)


async def test_a_receiver_that_is_not_there() -> None:
    """Nobody listens: it is tried again."""
    with socket.socket() as taken:  # bound, not listening: it refuses, and nobody else gets it
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(HookFailed):
            await tell(f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_nothing_is_told_unsigned() -> None:
    """A secret that cannot sign is found before anything leaves."""
    async with receiving(answers(204)) as (receiver, url):
        with pytest.raises(BadSecret):
            await tell(url, secret="whsec_")

    assert [] == receiver.heard


@pytest.fixture
async def loopback() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port of this machine that must not be connected to; and who did."""
    connected: list[bytes] = []

    async def connects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(connects, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], connected


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "user:word@127.0.0.1",
    ],
)
async def test_no_machine_of_ours_is_called(loopback: tuple[int, list[bytes]], host: str) -> None:
    """However an address of our own network is written, nothing connects to it."""
    port, connected = loopback
    with pytest.raises((HookForbidden, HookFailed)) as caught:
        await tell(f"https://{host}:{port}/", allow_private=False)

    assert [] == connected
    if not isinstance(caught.value, HookForbidden):  # a spelling that is no address here
        assert host in {"2130706433", "0x7f.1", "127.1"}


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name stand for the first of `addresses`, then for the next; return who asked."""
    asked: list[str] = []
    left = list(addresses)

    async def getaddrinfo(
        _loop: asyncio.AbstractEventLoop, host: str, port: int, **_: Any
    ) -> list[Any]:
        asked.append(host)
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        place: tuple[Any, ...] = (address, port) if "." in address else (address, port, 0, 0)
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1"])
async def test_a_name_that_leads_home_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, loopback: tuple[int, list[bytes]], address: str
) -> None:
    """Somebody's own name may resolve to one of our machines: that is seen when connecting."""
    port, connected = loopback
    asked = resolving(monkeypatch, address)
    with pytest.raises(HookForbidden):
        await tell(f"https://hooks.example:{port}/", allow_private=False)

    assert ["hooks.example"] == asked
    assert [] == connected


async def test_a_name_is_looked_at_anew_each_time(
    monkeypatch: pytest.MonkeyPatch, loopback: tuple[int, list[bytes]]
) -> None:
    """No earlier answer of a resolver is trusted: a name may change its mind between two calls."""
    port, connected = loopback
    asked = resolving(monkeypatch, "::1", "127.0.0.1")
    hook = Hook("id-1", f"https://hooks.example:{port}/", BODY)
    async with open_hooks(call_budget_s=0.5) as hooks:
        for _ in range(2):
            with pytest.raises(HookForbidden):
                await hooks.deliver(hook, secret=SECRET, at=AT)

    assert ["hooks.example"] * 2 == asked
    assert [] == connected


@pytest.mark.parametrize(
    "url", ["http://a.example/", "ftp://a.example/", "//a.example", "a.example", "https://", ""]
)
async def test_only_https_is_called(url: str) -> None:
    """What everybody on the way could read is not told."""
    with pytest.raises(HookForbidden):
        await tell(url, allow_private=False)


async def test_a_failure_shows_no_address() -> None:
    """Owners put secrets into addresses, and failures are logged."""
    async with receiving(hang_up) as (_, url):
        with pytest.raises(HookFailed) as caught:
            await tell(f"{url}?key=a-secret-word")

    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "a-secret-word" not in told
