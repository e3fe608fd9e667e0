"""
A short scene through the whole path: comments, a message, a story reply, a repeat, a forgery.

Every step begins with somebody acting on the simulated Instagram and has happened when the
simulator has seen the answer there. At the end the simulator judges all of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from dev.narrate import Outcome
from dev.quiet import until_quiet
from dev.seeds import BAKERY, PHOTO, REEL, STORY, STUDIO, Business, Post
from dev.simulator import PATIENCE_S, Simulator
from dev.stack import Stack

_COPIES: Final = 3
_FAULTS: Final = ("lost", "twice", "outside_window", "over_limit", "unexpected")


@dataclass(frozen=True, slots=True)
class Story:
    """The steps, played one after the other before `simulator`."""

    simulator: Simulator
    stack: Stack
    tell: Callable[[Outcome], None]

    async def play(self) -> list[Outcome]:
        """Play all of it, telling of each outcome as it comes; return them."""
        scenes: Sequence[Callable[[], Awaitable[list[Outcome]]]] = (
            lambda: self._comment(BAKERY, REEL, "mira.k", "LINK please!"),
            lambda: self._comment(STUDIO, PHOTO, "jonas_w", "can I have the GUIDE? 🙏"),
            self._message,
            self._story_reply,
            self._intent,
            self._conversation,
            self._repeat,
            self._forgery,
            self._judgement,
        )
        outcomes = []
        for scene in scenes:
            for outcome in await scene():
                self.tell(outcome)
                outcomes.append(outcome)
        return outcomes

    async def _comment(
        self, business: Business, post: Post, username: str, text: str
    ) -> list[Outcome]:
        made = await self.simulator.comment(
            business.instagram_id,
            post.id,
            username,
            text,
            expect={"private_reply": 1, "public_reply": 1},
        )
        return [
            await self._answered(
                f"{username} comments {text!r}: {name}", comment_id=made["comment_id"], kind=kind
            )
            for kind, name in (("private_reply", "private"), ("public_reply", "public"))
        ]

    async def _message(self) -> list[Outcome]:
        account, username, text = BAKERY.instagram_id, "sofia.rossi", "How much is a loaf?"
        await self.simulator.write(account, username, text, expect={"message": 1})
        return [
            await self._answered(
                f"{username} writes {text!r}", account_id=account, username=username
            )
        ]

    async def _story_reply(self) -> list[Outcome]:
        account, username, text = BAKERY.instagram_id, "tomas.n", "looks so good!"
        await self.simulator.write(
            account, username, text, story_id=STORY.id, expect={"message": 1}
        )
        return [
            await self._answered(
                f"{username} answers the story", account_id=account, username=username
            )
        ]

    async def _intent(self) -> list[Outcome]:
        """Write what no keyword is in, in a language no example is in: the wish is recognised."""
        account, username = BAKERY.instagram_id, "ines.f"
        text = "Bom dia! Até que horas estão abertos no sábado?"
        await self.simulator.write(account, username, text, expect={"message": 1})
        return [
            await self._answered(f"{username} asks {text!r}", account_id=account, username=username)
        ]

    async def _conversation(self) -> list[Outcome]:
        """Comment, tap, give an address: each leads to the next step of one campaign."""
        account, username = BAKERY.instagram_id, "lena.b"
        outcomes = await self._comment(BAKERY, REEL, username, "WORKSHOP!")
        asked = await self.simulator.answer_to(account_id=account, username=username)
        if asked is None:
            return outcomes
        (button,) = asked["message"]["attachment"]["payload"]["buttons"]
        await self.simulator.tap(account, username, button, expect={"message": 1})
        title = button["title"]
        outcomes.append(await self._said(2, f"{username} taps {title!r}", username))
        await self.simulator.write(account, username, "lena@mail.example", expect={"message": 1})
        outcomes.append(await self._said(3, f"{username} gives an address", username))
        return outcomes

    async def _said(self, count: int, what: str, username: str) -> Outcome:
        """Wait for the `count`-th message that the bakery sent to `username`."""
        account = BAKERY.instagram_id
        return await self._answered(what, account_id=account, username=username, count=str(count))

    async def _repeat(self) -> list[Outcome]:
        made = await self.simulator.comment(
            BAKERY.instagram_id,
            REEL.id,
            "ana_lu",
            "link",
            webhook={"copies": _COPIES},
            expect={"private_reply": 1, "public_reply": 1},
        )
        answered = await self._answered(
            f"the same comment told {_COPIES} times",
            comment_id=made["comment_id"],
            kind="private_reply",
        )
        return [answered]

    async def _forgery(self) -> list[Outcome]:
        made = await self.simulator.comment(
            BAKERY.instagram_id,
            REEL.id,
            "not.meta",
            "link",
            webhook={"secret": "forged"},
            expect={"private_reply": 0, "public_reply": 0},
        )
        statuses = [attempt["status"] for attempt in made["webhook"]]
        refused = statuses == [HTTPStatus.UNAUTHORIZED]
        return [Outcome("a forged webhook is refused", refused, detail=f"answered {statuses}")]

    async def _judgement(self) -> list[Outcome]:
        """Judge when nothing is under way any more: a second answer may come late."""
        around = self.stack.around
        left = await until_quiet(
            self.stack.backing.aws_endpoint_url,
            region=around.region,
            prefix=around.queue_prefix,
            timeout_s=PATIENCE_S,
        )
        verdict = await self.simulator.judgement()
        quiet = Outcome("nothing is left under way", not left, detail=_counts(left))
        judged = Outcome(
            f"judgement: {verdict['sent']} of {verdict['expected']} sent, none lost, none twice",
            bool(verdict["ok"]),
            detail=_counts({fault: len(verdict[fault]) for fault in _FAULTS if verdict[fault]}),
        )
        return [quiet, judged]

    async def _answered(self, what: str, **awaited: str) -> Outcome:
        seen: dict[str, Any] | None = await self.simulator.answer_to(**awaited)
        if seen is None:
            return Outcome(what, happened=False, detail=f"no answer within {PATIENCE_S:g} s")
        return Outcome(
            what, happened=True, latency_ms=seen["latency_ms"], detail=seen["text"] or ""
        )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())
