"""The Graph API: what it does, what it refuses, and with which numbers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientError

from tests.integration.metasim.stage import (
    ACCOUNT,
    APP_SECRET,
    MEDIA,
    OTHER_TOKEN,
    TOKEN,
    Meta,
    Receiver,
    error_of,
)

_DAY_S = 86_400


def ago(**span: float) -> str:
    """Return the moment `span` before now, in ISO 8601."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


class TestPrivateReplies:
    async def test_once_for_ever(self, meta: Meta) -> None:
        """The first reply reaches the commenter; a second is refused and entered in the books."""
        made = await meta.comment(expect={"private_reply": 1})
        status, body = await meta.reply_in_private(made["comment_id"])
        again = await meta.reply_in_private(made["comment_id"], "again")

        seen = await meta.sim("GET", f"/comments/{made['comment_id']}")
        judgement = await meta.judgement()
        assert (200, made["igsid"]) == (status, body["recipient_id"])
        assert (400, 100, 2534025) == error_of(again)
        assert ["here"] == [reply["text"] for reply in seen["private_replies"]]
        assert seen["private_replies"][0]["latency_ms"] >= 0
        assert ["already_replied"] == [one["reason"] for one in judgement["refused"]]
        assert (True, 1, 1) == (judgement["ok"], judgement["sent"], judgement["expected"])

    @pytest.mark.parametrize(
        ("span", "status"), [({"days": 6, "hours": 23}, 200), ({"days": 7, "hours": 1}, 400)]
    )
    async def test_seven_days(self, meta: Meta, span: dict[str, float], status: int) -> None:
        """A comment can be answered in private for seven days."""
        made = await meta.comment(created_at=ago(**span))

        assert status == (await meta.reply_in_private(made["comment_id"]))[0]

    async def test_live_only_while_live(self, meta: Meta) -> None:
        """A comment on a broadcast can be answered until the broadcast ends."""
        first = await meta.comment(live=True)
        second = await meta.comment(live=True)
        during = await meta.reply_in_private(first["comment_id"])
        await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {"is_live": False})
        after = await meta.reply_in_private(second["comment_id"])

        assert 200 == during[0]
        assert (400, 100, 2534025) == error_of(after)

    async def test_not_to_own_comments(self, meta: Meta) -> None:
        """The account's own comment takes no private reply."""
        own = {"account_id": ACCOUNT, "media_id": MEDIA, "text": "thanks"}
        made = await meta.sim("POST", "/self-comments", own)

        assert (400, 100, 2534025) == error_of(await meta.reply_in_private(made["comment_id"]))

    async def test_hourly_limit_rolls(self, meta: Meta) -> None:
        """Beyond the limit 613/2534040; an hour after the first there is room for one more."""
        await meta.sim("PUT", "/config", {"limits": {"private_replies_per_hour": 2}})
        made = [(await meta.comment())["comment_id"] for _ in range(4)]
        answers = [await meta.reply_in_private(comment_id) for comment_id in made[:3]]
        await meta.sim("PUT", "/config", {"clock": {"offset_s": 3601}})
        later = await meta.reply_in_private(made[3])

        judgement = await meta.judgement()
        assert [200, 200, 400] == [status for status, _ in answers]
        assert (400, 613, 2534040) == error_of(answers[2])
        assert 200 == later[0]
        assert [made[2]] == [one["trigger"] for one in judgement["over_limit"]]
        assert not judgement["ok"]

    async def test_media_is_refused_and_templates_are_not(self, meta: Meta) -> None:
        """A private reply takes a button template, but no picture."""
        comment_id = (await meta.comment())["comment_id"]
        picture = {"type": "image", "payload": {"url": "https://shop.example/hat.png"}}
        button = {"type": "postback", "title": "Get it", "payload": "P"}
        template = {"template_type": "button", "text": "Tap", "buttons": [button]}
        answers = [
            await meta.graph(
                "POST",
                f"/{ACCOUNT}/messages",
                {"recipient": {"comment_id": comment_id}, "message": {"attachment": attachment}},
            )
            for attachment in (picture, {"type": "template", "payload": template})
        ]

        assert [400, 200] == [status for status, _ in answers]


