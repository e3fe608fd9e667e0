"""The judgement of calls by their arrival, of chains by their order, of wishes by their moment."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientError

from tests.integration.metasim.stage import ACCOUNT, MEDIA, Meta, error_of

_PICTURE = {"type": "video", "payload": {"url": "https://shop.example/hat.mp4"}}


def reasons(judgement: dict[str, Any], name: str) -> list[str]:
    return [one["reason"] for one in judgement[name]]


class TestLimits:
    async def test_a_tighter_limit_can_be_judged(self, meta: Meta) -> None:
        """Beyond the judged limit a call is done, and is one too many; an hour later it is not."""
        await meta.sim("PUT", "/config", {"judged_limits": {"private_replies_per_hour": 2}})
        made = [(await meta.comment())["comment_id"] for _ in range(4)]
        for moment_s, comment_ids in ((0, made[:3]), (3601, made[3:])):
            await meta.sim("PUT", "/config", {"clock": {"offset_s": moment_s}})
            for comment_id in comment_ids:
                assert 200 == (await meta.reply_in_private(comment_id))[0]

        judgement = await meta.judgement()
        (found,) = judgement["over_limit"]
        assert (made[2], "private_replies_per_hour", None, False) == (
            found["trigger"],
            found["reason"],
            found["code"],
            judgement["ok"],
        )
        assert "call 3 within 3600 s, 2 are allowed" == found["happened"]

    @pytest.mark.parametrize("fault", ["hang_up", "messaging_limited", "policy_block"])
    async def test_what_meets_a_fault_has_been_made(self, meta: Meta, fault: str) -> None:
        """A call counts by its arrival, whatever became of it."""
        await meta.sim("PUT", "/config", {"judged_limits": {"sends_per_second": 0}})
        igsid = (await meta.write())["igsid"]
        await meta.sim("PUT", "/config", {"faults": [{"preset": fault}]})
        with contextlib.suppress(ClientError):  # it is not answered at all
            assert 400 == (await meta.send(igsid))[0]

        assert ["sends_per_second"] == reasons(await meta.judgement(), "over_limit")

    async def test_a_refused_call_is_entered_once(self, meta: Meta) -> None:
        """Where the limit itself refuses, the refusal is the entry."""
        await meta.sim("PUT", "/config", {"limits": {"sends_per_second": 0}})
        igsid = (await meta.write())["igsid"]
        await meta.send(igsid)

        assert ["sends_per_second"] == reasons(await meta.judgement(), "over_limit")

    @pytest.mark.parametrize(
        ("limit", "method", "path", "body"),
        [
            ("sends_per_second", "POST", "/me/messages", {"message": {"text": "x"}}),
            ("media_per_second", "POST", "/me/messages", {"message": {"attachment": _PICTURE}}),
            ("conversations_per_second", "GET", "/me/conversations", None),
            ("other_calls_per_day", "GET", "/me/media", None),
            ("other_calls_per_day", "GET", "/me", None),
        ],
    )
    async def test_every_limit_is_judged(
        self, meta: Meta, *, limit: str, method: str, path: str, body: Any
    ) -> None:
        """Each of Meta's limits can be judged against a number of one's own."""
        igsid = (await meta.write())["igsid"]
        await meta.sim("PUT", "/config", {"judged_limits": {limit: 0}})
        told = body and {"recipient": {"id": igsid}, **body}
        assert 200 == (await meta.graph(method, path, told))[0]

        assert [limit] == reasons(await meta.judgement(), "over_limit")

    async def test_broadcasts_have_a_limit_of_their_own(self, meta: Meta) -> None:
        """A private reply to a comment on a broadcast does not count among the others."""
        limits = {"private_replies_per_hour": 0, "live_private_replies_per_second": 0}
        await meta.sim("PUT", "/config", {"judged_limits": limits})
        made = await meta.comment(live=True)
        await meta.reply_in_private(made["comment_id"])

        found = reasons(await meta.judgement(), "over_limit")
        assert ["live_private_replies_per_second"] == found

    async def test_signs_count_against_nothing(self, meta: Meta) -> None:
        """Typing is no message."""
        await meta.sim("PUT", "/config", {"judged_limits": {"sends_per_second": 0}})
        recipient = {"id": (await meta.write())["igsid"]}
        body = {"recipient": recipient, "sender_action": "typing_on"}
        await meta.graph("POST", "/me/messages", body)

        assert (await meta.judgement())["ok"]


class TestDeadlines:
    async def test_a_late_private_reply_is_a_violation(self, meta: Meta) -> None:
        """After seven days it is refused, and should not have been tried."""
        long_ago = (datetime.now(UTC) - timedelta(days=7, hours=1)).isoformat()
        made = await meta.comment(created_at=long_ago)
        answer = await meta.reply_in_private(made["comment_id"])

        judgement = await meta.judgement()
        assert (400, 100, 2534025) == error_of(answer)
        assert (["too_late"], []) == (reasons(judgement, "after_deadline"), judgement["refused"])
        assert not judgement["ok"]

    async def test_a_broadcast_that_is_over(self, meta: Meta) -> None:
        """After the broadcast no comment on it is answered."""
        made = await meta.comment(live=True)
        await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {"is_live": False})
        await meta.reply_in_private(made["comment_id"])

        assert ["broadcast_over"] == reasons(await meta.judgement(), "after_deadline")

    async def test_trying_late_counts_although_a_fault_came_first(self, meta: Meta) -> None:
        """A call that is refused for another reason was late all the same."""
        long_ago = (datetime.now(UTC) - timedelta(days=8)).isoformat()
        made = await meta.comment(created_at=long_ago)
        await meta.sim("PUT", "/config", {"faults": [{"preset": "policy_block"}]})
        await meta.reply_in_private(made["comment_id"])

        judgement = await meta.judgement()
        assert ["too_late"] == reasons(judgement, "after_deadline")
        assert ["fault"] == reasons(judgement, "refused")

    async def test_so_does_trying_outside_the_window(self, meta: Meta) -> None:
        """A message tried when the window was closed is a violation, whatever refused it."""
        made = await meta.comment()
        await meta.sim("PUT", "/config", {"faults": [{"preset": "policy_block"}]})
        await meta.send(made["igsid"])

        assert ["outside_window"] == reasons(await meta.judgement(), "outside_window")


class TestChainsAndWishes:
    async def test_a_chain_out_of_order(self, meta: Meta) -> None:
        """The beginnings of an expectation say in which order its messages come."""
        expect = {"message": 3, "in_order": ["first", "second", "third"]}
        made = await meta.write(expect=expect)
        for text in ("first of all", "third", "second, late"):
            await meta.send(made["igsid"], text)

        judgement = await meta.judgement()
        (found,) = judgement["out_of_order"]
        assert (made["mid"], False) == (found["trigger"], judgement["ok"])
        assert ([], []) == (judgement["lost"], judgement["twice"])

    async def test_a_message_after_opting_out(self, meta: Meta) -> None:
        """Who opted out gets nothing after the grace, until they opt in again."""
        igsid = (await meta.write("STOP", opts_out=True))["igsid"]
        await meta.send(igsid, "just under way")
        await meta.sim("PUT", "/config", {"clock": {"offset_s": 11}})
        await meta.send(igsid, "an offer")
        await meta.write("START", opts_in=True)
        await meta.send(igsid, "welcome back")

        judgement = await meta.judgement()
        (found,) = judgement["after_opt_out"]
        assert ("message", "ana", False) == (found["what"], found["username"], judgement["ok"])

    async def test_the_grace_can_be_chosen(self, meta: Meta) -> None:
        """A harness that allows more time sets it before the person opts out."""
        await meta.sim("PUT", "/config", {"opt_out_grace_s": 60})
        igsid = (await meta.write("STOP", opts_out=True))["igsid"]
        await meta.sim("PUT", "/config", {"clock": {"offset_s": 11}})
        await meta.send(igsid, "an offer")

        assert (await meta.judgement())["ok"]

    async def test_one_wish_at_a_time(self, meta: Meta) -> None:
        """Nobody opts out and in with one message."""
        body = {"account_id": ACCOUNT, "username": "ana", "text": "STOP"}
        wishes = {"opts_out": True, "opts_in": True}

        await meta.sim("POST", "/messages", {**body, **wishes}, status=400)


async def test_the_summary_counts_what_the_judgement_lists(meta: Meta) -> None:
    """In place of each list its length, and the same figures beside it."""
    await meta.write(expect={"message": 1})
    igsid = (await meta.write(username="ben", expect={"message": 0}))["igsid"]
    await meta.send(igsid)

    judgement = await meta.judgement()
    counted = {
        name: len(told) if isinstance(told, list) else told for name, told in judgement.items()
    }
    assert counted == await meta.sim("GET", "/summary")
    assert (1, 1, False) == (counted["lost"], counted["unexpected"], counted["ok"])
