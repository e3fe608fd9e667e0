"""Answers that mislead, and echoes that come at another time than expected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.metasim.stage import TOKEN, Meta, Receiver, error_of


async def answer(meta: Meta, path: str, body: Any) -> tuple[int, str]:
    """Return an answer's status and its text, whatever it is."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with meta.http.post(path, json=body, headers=headers) as given:
        return given.status, await given.text()


async def order(meta: Meta, preset: str, **more: Any) -> None:
    await meta.sim("PUT", "/config", {"faults": [{"preset": preset, **more}]})


@pytest.mark.parametrize(
    ("preset", "expected"),
    [("done_then_500", (500, "")), ("done_then_garbage", (200, "<html>"))],
)
async def test_answers_that_say_nothing(meta: Meta, preset: str, expected: tuple[int, str]) -> None:
    """The message was sent, and the answer cannot be read."""
    made = await meta.write(expect={"message": 1})
    await order(meta, preset)
    body = {"recipient": {"id": made["igsid"]}, "message": {"text": "10 euro"}}

    assert expected == await answer(meta, "/me/messages", body)
    assert (await meta.judgement())["ok"]


@pytest.mark.parametrize(
    ("preset", "numbers"),
    [
        ("done_then_unknown_failure", (400, 1, None)),
        ("done_then_answer_lost", (400, 1, 1357046)),
        ("done_then_service_failure", (400, 2, None)),
        ("done_then_send_failure", (400, 1200, None)),
    ],
)
async def test_failures_of_what_was_done(
    meta: Meta, preset: str, numbers: tuple[int, int, int | None]
) -> None:
    """The message was sent, and the answer says that it failed."""
    made = await meta.write(expect={"message": 1})
    await order(meta, preset)

    assert numbers == error_of(await meta.send(made["igsid"]))
    assert (await meta.judgement())["ok"]


@pytest.mark.parametrize("preset", ["unknown_failure", "service_failure", "send_failure"])
async def test_failures_of_what_was_not_done(meta: Meta, preset: str) -> None:
    """The same numbers can mean that nothing was sent."""
    made = await meta.write(expect={"message": 1})
    await order(meta, preset)

    assert 400 == (await meta.send(made["igsid"]))[0]
    assert 1 == len((await meta.judgement())["lost"])


async def test_a_comment_is_created_and_refused_without_fields(meta: Meta) -> None:
    """20/1772107 can also come when no `fields` were asked for."""
    made = await meta.comment(expect={"public_reply": 1})
    await order(meta, "comment_created_then_refused")
    refused = await meta.graph("POST", f"/{made['comment_id']}/replies", {"message": "done"})

    assert (400, 20, 1772107) == error_of(refused)
    assert (await meta.judgement())["ok"]


async def test_an_error_in_another_language(meta: Meta) -> None:
    """Meta translates what it says; the numbers stay."""
    igsid = (await meta.write())["igsid"]
    await order(meta, "window_closed", message="許可されていません")
    status, body = await meta.send(igsid)

    assert (403, 10, 2534022) == error_of((status, body))
    assert "許可されていません" in body["error"]["message"]


async def test_a_late_echo_waits_for_its_moment(meta: Meta, receiver: Receiver) -> None:
    """The answer comes first, the echo when the simulated time has passed."""
    await meta.sim("PUT", "/config", {"echoes": True})
    await order(meta, "echo_late", delay_s=3600)
    igsid = (await meta.write())["igsid"]
    _, body = await meta.send(igsid)
    before = len(receiver.deliveries)
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 3601}})
    deliveries = await receiver.received(2)

    (echo,) = deliveries[1].body["entry"][0]["messaging"]
    assert 1 == before
    assert body["message_id"] == echo["message"]["mid"]


async def test_an_echo_that_never_comes(meta: Meta, receiver: Receiver) -> None:
    """One message has no echo, the next has."""
    await meta.sim("PUT", "/config", {"echoes": True})
    await order(meta, "echo_never", times=1)
    igsid = (await meta.write())["igsid"]
    await meta.send(igsid, "unheard")
    await meta.send(igsid, "heard")
    deliveries = await receiver.received(2)

    (echo,) = deliveries[1].body["entry"][0]["messaging"]
    assert "heard" == echo["message"]["text"]


async def test_usage_of_app_and_account_are_told_apart(meta: Meta) -> None:
    """Each header is configured by itself."""
    await meta.sim("PUT", "/config", {"app_usage": {"call_count": 96}})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with meta.http.get("/me", headers=headers) as given:
        assert '"call_count": 96' in given.headers["X-App-Usage"]
        assert "X-Business-Use-Case-Usage" not in given.headers


async def test_the_spent_budget_says_when_it_refills(meta: Meta) -> None:
    """Beyond the day's budget 80002 comes with the minutes until there is room again."""
    await meta.sim("PUT", "/config", {"limits": {"other_calls_per_day": 1}})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert 200 == (await meta.graph("GET", "/me"))[0]
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 86_400 - 600}})
    async with meta.http.get("/me", headers=headers) as given:
        code = (await given.json())["error"]["code"]
        told = given.headers["X-Business-Use-Case-Usage"]

    assert 80002 == code
    assert '"estimated_time_to_regain_access": 10' in told