class TestMessages:
    async def test_window_opens_with_a_message_and_closes(self, meta: Meta) -> None:
        """A message opens 24 hours; after them 403 with 10/2534022, entered in the books."""
        igsid = (await meta.write())["igsid"]
        inside = await meta.send(igsid)
        await meta.sim("PUT", "/config", {"clock": {"offset_s": _DAY_S + 1}})
        outside = await meta.send(igsid)

        judgement = await meta.judgement()
        assert 200 == inside[0]
        assert (403, 10, 2534022) == error_of(outside)
        assert 1 == len(judgement["outside_window"])

    @pytest.mark.parametrize("what", ["comments", "seen", "reactions", "referrals"])
    async def test_what_does_not_open_the_window(self, meta: Meta, what: str) -> None:
        """A comment, a glance, a reaction or a link followed is not an invitation."""
        body: dict[str, Any] = {"account_id": ACCOUNT, "username": "ana"}
        extra: dict[str, Any] = {
            "comments": {"media_id": MEDIA, "text": "LINK"},
            "seen": {"mid": "m"},
            "reactions": {"mid": "m"},
            "referrals": {"ref": "bio"},
        }
        made = await meta.sim("POST", f"/{what}", {**body, **extra[what]})

        assert (403, 10, 2534022) == error_of(await meta.send(made["igsid"]))

    async def test_a_tap_opens_the_window(self, meta: Meta) -> None:
        """After a button was tapped the account may write, and sees the profile."""
        igsid = (await meta.comment())["igsid"]
        await meta.sim("PUT", "/people/ana", {"name": "Ana", "follows": [ACCOUNT]})
        path = f"/{igsid}?fields=name,is_user_follow_business"
        before = await meta.graph("GET", path)
        tap = {"account_id": ACCOUNT, "username": "ana", "payload": "P", "title": "T"}
        await meta.sim("POST", "/postbacks", tap)

        profile = {"name": "Ana", "is_user_follow_business": True, "id": igsid}
        assert (400, 230, None) == error_of(before)
        assert (200, profile) == await meta.graph("GET", path)
        assert 200 == (await meta.send(igsid))[0]

    async def test_text_is_measured_in_bytes(self, meta: Meta) -> None:
        """1000 bytes pass; 501 letters of two bytes do not."""
        igsid = (await meta.write())["igsid"]

        assert 200 == (await meta.send(igsid, "a" * 1000))[0]
        assert (400, 100, None) == error_of(await meta.send(igsid, "é" * 501))

    async def test_nobody(self, meta: Meta) -> None:
        """An id that is nobody's for this account is 100/2534014."""
        assert (400, 100, 2534014) == error_of(await meta.send("123"))

    async def test_sends_per_second(self, meta: Meta) -> None:
        """More messages in a second than allowed are refused, and over the limit."""
        await meta.sim("PUT", "/config", {"limits": {"sends_per_second": 0}})
        igsid = (await meta.write())["igsid"]

        assert (400, 613, 2534040) == error_of(await meta.send(igsid))
        assert ["sends_per_second"] == [
            one["reason"] for one in (await meta.judgement())["over_limit"]
        ]

    async def test_human_agent_is_refused(self, meta: Meta) -> None:
        """The tag for people is not for programs."""
        igsid = (await meta.write())["igsid"]
        body = {"recipient": {"id": igsid}, "message": {"text": "x"}, "tag": "HUMAN_AGENT"}

        assert (400, 10, None) == error_of(await meta.graph("POST", "/me/messages", body))

    async def test_echo_comes_after_the_answer(self, meta: Meta, receiver: Receiver) -> None:
        """What the account sends comes back as an echo, from the account to the person."""
        await meta.sim("PUT", "/config", {"echoes": True})
        igsid = (await meta.write())["igsid"]
        _, body = await meta.send(igsid)
        deliveries = await receiver.received(2)

        (echo,) = deliveries[1].body["entry"][0]["messaging"]
        told = {"mid": body["message_id"], "text": "10 euro", "is_echo": True}
        assert told == echo["message"]
        assert (ACCOUNT, igsid) == (echo["sender"]["id"], echo["recipient"]["id"])

    async def test_typing_and_reactions(self, meta: Meta) -> None:
        """Signs are accepted inside the window and are not messages."""
        made = await meta.write()
        recipient = {"recipient": {"id": made["igsid"]}}
        react = {"message_id": made["mid"], "reaction": "love"}
        answers = [
            await meta.graph("POST", "/me/messages", {**recipient, "sender_action": "typing_on"}),
            await meta.graph(
                "POST", "/me/messages", {**recipient, "sender_action": "react", "payload": react}
            ),
            await meta.graph("POST", "/me/messages", {**recipient, "sender_action": "dance"}),
        ]

        assert [200, 200, 400] == [status for status, _ in answers]
        assert 0 == (await meta.judgement())["sent"]


