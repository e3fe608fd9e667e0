"""What an account is told of that happens elsewhere: mentions, threads another app owns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.stage import ACCOUNT, Stage

_IN_THREAD = {"account_id": ACCOUNT, "username": "ana"}


def _told(stage: Stage) -> dict[str, Any]:
    """Return the one entry of the one webhook, without its time."""
    [body] = stage.bot.received
    [entry] = body["entry"]
    assert isinstance(entry.pop("time"), int)
    assert ACCOUNT == entry.pop("id")
    told: dict[str, Any] = entry
    return told


@pytest.mark.parametrize("comment", [{"comment_id": "17900000000000060"}, {}])
async def test_mention_tells_ids_and_no_words(stage: Stage, comment: dict[str, str]) -> None:
    """A mention in a comment names media and comment, one in a caption the media alone."""
    where = {"media_id": "18000000000000050", **comment}
    await stage.sim("POST", "/mentions", {**_IN_THREAD, **where})

    assert {"changes": [{"field": "mentions", "value": where}]} == _told(stage)


async def test_standby_message_comes_in_standby(stage: Stage) -> None:
    """A message in a thread another app controls has its usual shape, in `standby`."""
    message = {**_IN_THREAD, "text": "hello", "mid": "m1", "webhook": {"standby": True}}
    igsid = (await stage.sim("POST", "/messages", message))["igsid"]

    [told] = _told(stage).pop("standby")
    assert told["timestamp"] > 1_700_000_000_000  # milliseconds
    assert {"mid": "m1", "text": "hello"} == told["message"]
    assert (igsid, ACCOUNT) == (told["sender"]["id"], told["recipient"]["id"])


async def test_standby_is_a_subscription_of_its_own(stage: Stage) -> None:
    """Whoever subscribed to messages only is not told of those in standby."""
    await stage.sim("PUT", "/config", {"require_subscription": True})
    subscription = {"subscribed_fields": "messages"}
    token = {"Authorization": f"Bearer {stage.bot.token}"}
    path = "/v26.0/me/subscribed_apps"
    async with stage.http.post(path, json=subscription, headers=token) as answer:
        assert 200 == answer.status
    standby = {**_IN_THREAD, "text": "hello", "webhook": {"standby": True}}
    ordinary = {**_IN_THREAD, "text": "hello"}

    assert [] == (await stage.sim("POST", "/messages", standby))["webhook"]
    assert ["accepted"] == [
        one["outcome"] for one in (await stage.sim("POST", "/messages", ordinary))["webhook"]
    ]


async def test_answer_in_standby_can_be_judged(stage: Stage) -> None:
    """Who answers where no answer is expected is found out: our bot heeds no `standby`."""
    asked = {**_IN_THREAD, "text": "price?", "expect": {"message": 0}}
    await stage.sim("POST", "/messages", {**asked, "webhook": {"standby": True}})
    verdict = await stage.sim("GET", "/judgement")
    assert (True, []) == (verdict["ok"], verdict["unexpected"])

    await stage.sim("POST", "/messages", asked)
    await stage.sim("GET", "/wait?account_id=" + ACCOUNT + "&username=ana")
    verdict = await stage.sim("GET", "/judgement")
    assert (False, 1) == (verdict["ok"], len(verdict["unexpected"]))


@pytest.mark.parametrize("action", ["pass_thread_control", "take_thread_control"])
async def test_handover_names_both_apps(stage: Stage, action: str) -> None:
    """A thread that changes hands names who had it and who has it."""
    apps = {"previous_owner_app_id": "111", "new_owner_app_id": "222"}
    await stage.sim("POST", "/handover", {**_IN_THREAD, "action": action, **apps, "metadata": "x"})

    [told] = _told(stage)["messaging"]
    assert {**apps, "metadata": "x"} == told[action]


async def test_request_for_a_thread_names_who_asks(stage: Stage) -> None:
    """An app that asks for a thread is the only one named."""
    asked = {"action": "request_thread_control", "new_owner_app_id": "222"}
    await stage.sim("POST", "/handover", {**_IN_THREAD, **asked})

    [told] = _told(stage)["messaging"]
    assert {"requested_owner_app_id": "222"} == told["request_thread_control"]


async def test_handover_from_nobody_is_refused(stage: Stage) -> None:
    """A pass without its previous owner is a mistake of the test, told by name."""
    body = {**_IN_THREAD, "new_owner_app_id": "222"}
    async with stage.http.post("/sim/handover", json=body) as answer:
        assert 400 == answer.status
        assert "needs a previous_owner_app_id" in (await answer.json())["detail"]
