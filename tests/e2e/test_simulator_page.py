"""The page itself: by keyboard alone, on any screen, and when things are missing or go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.bot import IN_PUBLIC, LINK, TAPPED
from tests.e2e.player import Player
from tests.e2e.stage import ACCOUNT, POST, Stage
from tests.support.browser import ColorScheme, Complaints, NewPage

_BUBBLES = "🎩" * 400
_NO_SPACE = "W" * 900
_RTL = "אפשר לקבל את הקישור בבקשה? LINK"
_HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'


class TestKeyboard:
    async def test_every_control_is_reached_in_order_and_shows_it(self, player: Player) -> None:
        """Tab walks through all controls as they are read, each with a visible outline."""
        names = []
        for _ in range(11):
            await player.page.keyboard.press("Tab")
            focus = await player.focus()
            names.append(focus["name"])
            assert focus["outline_px"] >= 2, focus

        assert [
            "Skip to messages",
            "Account",
            "You are",
            "No judgement yet",
            "Comment LINK to get itPost",
            "Add an account or a post",
            "Comments",
            "Comment as @ana.example",
            "Post",
            "Conversation",
            "Message",
        ] == [name if "nothing wrong" not in name else "No judgement yet" for name in names]

    async def test_comment_tap_and_message_without_a_mouse(self, player: Player) -> None:
        """Enter posts, Tab reaches the answer's buttons, Enter taps; the focus stays in place."""
        await player.page.locator("#comment-text").focus()
        await player.page.keyboard.type("LINK")
        await player.page.keyboard.press("Enter")
        await expect(player.talk).to_contain_text(LINK)
        assert "Comment as @ana.example" == (await player.focus())["name"]

        for expected in ("Post", "Conversation", "Open", "Tell me more"):
            await player.page.keyboard.press("Tab")
            assert expected == (await player.focus())["name"]
        await player.page.keyboard.press("Enter")
        await expect(player.talk).to_contain_text(TAPPED)

    async def test_arrows_choose_a_post(self, player: Player) -> None:
        """The posts are one stop; the arrows move within them and show what is chosen."""
        await player.page.get_by_role("radio", name="Comment LINK to get it").focus()
        await player.page.keyboard.press("ArrowDown")

        await expect(player.page.get_by_role("heading", name="Story")).to_be_visible()
        assert "New todayStory" == (await player.focus())["name"]

    async def test_skip_link_leads_to_the_messages(self, player: Player) -> None:
        """The first stop skips the posts and comments."""
        await player.page.keyboard.press("Tab")
        await player.page.keyboard.press("Enter")
        await expect(player.page.locator("#messages")).to_be_focused()
        await player.page.keyboard.press("Tab")

        assert "Conversation" == (await player.focus())["name"]


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
async def test_long_and_foreign_texts_keep_the_layout(
    stage: Stage, new_page: NewPage, width: int, color_scheme: ColorScheme, tmp_path: Path
) -> None:
    """Emoji, right-to-left, unbroken and very long texts neither widen the page nor are cut."""
    page = await new_page(width=width, color_scheme=color_scheme)
    player = await Player.sit_down(page, stage.url)
    for text in (_BUBBLES, _NO_SPACE, _RTL):
        await stage.comment(text, username="x" * 60)
    await stage.sim("PUT", f"/accounts/{ACCOUNT}/media/{POST}", {"caption": _NO_SPACE[:300]})
    await player.comment("LINK")
    await player.write(_NO_SPACE)
    await expect(player.talk).to_contain_text(LINK)
    await expect(player.talk).to_contain_text(_NO_SPACE)
    await expect(player.comments.get_by_text(_RTL)).to_have_css("direction", "rtl")
    await page.screenshot(path=tmp_path / "page.png", full_page=True)  # for eyes, if it fails

    assert 0 == await player.overflow_px()
    assert [] == await player.cut_off()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