class TestComments:
    async def test_public_reply_goes_to_the_top(self, meta: Meta) -> None:
        """A reply to a reply stands under the top-level comment, and counts for its trigger."""
        top = await meta.comment("top")
        low = await meta.comment("low", parent_id=top["comment_id"], expect={"public_reply": 1})
        status, body = await meta.graph(
            "POST", f"/v26.0/{low['comment_id']}/replies", {"message": "sent you a DM"}
        )
        _, listed = await meta.graph("GET", f"/{top['comment_id']}/replies?fields=text,from{{id}}")

        assert 200 == status
        assert ["sent you a DM", "low"] == [one["text"] for one in listed["data"]]
        assert {"id": ACCOUNT} == listed["data"][0]["from"]
        assert body["id"] == listed["data"][0]["id"]
        assert (await meta.judgement())["ok"]

    async def test_second_public_reply_is_twice(self, meta: Meta) -> None:
        """Meta allows two answers under one comment; the judgement does not when one was asked."""
        made = await meta.comment(expect={"public_reply": 1})
        for _ in range(2):
            path = f"/{made['comment_id']}/replies"
            assert 200 == (await meta.graph("POST", path, {"message": "done"}))[0]

        judgement = await meta.judgement()
        assert [made["comment_id"]] == [one["trigger"] for one in judgement["twice"]]
        assert not judgement["ok"]

    async def test_fields_on_a_new_comment_creates_and_refuses(self, meta: Meta) -> None:
        """`fields` makes Meta answer 20/1772107 although the comment is there."""
        made = await meta.comment()
        path = f"/{made['comment_id']}/replies?fields=id"
        answer = await meta.graph("POST", path, {"message": "done"})

        seen = await meta.sim("GET", f"/comments/{made['comment_id']}")
        assert (400, 20, 1772107) == error_of(answer)
        assert 1 == len(seen["public_replies"])

    async def test_own_replies_come_back(self, meta: Meta, receiver: Receiver) -> None:
        """A public reply comes back as a comment of the account's own."""
        await meta.sim("PUT", "/config", {"own_reply_webhooks": True})
        made = await meta.comment()
        await meta.graph("POST", f"/{made['comment_id']}/replies", {"message": "done"})
        deliveries = await receiver.received(2)

        value = deliveries[1].body["entry"][0]["changes"][0]["value"]
        assert (ACCOUNT, made["comment_id"]) == (value["from"]["id"], value["parent_id"])
        assert "self_ig_scoped_id" in value["from"]

    async def test_live_and_hidden_take_no_public_reply(self, meta: Meta) -> None:
        """Comments of a broadcast and hidden ones cannot be answered in public."""
        live = (await meta.comment(live=True))["comment_id"]
        hidden = (await meta.comment())["comment_id"]
        assert 200 == (await meta.graph("POST", f"/{hidden}?hide=true"))[0]

        for comment_id in (live, hidden):
            answer = await meta.graph("POST", f"/{comment_id}/replies", {"message": "done"})
            assert (400, 100, None) == error_of(answer)

    async def test_listing_pages_through_everything(self, meta: Meta) -> None:
        """Top-level comments come newest first, page by page, each exactly once."""
        made = [(await meta.comment(f"c{n}"))["comment_id"] for n in range(5)]
        await meta.comment("a reply", parent_id=made[0])
        listed: list[str] = []
        path: str | None = f"/{MEDIA}/comments?limit=2&fields=id"
        while path:
            _, body = await meta.graph("GET", path)
            listed += [one["id"] for one in body["data"]]
            after = body.get("paging", {}).get("cursors", {}).get("after")
            path = f"/{MEDIA}/comments?limit=2&fields=id&after={after}" if after else None

        assert made[::-1] == listed

    @pytest.mark.parametrize(("asked", "at_most"), [(2, 2), (50, 50), (70, 50)])
    async def test_answers_page_by_page(self, meta: Meta, asked: int, at_most: int) -> None:
        """Newest first, 50 at most, each exactly once; inside a comment the first page of them."""
        top = (await meta.comment("top"))["comment_id"]
        made = [
            (await meta.comment(f"c{n}", parent_id=top))["comment_id"] for n in range(at_most + 1)
        ]
        _, whole = await meta.graph("GET", f"/{MEDIA}/comments?fields=replies.limit({asked}){{id}}")
        (inside,) = (one["replies"] for one in whole["data"])
        pages, after = [[one["id"] for one in inside["data"]]], inside["paging"]["cursors"]["after"]
        while after:
            path = f"/{top}/replies?limit={asked}&fields=id&after={after}"
            _, body = await meta.graph("GET", path)
            pages.append([one["id"] for one in body["data"]])
            after = body.get("paging", {}).get("cursors", {}).get("after")

        assert [at_most, 1] == [len(page) for page in pages]
        assert made[::-1] == [one for page in pages for one in page]
        assert inside["paging"]["next"].partition("?")[0].endswith(f"/{top}/replies")

    async def test_comment_node_has_the_time_of_the_comment(self, meta: Meta) -> None:
        """The Graph API tells when a comment was written, which the webhook does not."""
        made = await meta.comment(created_at="2026-01-02T03:04:05Z")
        fields = "text,timestamp,from,media{id},replies"
        _, body = await meta.graph("GET", f"/{made['comment_id']}?fields={fields}")

        expected = {
            "text": "LINK",
            "timestamp": "2026-01-02T03:04:05+0000",
            "from": {"id": made["igsid"], "username": "ana"},
            "media": {"id": MEDIA},
            "id": made["comment_id"],
        }
        assert expected == body


