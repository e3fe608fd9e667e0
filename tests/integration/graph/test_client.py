"""The Graph client on real sockets, against a server that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from switchboard.contracts import AccountId, CommentId, PersonId
from switchboard.errors import Failure, Unavailable
from switchboard.graph import (
    AccountHeld,
    File,
    GraphFailure,
    NotSent,
    NotUnderstood,
    OutsideWindow,
    OwnerMustAct,
    SlowDown,
    TokenDead,
    Unclear,
    message,
    open_graph,
    private_reply,
    wants_less,
)
from switchboard.rules.saying import Saying

ACCOUNT, PERSON = AccountId("17841400000000001"), PersonId("1234567890123456")
COMMENT = CommentId("17900000000000001")
HELLO = message(PERSON, Saying(text="Hello"))

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Meta:
    """A server that answers as told, and keeps every call it saw."""

    answer: Answer
    calls: list[tuple[str, str | None, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.path_qs, request.headers.get("Authorization"), body))
        return await self.answer(request)


def says(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answer JSON."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers=headers)

    return answer


def writes(body: bytes, status: int = 200) -> Answer:
    """Answer bytes."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status)

    return answer


async def hangs_up(request: web.Request) -> web.Response:
    """Take the call and drop the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Begin a good answer and drop the connection in its middle."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"message_id": "m')
    assert request.transport is not None
    request.transport.abort()
    return response


async def talks_nonsense(request: web.Request) -> web.Response:
    """Answer in no protocol."""
    assert request.transport is not None
    request.transport.write(b"hello\r\n\r\n")
    request.transport.close()
    return web.Response()


async def never(_request: web.Request) -> web.Response:
    """Take the call and think about it for ever."""
    await asyncio.Event().wait()
    return web.Response()


@contextlib.asynccontextmanager
async def serving(answer: Answer, *, call_budget_s: float = 5) -> AsyncIterator[tuple[Meta, Any]]:
    """Run a server that answers so, and a client of it."""
    meta = Meta(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", meta.handle)
    async with (
        TestServer(app, shutdown_timeout=0.1) as server,
        open_graph(
            url=str(server.make_url("")), version="v26.0", call_budget_s=call_budget_s
        ) as graph,
    ):
        yield meta, graph


async def failure_of(answer: Answer, *, call_budget_s: float = 5) -> GraphFailure:
    """Return how a send ends when Meta answers so."""
    async with serving(answer, call_budget_s=call_budget_s) as (_, graph):
        with pytest.raises(GraphFailure) as caught:
            await graph.send(ACCOUNT, HELLO, token="t")
    return caught.value


async def test_a_message_is_sent_as_meta_wants_it() -> None:
    """Version and account in the path, the token in the header only, no query at all."""
    answer = says({"recipient_id": PERSON, "message_id": "aWdfZ"})
    async with serving(answer) as (meta, graph):
        sent = await graph.send(ACCOUNT, HELLO, token="secret")

    assert [(f"/v26.0/{ACCOUNT}/messages", "Bearer secret", HELLO.body)] == meta.calls
    assert ("aWdfZ", PERSON) == (sent.message_id, sent.recipient_id)


HAT = File("image", "https://shop.example/hat.png")


async def test_a_file_is_uploaded_as_meta_wants_it() -> None:
    """To the account's own address, to be used again, with the token in the header only."""
    async with serving(says({"attachment_id": 1857777774821032})) as (meta, graph):
        uploaded = await graph.upload(ACCOUNT, HAT, token="secret")

    payload = {"url": HAT.url, "is_reusable": True}
    body = {"message": {"attachment": {"type": "image", "payload": payload}}}
    assert [(f"/v26.0/{ACCOUNT}/message_attachments", "Bearer secret", body)] == meta.calls
    assert "1857777774821032" == uploaded.attachment_id