async def test_all_text_can_be_read(
    stage: Stage, new_page: NewPage, color_scheme: ColorScheme
) -> None:
    """Every text stands out from its ground by 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    page = await new_page(color_scheme=color_scheme)
    player = await Player.sit_down(page, stage.url)
    await player.comment("LINK")
    await expect(player.talk).to_contain_text(LINK)
    await player.write("price?")
    await expect(player.talk.get_by_role("button", name="M", exact=True)).to_be_visible()

    assert [] == await player.faint_texts()


class TestLiveRegions:
    async def test_answers_are_announced_once(self, player: Player) -> None:
        """The conversation is a polite log to which each message is added, none put anew."""
        await player.write("price?")
        await expect(player.talk.get_by_role("listitem")).to_have_count(2)
        await player.watch_additions()
        await player.comment("LINK")
        await expect(player.talk).to_contain_text(LINK)

        await expect(player.talk).to_have_attribute("aria-live", "polite")
        added = await player.additions()
        assert 1 == sum(LINK in text for text in added)
        assert not any("You:" in text for text in added)  # what stood there is not read again


class TestEmpty:
    async def test_first_visit_says_how_to_begin(
        self, empty_stage: Stage, new_page: NewPage
    ) -> None:
        """With nobody there the page says so, offers the way on, and an account and a post do."""
        player = await Player.sit_down(await new_page(), empty_stage.url)
        page = player.page
        await expect(page.get_by_text("No account yet")).to_be_visible()
        await expect(page.locator("#message-text")).to_be_disabled()
        await expect(page.locator("#comment-text")).to_be_disabled()

        await page.get_by_label("New account’s username").fill("hats.example")
        await page.locator("#new-account").get_by_role("button").click()
        await expect(page.get_by_text("No posts yet")).to_be_visible()
        await page.get_by_label("New post’s caption").fill("Look")
        await page.locator("#new-post").get_by_role("button").click()

        await expect(page.get_by_role("radio", name="Look")).to_be_checked()
        await expect(page.get_by_text("No comments yet")).to_be_visible()
        await expect(page.locator("#comment-text")).to_be_enabled()


class TestTrouble:
    async def test_refused_webhook_is_said_plainly(self, player: Player, stage: Stage) -> None:
        """A webhook that is not answered 200 is shown as refused, and retried with success."""
        stage.bot.status = 503
        await player.comment("LINK")
        await expect(player.status).to_have_text(
            "Posted, but the webhook was refused (503). It is tried again."
        )

        stage.bot.status = 200
        await expect(player.talk).to_contain_text(LINK)

    async def test_unreachable_webhook_is_said_plainly(self, player: Player, stage: Stage) -> None:
        """A webhook that reaches nobody is shown as such, with the reason."""
        await stage.sim("PUT", "/config", {"webhook_url": "http://127.0.0.1:1/hook"})
        await player.comment("LINK")

        await expect(player.status).to_contain_text("Posted, but the webhook did not arrive:")
        await expect(player.status).to_contain_text("127.0.0.1:1")

    async def test_wrong_judgement_stands_out(self, player: Player, stage: Stage) -> None:
        """A violation is counted by name in the corner, which links to the whole judgement."""
        body = {"account_id": ACCOUNT, "media_id": POST, "username": "ben", "text": "hello"}
        await stage.sim("POST", "/comments", {**body, "expect": {"private_reply": 1}})

        await expect(player.verdict).to_have_text("0 sent · 1 lost")
        await expect(player.verdict).to_have_attribute("href", "/judgement")

    async def test_name_nobody_can_have_is_refused(self, player: Player) -> None:
        """A name with a space sends nothing; the browser says what is wrong."""
        await player.page.get_by_label("You are").fill("no such name")
        await player.comment("LINK")

        await expect(player.page.locator("#username:user-invalid")).to_be_focused()
        await expect(player.comments).to_contain_text("No comments yet")

    async def test_refusal_of_the_simulator_is_shown(
        self, player: Player, complaints: Complaints, stage: Stage
    ) -> None:
        """What the simulator refuses is said in its words, and what was written is kept."""
        complaints.expect("400 (Bad Request)")
        await player.page.locator("#message-text").evaluate("one => one.required = false")
        await player.page.locator("#message-form").get_by_role("button").click()

        await expect(player.status).to_contain_text("text")
        await expect(player.status).to_have_class("bad")


async def test_hostile_texts_stay_texts(player: Player, stage: Stage) -> None:
    """Markup in comments, captions, answers and buttons is shown, never carried out."""
    stage.bot.public = _HOSTILE
    button = {"type": "postback", "title": "<b>bold</b>", "payload": "<script>"}
    payload = {"template_type": "button", "text": _HOSTILE, "buttons": [button]}
    stage.bot.private = {"attachment": {"type": "template", "payload": payload}}
    await stage.sim("PUT", f"/accounts/{ACCOUNT}/media/{POST}", {"caption": _HOSTILE})
    await player.comment(f"LINK {_HOSTILE}")

    await expect(player.comments.get_by_text(_HOSTILE)).to_have_count(2)
    await expect(player.talk.get_by_text(_HOSTILE)).to_be_visible()
    await expect(player.talk.get_by_role("button", name="<b>bold</b>")).to_be_visible()
    await expect(player.page.locator("#post-meta")).to_have_text(_HOSTILE)
    assert 0 == await player.page.locator("main img, main script").count()
    assert (await player.page.evaluate("window.harmed")) is None


async def test_two_people_at_two_pages(stage: Stage, new_page: NewPage) -> None:
    """Each sees both comments, and only their own conversation."""
    ana = await Player.sit_down(await new_page(), stage.url)
    ben = await Player.sit_down(await new_page(), stage.url)
    await ben.page.get_by_label("You are").fill("ben.example")
    await ben.page.get_by_label("You are").press("Enter")
    await ben.comment("LINK")

    await expect(ana.comments).to_contain_text(IN_PUBLIC)
    await expect(ben.talk).to_contain_text(LINK)
    await expect(ana.talk).to_contain_text("No messages yet")
