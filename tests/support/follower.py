"""A person on the simulated Instagram, talking with one business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.installation import Business
from tests.support.simulator import REPLIED_WITHIN_S, Simulator


@dataclass
class Follower:
    """
    Somebody who comments, writes and taps, and reads what comes.

    `heard` counts the messages of the business that were read, so that `hears` is the next one.
    """

    simulator: Simulator
    business: Business
    name: str
    heard: int = 0

    async def comments(self, text: str | None, **more: Any) -> str:
        """Comment under the business's post; return the comment's id."""
        media_id = more.pop("media_id", self.business.media_id)
        told = await self.simulator.call(
            "POST",
            "/sim/comments",
            {
                "account_id": self.business.account_id,
                "media_id": media_id,
                "username": self.name,
                "text": text,
            }
            | more,
        )
        return str(told["comment_id"])

    async def writes(self, text: str | None, **more: Any) -> str:
        """Write a message; return its `mid`."""
        told = await self.simulator.message(
            self.business.account_id, text, username=self.name, **more
        )
        return str(told["mid"])

    async def does(self, path: str, **body: Any) -> Any:
        """Do something else that the simulator knows, under `/sim`."""
        mine = {"account_id": self.business.account_id, "username": self.name}
        return await self.simulator.call("POST", f"/sim/{path}", mine | body)

    async def hears(self) -> dict[str, Any]:
        """Return the next message of the business, as soon as it is there."""
        said: dict[str, Any] = await self.simulator.call(
            "GET",
            "/sim/wait",
            account_id=self.business.account_id,
            username=self.name,
            count=self.heard + 1,
            timeout_s=REPLIED_WITHIN_S,
        )
        self.heard += 1
        return said

    async def taps(self, message: dict[str, Any], title: str) -> None:
        """Tap the button or chip with this title under `message`."""
        body = message["message"]
        for chip in body.get("quick_replies", ()):
            if chip.get("title") == title:
                await self.writes(title, quick_reply=chip["payload"])
                return
        for button in body["attachment"]["payload"]["buttons"]:
            if button["title"] == title:
                await self.does("postbacks", payload=button["payload"], title=title)
                return
        raise AssertionError(f"no button {title!r} under {body}")

    async def follows(self, *, is_following: bool = True) -> None:
        """Follow the business, or nobody."""
        body = {"follows": [self.business.account_id] if is_following else []}
        await self.simulator.call("PUT", f"/sim/people/{self.name}", body)


def url_under(message: dict[str, Any]) -> str:
    """Return where the first link button under `message` leads."""
    buttons = message["message"]["attachment"]["payload"]["buttons"]
    return str(next(button["url"] for button in buttons if button["type"] == "web_url"))