@pytest.mark.parametrize(
    "answer", [hangs_up, breaks_off, never, writes(b"", 500), says({"id": "1"}), says({})]
)
async def test_an_upload_is_never_unclear(answer: Answer) -> None:
    """Nobody sees an upload; without an answer that can be read it may be made again."""
    async with serving(answer, call_budget_s=0.1) as (_, graph):
        with pytest.raises(Unavailable):
            await graph.upload(ACCOUNT, HAT, token="t")


async def test_an_upload_that_is_refused_says_why() -> None:
    """Errors are those of the table, as reads have them: what may be tried again is not unclear."""
    for code, kind in ((100, NotSent), (190, TokenDead), (613, SlowDown), (1, SlowDown)):
        async with serving(says({"error": {"code": code}}, 400)) as (_, graph):
            with pytest.raises(kind):
                await graph.upload(ACCOUNT, HAT, token="t")


async def test_a_private_reply_makes_its_person_known() -> None:
    """The answer to a private reply carries the commenter's id."""
    async with serving(says({"recipient_id": 77, "message_id": "m"})) as (meta, graph):
        sent = await graph.send(ACCOUNT, private_reply(COMMENT, Saying(text="Hi")), token="t")

    assert "77" == sent.recipient_id
    assert {"comment_id": COMMENT} == meta.calls[0][2]["recipient"]


async def test_a_public_reply_asks_for_no_fields() -> None:
    """`fields` on a new comment makes Meta create it and then refuse; it is never there."""
    async with serving(says({"id": "18"})) as (meta, graph):
        posted = await graph.reply_publicly(COMMENT, "Sent!", token="t")

    assert [(f"/v26.0/{COMMENT}/replies", "Bearer t", {"message": "Sent!"})] == meta.calls
    assert "18" == posted.comment_id


async def test_an_id_is_success_whatever_else_is_there() -> None:
    """Unknown members beside the id change nothing."""
    async with serving(says({"message_id": "m", "error": None, "new": [1]})) as (_, graph):
        assert "m" == (await graph.send(ACCOUNT, HELLO, token="t")).message_id


async def test_usage_comes_with_a_success() -> None:
    """A send that worked still tells how much of the budget is spent."""
    headers = {"X-App-Usage": '{"call_count": 81}'}
    async with serving(says({"message_id": "m"}, headers=headers)) as (_, graph):
        assert 81.0 == (await graph.send(ACCOUNT, HELLO, token="t")).said.usage.percent


@pytest.mark.parametrize(
    "answer",
    [
        hangs_up,
        breaks_off,
        writes(b"", 500),
        writes(b"<html>Bad gateway</html>", 502),
        writes(b"", 200),
        writes(b"OK", 200),
        says({}, 200),
        says([], 200),
        says({"success": True}, 200),
        says({"error": {"message": "no code"}}, 400),
        writes(b"", 404),
        writes(b"", 302),
        says({"message_id": "m"}, 500),
        says({"error": {"code": 1}}, 500),
        says({"error": {"code": 2, "is_transient": True}}, 503),
        says({"error": {"code": 1, "error_subcode": 1357046}}, 400),
        says({"error": {"code": 1200}}, 400),
        says({"error": {"code": 20, "error_subcode": 1772107}}, 400),
        writes(b"[" * 100_000, 200),
        writes(b"\xff\xfe", 200),
        talks_nonsense,
    ],
)
async def test_what_leaves_it_open_is_unclear(answer: Answer) -> None:
    """Whenever Meta may have acted, the outcome is unclear, never failed and never sent."""
    assert isinstance(await failure_of(answer), Unclear)


async def test_silence_is_unclear() -> None:
    """A call that gets no answer within its budget may still be carried out."""
    failure = await failure_of(never, call_budget_s=0.2)

    assert isinstance(failure, Unclear)
    assert "timed_out" == failure.why.reason


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (613, 2534040, SlowDown),
        (368, None, AccountHeld),
        (200, 2534041, OwnerMustAct),
        (190, 460, TokenDead),
        (10, 2534022, OutsideWindow),
        (100, 2534025, NotSent),
        (551, 1545041, NotSent),
        (100, None, NotSent),
        (31337, 5, NotUnderstood),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_a_refusal_is_read_by_its_numbers(
    code: int, subcode: int | None, kind: type[GraphFailure], status: int
) -> None:
    """The same two numbers mean the same under any HTTP status and in any language."""
    error = {"message": "Entschuldigung", "code": code, "fbtrace_id": "Abc"}
    if subcode is not None:
        error["error_subcode"] = subcode

    failure = await failure_of(says({"error": error}, status))

    assert kind is type(failure)
    assert (code, subcode, "Abc", status) == (
        failure.said.code,
        failure.said.subcode,
        failure.said.trace_id,
        failure.said.http_status,
    )


