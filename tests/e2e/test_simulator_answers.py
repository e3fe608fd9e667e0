"""A person plays a follower: what they do is answered before their eyes, without a reload."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.bot import IN_PUBLIC, LINK, PRICE, TAPPED, THANKS
from tests.e2e.player import Player
from tests.e2e.stage import Stage


async def test_comment_is_answered_in_private_and_in_public(player: Player) -> None:
    """A comment gets both answers: one under it, one in the conversation."""
    await player.comment("LINK please")

    mine = player.comments.get_by_role("listitem").filter(has_text="LINK please").first
    await expect(mine).to_contain_text("answered in private")
    await expect(mine.get_by_role("listitem")).to_contain_text(IN_PUBLIC)
    await expect(player.talk).to_contain_text("In answer to your comment")
    await expect(player.talk).to_contain_text(LINK)
    await expect(player.verdict).to_have_text("2 sent · nothing wrong")


async def test_posting_says_how_the_webhook_went_and_empties_the_field(player: Player) -> None:
    """The status names the outcome, and the field is free for the next comment."""
    await player.comment("hello")

    await expect(player.status).to_contain_text("Posted. The webhook was accepted in")
    await expect(player.page.locator("#comment-text")).to_have_value("")


async def test_message_is_answered_and_chips_reply(player: Player) -> None:
    """A message is answered; a tap on a chip is a message that is answered too."""
    await player.write("price?")
    await expect(player.talk).to_contain_text(PRICE)

    await player.talk.get_by_role("button", name="M", exact=True).click()

    await expect(player.talk).to_contain_text("You chose M")
    await expect(player.talk.get_by_role("button")).to_have_count(0)  # chips vanish once used


async def test_button_tap_is_answered(player: Player) -> None:
    """A button of a template can be tapped, and the tap shows in the conversation."""
    await player.comment("LINK")
    await player.talk.get_by_role("button", name="Tell me more").click()

    await expect(player.talk).to_contain_text(TAPPED)
    await expect(player.talk.locator(".me")).to_contain_text("Tell me more")


async def test_link_button_opens_elsewhere_without_telling_where_from(player: Player) -> None:
    """A link button is a link to its address, in a window that cannot reach this one."""
    await player.comment("LINK")
    link = player.talk.get_by_role("link", name="Open")

    await expect(link).to_have_attribute("href", "https://shop.example/hat")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")


async def test_story_reply_is_answered(player: Player) -> None:
    """What is written to a story arrives as a message about it, and is answered."""
    await player.choose("New today")
    await player.answer_story("wow")

    await expect(player.talk).to_contain_text("In answer to a story")
    await expect(player.talk).to_contain_text(THANKS)


async def test_what_others_do_appears_live(player: Player, stage: Stage) -> None:
    """A comment that came from elsewhere, and its answer, appear on the open page."""
    await stage.comment("LINK for me too", username="ben.example")

    others = player.comments.get_by_role("listitem").filter(has_text="@ben.example").first
    await expect(others).to_contain_text("LINK for me too")
    await expect(others).to_contain_text(IN_PUBLIC)
    await expect(player.talk).to_contain_text("No messages yet")  # the private one is not ours


async def test_being_somebody_else_shows_their_conversation(player: Player) -> None:
    """Another name is another person, with a conversation of their own."""
    await player.write("price?")
    await expect(player.talk).to_contain_text(PRICE)

    await player.page.get_by_label("You are").fill("ben.example")
    await player.page.get_by_label("You are").press("Enter")

    await expect(player.talk).to_contain_text("No messages yet")
    await expect(player.page.get_by_label("Comment as @ben.example")).to_be_visible()


async def test_unsent_and_edited_messages_show_as_such(player: Player, stage: Stage) -> None:
    """A message that was unsent leaves a mark, one that was edited shows its new words."""
    first, second = [await _write(stage, text) for text in ("first", "second")]
    await stage.sim("POST", "/deletions", {"mid": first})
    await stage.sim("POST", "/edits", {"mid": second, "text": "second, better"})

    await expect(player.talk.locator(".bubble")).to_have_text(["Unsent", "second, better"])


async def _write(stage: Stage, text: str) -> str:
    account = (await stage.sim("GET", "/accounts"))["accounts"][0]["account_id"]
    body = {"account_id": account, "username": "ana.example", "text": text}
    return str((await stage.sim("POST", "/messages", body))["mid"])
