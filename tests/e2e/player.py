"""A person at the simulator's page: what they do, and where they look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

_FOCUS = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const labels = [...(one.labels ?? [])].map((label) => label.textContent.trim());
  return {
    name: one.getAttribute("aria-label") || labels.join(" ") || one.textContent.trim(),
    tag: one.tagName.toLowerCase(),
    outline_px: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
  };
}"""

# Each visible text whose colour is too close to its ground's, by WCAG's formula for contrast.
_FAINT = """() => {
  const read = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = color.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const color = read(getComputedStyle(one).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const isFaint = (one) => {
    const pair = [light(read(getComputedStyle(one).color)), light(ground(one))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) < 4.5;
  };
  const says = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.body.querySelectorAll("*")]
    .filter((one) => says(one) && one.checkVisibility() && isFaint(one))
    .map((one) => `${one.tagName} ${one.className}: ${one.textContent.trim()}`);
}"""

# The list of posts may scroll sideways by itself, on a narrow page; nothing else may.
_CUT_OFF = """() => [...document.querySelectorAll(
    ".panel, .panel > header, .panel > header > *, .choice, .choice *, .scroll, .bubble, .comment")]
  .filter((one) => one.scrollWidth > one.clientWidth && getComputedStyle(one).display !== "inline")
  .map((one) => `${one.tagName} ${one.className}: ${one.scrollWidth} > ${one.clientWidth}`)"""

_WATCH = """() => {
  window.added = [];
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const node of change.addedNodes) window.added.push(node.textContent);
  }).observe(document.getElementById("talk"), { childList: true, subtree: true });
}"""


@dataclass(frozen=True)
class Player:
    """The page in the hands of a person. Locators are looked up anew at each use."""

    page: Page

    @classmethod
    async def sit_down(cls, page: Page, url: str) -> Player:
        """Open the page, and wait until it is ready to be played with."""
        await page.goto(url)
        await expect(page.get_by_role("status")).to_have_text("Ready.")
        return cls(page)

    @property
    def comments(self) -> Locator:
        """The list of comments."""
        return self.page.get_by_role("list", name="Comments")

    @property
    def talk(self) -> Locator:
        """The conversation."""
        return self.page.get_by_role("log", name="Conversation")

    @property
    def status(self) -> Locator:
        """The line that says how the last thing went."""
        return self.page.get_by_role("status")

    @property
    def verdict(self) -> Locator:
        """The judgement in short."""
        return self.page.locator("#verdict")

    async def comment(self, text: str) -> None:
        """Comment on the chosen post."""
        await self.page.get_by_label(re.compile("^Comment as @")).fill(text)
        await self.page.get_by_role("button", name="Post", exact=True).click()

    async def answer_story(self, text: str) -> None:
        """Answer the chosen story."""
        await self.page.get_by_label("Answer the story").fill(text)
        await self.page.locator("#comment-button").click()

    async def write(self, text: str) -> None:
        """Write a message."""
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.locator("#message-form").get_by_role("button", name="Send").click()

    async def choose(self, caption: str) -> None:
        """Choose a post by its caption."""
        await self.page.get_by_role("radio", name=caption).check()

    async def focus(self) -> dict[str, Any]:
        """Return the name and tag of what has the focus, and how thick its outline is."""
        told: dict[str, Any] = await self.page.evaluate(_FOCUS)
        return told

    async def overflow_px(self) -> int:
        """Return how much wider the page is than the window; more than 0 scrolls sideways."""
        width: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    async def cut_off(self) -> list[str]:
        """Return the parts of the page whose content is wider than they are, and so cut off."""
        parts: list[str] = await self.page.evaluate(_CUT_OFF)
        return parts

    async def faint_texts(self) -> list[str]:
        """Return the texts whose contrast is under 4.5 to 1."""
        faint: list[str] = await self.page.evaluate(_FAINT)
        return faint

    async def watch_additions(self) -> None:
        """From now on, note what is added to the conversation."""
        await self.page.evaluate(_WATCH)

    async def additions(self) -> list[str]:
        """Return what was added to the conversation since it is watched."""
        added: list[str] = await self.page.evaluate("window.added")
        return added