async def test_metas_own_wait_counts() -> None:
    """A budget that is spent says in minutes when to come back."""
    usage = '{"1": [{"call_count": 100, "estimated_time_to_regain_access": 43}]}'
    headers = {"X-Business-Use-Case-Usage": usage}

    failure = await failure_of(says({"error": {"code": 80002}}, 400, headers))

    assert 43 * 60.0 == failure.after_s


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "http://nobody.invalid:{port}"])
async def test_a_call_that_never_left_is_not_unclear(url: str) -> None:
    """No connection, or no address: nothing happened, and it may be tried again."""
    with socket.socket() as taken:  # bound, not listening: it refuses, and nobody else gets it
        taken.bind(("127.0.0.1", 0))
        address = url.format(port=taken.getsockname()[1])
        async with open_graph(url=address, version="v26.0", call_budget_s=5) as graph:
            with pytest.raises(Unavailable):
                await graph.send(ACCOUNT, HELLO, token="t")


async def test_a_connection_is_kept() -> None:
    """Calls in a row share one connection."""
    peers: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.json_response({"message_id": "m"})

    async with serving(answer) as (_, graph):
        for _ in range(3):
            await graph.send(ACCOUNT, HELLO, token="t")

    assert 3 == len(peers)
    assert 1 == len(set(peers))


async def test_nobody_reads_the_token_in_a_failure() -> None:
    """Failures are logged; no token and no text may be in them."""
    failures = [
        await failure_of(answer)
        for answer in (hangs_up, writes(b"", 500), says({"error": {"code": 190}}, 400))
    ]

    for failure in failures:
        told = f"{failure!r} {failure.__cause__!r} {vars(failure)}"
        assert "Bearer" not in told
        assert "Hello" not in told


async def profile_failure(answer: Answer, *, call_budget_s: float = 5) -> Failure:
    """Return how a question ends when Meta answers so."""
    async with serving(answer, call_budget_s=call_budget_s) as (_, graph):
        with pytest.raises(Failure) as caught:
            await graph.read_profile(PERSON, token="t")
        return caught.value


async def test_a_person_is_asked_about() -> None:
    """Only what is needed is asked for, with the account's token."""
    async with serving(says({"name": "Ana", "is_user_follow_business": True})) as (meta, graph):
        profile = await graph.read_profile(PERSON, token="t")

    query = "fields=name,username,is_user_follow_business"
    assert [(f"/v26.0/{PERSON}?{query}", "Bearer t", None)] == meta.calls
    assert ("Ana", None, True) == (profile.name, profile.username, profile.follows)


async def test_posts_are_asked_for() -> None:
    """The latest fifty, with when they were published."""
    body = {"data": [{"id": "9", "timestamp": "2026-01-02T03:04:05+0000"}], "paging": {}}
    headers = {"X-App-Usage": '{"call_count": 81}'}
    async with serving(says(body, headers=headers)) as (meta, graph):
        found = await graph.read_posts(ACCOUNT, token="t")

    query = "fields=id,timestamp&limit=50"
    assert [(f"/v26.0/{ACCOUNT}/media?{query}", "Bearer t", None)] == meta.calls
    assert ["9"] == [post.media_id for post in found.posts]
    assert 81.0 == found.said.usage.percent