class TestOwnEdges:
    async def test_subscriptions(self, meta: Meta) -> None:
        """What was subscribed is listed, by JSON as by query, until it is taken back."""
        body = {"subscribed_fields": ["messages", "comments"]}
        made = await meta.graph("POST", f"/v26.0/{ACCOUNT}/subscribed_apps", body)
        _, listed = await meta.graph("GET", "/me/subscribed_apps")
        await meta.graph("DELETE", "/me/subscribed_apps")

        assert (200, {"success": True}) == made
        assert ["comments", "messages"] == listed["data"][0]["subscribed_fields"]
        assert (200, {"data": []}) == await meta.graph("GET", "/me/subscribed_apps")

    async def test_media_pages_and_stories(self, meta: Meta) -> None:
        """Posts come newest first, page by page; stories have an edge of their own."""
        path = f"/accounts/{ACCOUNT}/media"
        newer = (await meta.sim("POST", path, {"caption": "newer"}))["media_id"]
        story = (await meta.sim("POST", path, {"media_product_type": "STORY"}))["media_id"]
        _, first = await meta.graph("GET", "/me/media?fields=caption&limit=1")
        after = first["paging"]["cursors"]["after"]
        _, second = await meta.graph("GET", f"/me/media?limit=1&after={after}")
        _, stories = await meta.graph("GET", f"/{ACCOUNT}/stories")

        assert [{"caption": "newer", "id": newer}] == first["data"]
        assert {"data": [{"id": MEDIA}]} == second
        assert {"data": [{"id": story}]} == stories

    @pytest.mark.parametrize("path", ["/me/media?limit=x", "/me/conversations?limit=0"])
    async def test_bad_limit(self, meta: Meta, path: str) -> None:
        """A limit that is no number is code 100."""
        assert (400, 100, None) == error_of(await meta.graph("GET", path))

    @pytest.mark.parametrize(("count", "status"), [(4, 200), (5, 400)])
    async def test_ice_breakers(self, meta: Meta, count: int, status: int) -> None:
        """Four questions are kept and shown; five are refused."""
        question = {"question": "Where is my order?", "payload": "ORDER"}
        breakers = [{"locale": "default", "call_to_actions": [question] * count}]
        body = {"platform": "instagram", "ice_breakers": breakers}
        made = await meta.graph("POST", "/me/messenger_profile", body)
        _, shown = await meta.graph("GET", "/me/messenger_profile?fields=ice_breakers")

        assert status == made[0]
        assert ([{"ice_breakers": breakers}] if status == 200 else []) == shown["data"]

    async def test_unknown_path(self, meta: Meta) -> None:
        """A path the Graph API does not have is refused in its own words."""
        assert (400, 2500, None) == error_of(await meta.graph("GET", "/me/friends/all"))


