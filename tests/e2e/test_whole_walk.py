"""A follower at the simulator's page, with all of Switchboard behind it."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e.player import Player
from tests.journeys.test_walk import LINK
from tests.support.installation import Scene


async def test_a_person_comments_and_hears_from_the_business(scene: Scene, page: Page) -> None:
    """LINK under a post: the public reply appears below it, the private one among the messages."""
    await scene.business(LINK)
    player = await Player.sit_down(page, scene.installation.metasim_url)

    await player.comment("LINK please")

    await expect(player.comments).to_contain_text("Sent")
    await expect(player.talk).to_contain_text("Here it is")