@pytest.mark.parametrize(
    "answer",
    [
        hangs_up,
        breaks_off,
        writes(b"", 500),
        writes(b"<html>Bad gateway</html>", 502),
        writes(b"", 200),
        writes(b"OK", 200),
        writes(b"", 302),
        says({}, 200),
        says([], 200),
        says({"error": {"message": "no code"}}, 400),
        says({"error": {"message": "no code"}}, 200),
        says({"name": "Ana"}, 500),
    ],
)
async def test_a_question_without_an_answer_may_be_put_again(answer: Answer) -> None:
    """A question changes nothing: whatever leaves it open is tried again."""
    assert isinstance(await profile_failure(answer), Unavailable)


async def test_a_question_has_its_time() -> None:
    """Nobody waits for an answer beyond the budget."""
    assert isinstance(await profile_failure(never, call_budget_s=0.2), Unavailable)


async def test_no_list_of_posts_is_no_answer() -> None:
    """An answer about something else does not mean that there are no posts."""
    async with serving(says({"id": ACCOUNT})) as (_, graph):
        with pytest.raises(Unavailable):
            await graph.read_posts(ACCOUNT, token="t")


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (230, None, NotSent),
        (100, 33, NotSent),
        (613, None, SlowDown),
        (368, None, AccountHeld),
        (190, None, TokenDead),
        (1, None, SlowDown),
        (2, None, SlowDown),
        (31337, None, NotUnderstood),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_refused_question_is_read_by_its_numbers(
    code: int, subcode: int | None, kind: type[GraphFailure], status: int
) -> None:
    """The same table as for sends, but that nothing is unclear."""
    error = {"code": code, "error_subcode": subcode}

    failure = await profile_failure(says({"error": error}, status))

    assert kind is type(failure)


THREAD = {"id": "t", "updated_time": "2026-01-02T03:04:05+0000", "messages": {"data": []}}


async def test_a_conversation_is_asked_for() -> None:
    """By the person's id, with no more of it than Meta shows; all of them page by page."""
    async with serving(says({"data": [THREAD]})) as (meta, graph):
        one = await graph.read_threads(ACCOUNT, person_id=PERSON, page=1, messages=20, token="t")
        await graph.read_threads(ACCOUNT, page=25, messages=5, after="x", token="t")

    fields = "fields=updated_time,participants,messages.limit({}){{id,created_time,from,to,message,attachments}}"  # noqa: E501  as it is sent
    asked = [unquote(path) for path, _, _ in meta.calls]
    path = f"/v26.0/{ACCOUNT}/conversations?platform=instagram&"
    assert [
        f"{path}{fields.format(20)}&limit=1&user_id={PERSON}",
        f"{path}{fields.format(5)}&limit=25&after=x",
    ] == asked
    assert [True] == [thread.whole for thread in one.threads]


async def test_replies_are_asked_for() -> None:
    """With who wrote them and when, page by page."""
    async with serving(says({"data": [{"id": "18"}]})) as (meta, graph):
        found = await graph.read_replies(COMMENT, page=50, after="x", token="t")

    query = "fields=id,text,timestamp,from,username&limit=50&after=x"
    assert [f"/v26.0/{COMMENT}/replies?{query}"] == [path for path, _, _ in meta.calls]
    assert ["18"] == [reply.id for reply in found.replies]


@pytest.mark.parametrize("answer", [says({"id": "1"}), says({"data": {}}), writes(b"", 500)])
async def test_no_list_is_no_answer(answer: Answer) -> None:
    """An answer about something else does not mean that nothing was said."""
    async with serving(answer) as (_, graph):
        with pytest.raises(Unavailable):
            await graph.read_threads(ACCOUNT, page=1, messages=1, token="t")
        with pytest.raises(Unavailable):
            await graph.read_replies(COMMENT, page=1, token="t")


async def test_what_is_too_much_is_told_apart() -> None:
    """HTTP 500 with code 1 is not a fault that passes: less must be asked for."""
    async with serving(says({"error": {"code": 1, "message": "Zu viel"}}, 500)) as (_, graph):
        with pytest.raises(GraphFailure) as caught:
            await graph.read_threads(ACCOUNT, page=25, messages=20, token="t")

    assert wants_less(caught.value)