class TestAccess:
    async def test_tokens(self, meta: Meta) -> None:
        """No token and a wrong one are 190; an expired one is 190/463; the query works as well."""
        account = {
            "username": "shop",
            "token": "old",
            "token_issued_at": ago(days=61),
        }
        wrong = await meta.graph("GET", "/me", token="wrong")
        async with meta.http.get(f"/me?access_token={TOKEN}") as answer:
            by_query = answer.status
        await meta.sim("PUT", f"/accounts/{ACCOUNT}", account)

        assert (400, 190, None) == error_of(wrong)
        assert 200 == by_query
        assert (400, 190, 463) == error_of(await meta.graph("GET", "/me", token="old"))
        assert (400, 190, None) == error_of(await meta.graph("GET", "/me"))

    async def test_accounts_never_meet(self, meta: Meta) -> None:
        """Another account's token reaches neither the account nor its media nor its people."""
        made = await meta.comment()
        for path in (ACCOUNT, MEDIA, made["comment_id"], made["igsid"]):
            answer = await meta.graph("GET", f"/{path}", token=OTHER_TOKEN)
            assert (400, 100, 33) == error_of(answer)
        body = {"recipient": {"comment_id": made["comment_id"]}, "message": {"text": "x"}}
        answer = await meta.graph("POST", f"/{ACCOUNT}/messages", body, token=OTHER_TOKEN)
        assert (400, 100, 33) == error_of(answer)

    async def test_me_has_two_ids(self, meta: Meta) -> None:
        """`user_id` is the id of webhooks; `id` is another one, and names the account as well."""
        _, body = await meta.graph("GET", "/v26.0/me?fields=id,user_id,username,account_type")
        status, _ = await meta.graph("GET", f"/{body['id']}/media?fields=id,caption")

        assert (ACCOUNT, "shop", "BUSINESS") == (
            body["user_id"],
            body["username"],
            body["account_type"],
        )
        assert body["id"] != ACCOUNT
        assert 200 == status

    async def test_login_from_consent_to_refresh(self, meta: Meta) -> None:
        """A code works once; its token is exchanged for 60 days and refreshed after a day."""
        app = {"client_id": "1000000000000001", "redirect_uri": "https://us.example/back"}
        scope = "instagram_business_basic,instagram_business_manage_comments"
        asked = {**app, "response_type": "code", "scope": scope, "state": "s1"}
        async with meta.http.get("/oauth/authorize", params=asked) as page:
            assert "@shop" in await page.text()
        allowed = {"decision": "allow", "account_id": ACCOUNT}
        back = await redirect(meta, asked, allowed)
        form = {
            **app,
            "client_secret": APP_SECRET,
            "grant_type": "authorization_code",
            "code": back["code"],
        }
        status, short = await exchange(meta, form)
        again, refusal = await exchange(meta, form)
        query = f"grant_type=ig_exchange_token&client_secret={APP_SECRET}"
        _, long = await meta.graph("GET", f"/access_token?{query}", token=short["access_token"])
        path = "/refresh_access_token?grant_type=ig_refresh_token"
        too_early = await meta.graph("GET", path, token=long["access_token"])
        await meta.sim("PUT", "/config", {"clock": {"offset_s": _DAY_S + 1}})
        late_enough = await meta.graph("GET", path, token=long["access_token"])

        assert "s1" == back["state"]
        assert (200, set(scope.split(","))) == (status, set(short["permissions"].split(",")))
        assert (400, "OAuthException") == (again, refusal["error_type"])
        assert 60 * _DAY_S == long["expires_in"]
        assert (400, 100, None) == error_of(too_early)
        assert 200 == late_enough[0]

    async def test_login_denied(self, meta: Meta) -> None:
        """A person who says no is sent back with Meta's words for it."""
        asked = {
            "client_id": "1000000000000001",
            "redirect_uri": "https://us.example/back?x=1",
            "response_type": "code",
            "scope": "instagram_business_basic",
        }
        back = await redirect(meta, asked, {"decision": "deny"})

        assert ("access_denied", "user_denied") == (back["error"], back["error_reason"])


