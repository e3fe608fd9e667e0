"""People act: each scene of a plan, played at the simulator in its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dev.seeds import Business
from tools.chaos.books import Books
from tools.chaos.control import Control
from tools.chaos.evidence import Json, Told
from tools.chaos.plan import Kind, Scene, Telling
from tools.chaos.town import CHAIN, TAP

_GLANCE_S: Final = 0.3
_PLAIN: Final = Telling()
_SHORTLY_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class People:
    """
    Plays scenes, and remembers what was told.

    Who waits for an answer waits until `leave_at`, on the loop's clock: then they do nothing more.
    """

    control: Control
    books: Books
    businesses: tuple[Business, ...]
    leave_at: float = float("inf")
    told: list[Told] = field(default_factory=list)
    untold: int = 0  # comments that Meta did not tell of
    too_old: set[str] = field(default_factory=set)  # identities in the ledger, if they were there
    opted_out: set[str] = field(default_factory=set)  # IGSIDs of those who ever said so

    async def play(self, scene: Scene) -> None:
        """Play one scene, from now on."""
        plays: dict[Kind, Callable[[Scene], Awaitable[object]]] = {
            "link": self._link,
            "both": self._both,
            "guide": self._guide,
            "chatter": self._chatter,
            "price": self._price,
            "clip": self._clip,
            "thanks": self._thanks,
            "later": self._later,
            "question": self._question,
            "stop_start": self._stop_start,
            "stop_between": self._stop_between,
            "live": self._live,
            "crowd": self._in_crowd,
        }
        await plays[scene.kind](scene)

    async def comment_long_ago(self, place: int, *, days: float) -> None:
        """Have somebody comment so many days ago, which is to be too long for an answer."""
        business, nothing = self.businesses[place], {"private_reply": 0, "public_reply": 0}
        told = await self.control.call(
            "POST",
            "/sim/comments",
            {
                "account_id": business.instagram_id,
                "media_id": business.posts[0].id,
                "username": f"old{place}",
                "text": "LINK please",
                "created_at": (datetime.now(UTC) - timedelta(days=days)).isoformat(),
                "expect": nothing,
            },
        )
        self.too_old.add(f"c:{business.instagram_id}:{told['comment_id']}")

    async def _link(self, scene: Scene) -> None:
        await self._comment(scene, "LINK please", private_reply=1, public_reply=1)

    async def _both(self, scene: Scene) -> None:
        await self._comment(scene, "the link and the guide?", private_reply=1, public_reply=0)

    async def _chatter(self, scene: Scene) -> None:
        await self._comment(scene, "so lovely", private_reply=0, public_reply=0)

    async def _in_crowd(self, scene: Scene) -> None:
        await self._comment(scene, "link", private_reply=1)

    async def _live(self, scene: Scene) -> None:
        await self._comment(scene, "hello from here", live=True, private_reply=1)

    async def _guide(self, scene: Scene) -> None:
        """Ask for the guide; tap when asked; three messages in order are due then."""
        comment_id = await self._comment(scene, "GUIDE", private_reply=1, public_reply=0)
        asked = await self.control.answer_to(
            comment_id=comment_id, kind="private_reply", timeout_s=self._patience_s
        )
        if asked is None:
            return
        (button,) = asked["message"]["attachment"]["payload"]["buttons"]
        tap = {"payload": button["payload"], "title": TAP}
        expect = {"message": len(CHAIN), "in_order": list(CHAIN)}
        await self._do(scene, "postbacks", "p", tap, expect=expect)

    async def _price(self, scene: Scene) -> None:
        """Ask, hear, and be seen to have heard."""
        await self._write(scene, "what is the price?", message=1)
        heard = await self._hear(scene)
        if heard is not None:
            quietly = {"mid": heard["mid"], "expect": {"message": 0}}
            await self._post(scene, "seen", quietly, _PLAIN)
            await self._post(scene, "reactions", quietly, _PLAIN)

    async def _clip(self, scene: Scene) -> None:
        await self._write(scene, "clip", message=1)

    async def _thanks(self, scene: Scene) -> None:
        story = self.businesses[scene.place].posts[0].id
        await self._write(scene, "looks so good!", message=1, story_id=story)

    async def _later(self, scene: Scene) -> None:
        await self._write(scene, "later", message=2)

    async def _question(self, scene: Scene) -> None:
        await self._write(scene, "zebra umbrella xylophone", message=0)

    async def _stop_start(self, scene: Scene) -> None:
        """Be answered, stop, not be answered, start, be answered; each when the last is decided."""
        await self._write(scene, "price", message=1)
        if await self._hear(scene) is None:
            return
        steps: tuple[tuple[str, int, Json], ...] = (
            ("STOP", 0, {"opts_out": True}),
            ("price", 0, {}),
            ("START", 0, {"opts_in": True}),
            ("price", 1, {}),
        )
        for text, message, more in steps:
            identity = await self._write(scene, text, message=message, **more)
            if not await self._is_decided(identity):
                return

    async def _stop_between(self, scene: Scene) -> None:
        """Stop while a second answer is still to come: it may come or not, but not late."""
        await self._write(scene, "later", message=None)
        await asyncio.sleep(_SHORTLY_S)
        await self._write(scene, "stop", message=None, opts_out=True)

    async def _comment(self, scene: Scene, text: str, *, live: bool = False, **expect: int) -> str:
        media_id = self.businesses[scene.place].posts[0].id
        body = {"media_id": media_id, "text": text, "live": live, "expect": expect}
        told = await self._post(scene, "comments", body, scene.telling)
        comment_id = str(told["comment_id"])
        self.untold += any(one["outcome"] == "lost" for one in told["webhook"])
        self._note(scene, told, f"c:{self._account(scene)}:{comment_id}")
        return comment_id

    async def _write(self, scene: Scene, text: str, *, message: int | None, **more: Any) -> str:
        """Write a message; return its identity in the ledger."""
        expect = {} if message is None else {"message": message}
        body = {"text": text, **more}
        identity, igsid = await self._do(scene, "messages", "m", body, expect=expect)
        if more.get("opts_out"):
            self.opted_out.add(igsid)
        return identity

    async def _do(
        self, scene: Scene, path: str, kind: str, body: Json, *, expect: Json
    ) -> tuple[str, str]:
        told = await self._post(scene, path, {**body, "expect": expect}, scene.telling)
        identity = f"{kind}:{self._account(scene)}:{told['mid']}"
        self._note(scene, told, identity)
        return identity, str(told["igsid"])

    async def _post(self, scene: Scene, path: str, body: Json, telling: Telling) -> Json:
        """Act; the webhook finds its way by itself."""
        webhook = {"copies": telling.copies, "hold": telling.hold, "wait": False}
        who = {"account_id": self._account(scene), "username": scene.person}
        if telling.late_s:
            began = datetime.now(UTC) - timedelta(seconds=telling.late_s)
            who["created_at"] = began.isoformat()
        return await self.control.call("POST", f"/sim/{path}", {**who, **body, "webhook": webhook})

    async def _hear(self, scene: Scene) -> Json | None:
        """Wait for the first message of the business."""
        return await self.control.answer_to(
            account_id=self._account(scene), username=scene.person, timeout_s=self._patience_s
        )

    async def _is_decided(self, identity: str) -> bool:
        """Wait until something that was told is decided; false if one leaves before."""
        while self._patience_s > 0:
            if await self.books.has_decided(identity):
                return True
            await asyncio.sleep(_GLANCE_S)
        return False

    def _account(self, scene: Scene) -> str:
        return self.businesses[scene.place].instagram_id

    def _note(self, scene: Scene, told: Json, identity: str) -> None:
        self.told.append(
            Told(
                identity=identity,
                account_id=self._account(scene),
                person=scene.person,
                igsid=str(told["igsid"]),
            )
        )

    @property
    def _patience_s(self) -> float:
        return self.leave_at - asyncio.get_running_loop().time()