async def redirect(meta: Meta, asked: dict[str, str], form: dict[str, str]) -> dict[str, str]:
    """Return what the consent page sends back to the app."""
    async with meta.http.post(
        "/oauth/authorize", params=asked, data=form, allow_redirects=False
    ) as answer:
        location = answer.headers["Location"]
        assert (302, True) == (answer.status, location.endswith("#_"))
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def exchange(meta: Meta, form: dict[str, str]) -> tuple[int, Any]:
    async with meta.http.post("/oauth/access_token", data=form) as answer:
        return answer.status, await answer.json()


class TestConversations:
    async def test_read_back_what_was_sent(self, meta: Meta) -> None:
        """The thread of a person shows what both said, newest first, with the ids of the sends."""
        await meta.sim("PUT", "/config", {"limits": {"conversations_per_second": 10}})
        made = await meta.write("price?")
        _, sent = await meta.send(made["igsid"], "10 euro")
        _, found = await meta.graph("GET", f"/me/conversations?user_id={made['igsid']}")
        thread = found["data"][0]["id"]
        fields = "messages{id,message,from}"
        _, body = await meta.graph("GET", f"/{thread}?fields={fields}")
        _, one = await meta.graph("GET", f"/{sent['message_id']}?fields=message,to")

        told = [(one["id"], one["message"], one["from"]["id"]) for one in body["messages"]["data"]]
        expected = [
            (sent["message_id"], "10 euro", ACCOUNT),
            (made["mid"], "price?", made["igsid"]),
        ]
        assert expected == told
        assert ("10 euro", made["igsid"]) == (one["message"], one["to"]["data"][0]["id"])

    async def test_two_a_second(self, meta: Meta) -> None:
        """The third call in a second is refused with 613/2534040."""
        answers = [await meta.graph("GET", "/me/conversations") for _ in range(3)]

        assert [200, 200, 400] == [status for status, _ in answers]
        assert (400, 613, 2534040) == error_of(answers[2])


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"kind": "accept_then_500"}, 500),
            ({"kind": "accept_then_code_1", "error_subcode": 1357046}, 400),
        ],
    )
    async def test_done_although_it_looks_failed(
        self, meta: Meta, fault: dict[str, Any], expected: int
    ) -> None:
        """A message that was accepted counts as sent, whatever the answer was."""
        made = await meta.comment(expect={"private_reply": 1})
        await meta.sim("PUT", "/config", {"faults": [{"on": "private_replies", **fault}]})
        body = {"recipient": {"comment_id": made["comment_id"]}, "message": {"text": "here"}}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with meta.http.post("/me/messages", json=body, headers=headers) as answer:
            assert expected == answer.status

        judgement = await meta.judgement()
        assert (1, True) == (judgement["sent"], judgement["ok"])

    @pytest.mark.parametrize(
        ("fault", "sent"),
        [
            ({"kind": "drop_connection"}, 1),
            ({"kind": "drop_connection", "accepts": False}, 0),
            ({"kind": "accept_then_timeout", "delay_s": 0}, 1),
        ],
    )
    async def test_no_answer(self, meta: Meta, fault: dict[str, Any], sent: int) -> None:
        """The connection breaks; only the books know whether the message was sent."""
        igsid = (await meta.write())["igsid"]
        await meta.sim("PUT", "/config", {"faults": [{"on": "messages", "times": 1, **fault}]})
        with pytest.raises(ClientError):
            await meta.send(igsid)

        assert sent == (await meta.judgement())["sent"]
        assert 200 == (await meta.send(igsid, "next"))[0]

    async def test_silence_outlasts_the_caller(self, meta: Meta) -> None:
        """A caller that gives up finds its message sent all the same."""
        igsid = (await meta.write(expect={"message": 1}))["igsid"]
        await meta.sim("PUT", "/config", {"faults": [{"kind": "accept_then_timeout"}]})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await meta.send(igsid)

        assert (await meta.judgement())["ok"]

    async def test_refusals_on_order(self, meta: Meta) -> None:
        """`refuse` and `throttle` answer with the numbers asked for, as often as asked for."""
        igsid = (await meta.write())["igsid"]
        faults = [
            {"kind": "refuse", "times": 1, "code": 200, "error_subcode": 2534041},
            {"kind": "throttle", "times": 1},
        ]
        await meta.sim("PUT", "/config", {"faults": faults})
        answers = [await meta.send(igsid) for _ in range(3)]

        assert (400, 200, 2534041) == error_of(answers[0])
        assert (400, 613, 2534040) == error_of(answers[1])
        assert 200 == answers[2][0]
        judgement = await meta.judgement()
        assert ([], ["fault", "fault"]) == (
            judgement["over_limit"],
            [one["reason"] for one in judgement["refused"]],
        )

    async def test_echo_before_answer(self, meta: Meta, receiver: Receiver) -> None:
        """The echo is there when the answer comes."""
        await meta.sim(
            "PUT", "/config", {"echoes": True, "faults": [{"kind": "echo_before_answer"}]}
        )
        igsid = (await meta.write())["igsid"]
        _, body = await meta.send(igsid)

        (echo,) = receiver.deliveries[1].body["entry"][0]["messaging"]
        assert body["message_id"] == echo["message"]["mid"]

    async def test_usage_headers(self, meta: Meta) -> None:
        """Throttled calls and configured usage carry the headers; ordinary calls do not."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with meta.http.get("/me", headers=headers) as plain:
            assert "X-App-Usage" not in plain.headers
        usage = {"call_count": 95, "estimated_time_to_regain_access": 7}
        await meta.sim("PUT", "/config", {"usage": usage})
        async with meta.http.get("/me", headers=headers) as near:
            told = near.headers["X-Business-Use-Case-Usage"]

        assert f'"{ACCOUNT}"' in told
        assert '"estimated_time_to_regain_access": 7' in told


async def test_quick_replies_of_a_stranger_cannot_be_tapped(meta: Meta) -> None:
    """Requests show no chips; once the person follows or has written, they can be tapped."""
    made = await meta.comment()
    chip = {"content_type": "text", "title": "S", "payload": "SIZE:S"}
    message = {"text": "Which size?", "quick_replies": [chip]}
    body = {"recipient": {"comment_id": made["comment_id"]}, "message": message}
    assert 200 == (await meta.graph("POST", "/me/messages", body))[0]
    tap = {"account_id": ACCOUNT, "username": "ana", "text": "S", "quick_reply": "SIZE:S"}

    refused = await meta.sim("POST", "/messages", tap, status=409)
    await meta.write("hello")
    await meta.sim("POST", "/messages", tap)

    assert "quick_reply" == refused["field"]
