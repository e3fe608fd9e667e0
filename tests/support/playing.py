"""
Somebody who plays a campaign at the simulator: each step in order, each button tapped.

It knows the order of steps and nothing of what Meta allows: what it is refused, it notes. It shares
no code with what decides, so that the two can be wrong only apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import ClientSession

from switchboard.rules.campaigns import (
    Ask,
    CampaignDefinition,
    Content,
    FollowGate,
    FollowUp,
    Handover,
    Hours,
    Message,
    PrivateReply,
    PublicReply,
    Step,
    Wait,
)
from tests.support.simulator import Simulator

ACCOUNT = "17841400000000001"
MEDIA = "18000000000000001"
TOKEN = "token-of-shop"
_BROADCAST_S = 4 * 3600.0
_MINUTES_A_DAY = 24 * 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


_BEGINNINGS: dict[str, dict[str, Any]] = {
    "story_reply": {"story_id": MEDIA},
    "story_mention": {"story_mention": True, "text": None},
    "quick_reply": {"quick_reply": "SIZE:S"},
    "referral": {"referral": {"ref": "summer"}},
}


class Refusal(NamedTuple):
    """What the step at that position met: Meta's code and subcode, or a tap nobody could make."""

    step: int
    said: str


class _Tap(NamedTuple):
    to: int
    is_chip: bool


# Set off by what the classifier says, or does not say: of a comment, or of a message.
_BY_ANSWER = frozenset({"intent", "unrecognised"})


async def play(http: ClientSession, definition: CampaignDefinition) -> list[Refusal]:
    """Play `definition` from everything that can set it off, with each variant; note refusals."""
    refused: list[Refusal] = []
    kind = definition.trigger.kind
    for began in ("comment", "message") if kind in _BY_ANSWER else (kind,):
        for variant in range(max(len(getattr(step, "variants", ())) for step in definition.steps)):
            player = _Player(Simulator(http, ""), definition, variant)
            await player.prepare()
            await player.play(began)
            refused += player.refused
    return refused


@dataclass
class _Player:
    simulator: Simulator
    definition: CampaignDefinition
    variant: int
    refused: list[Refusal] = field(default_factory=list)
    event: str = ""
    person: str = ""
    is_comment: bool = False
    is_live: bool = False
    came_by_tap: bool = False
    passed_s: float = 0.0
    taps: list[_Tap] = field(default_factory=list)

    async def prepare(self) -> None:
        await self.simulator.reset()
        account = {"username": "shop", "token": TOKEN, "token_expires_at": "2100-01-01T00:00:00Z"}
        await self.simulator.call("PUT", f"/sim/accounts/{ACCOUNT}", account)
        await self._put_media(is_live=False)
        await self.simulator.call("PUT", "/sim/config", {"echoes": False})

    async def play(self, began: str) -> None:
        await self._begin(began)
        hours = self.definition.conditions.hours
        if hours is not None and hours.outside == "wait":
            await self._pass(longest_closed(hours))
        await self._from(0)
        tapped: set[_Tap] = set()
        while self.taps:
            tap = self.taps.pop(0)
            if tap not in tapped and await self._tap(tap):
                await self._from(tap.to)
            tapped.add(tap)

    async def _begin(self, began: str) -> None:
        self.is_comment = began in {"comment", "live_comment"}
        self.is_live = began == "live_comment"
        if self.is_comment:
            made = await self.simulator.comment(ACCOUNT, MEDIA, "LINK", live=self.is_live)
            self.event, self.person = made["comment_id"], made["igsid"]
        elif began == "postback":
            await self._did("postbacks", {"payload": "FAQ", "title": "Hours?"})
        else:
            await self._did("messages", {"text": "price?", **_BEGINNINGS.get(began, {})})

    async def _did(self, path: str, told: dict[str, Any]) -> None:
        body = {"account_id": ACCOUNT, "username": "ana", **told}
        made = await self.simulator.call("POST", f"/sim/{path}", body)
        self.event, self.person, self.is_comment = made["mid"], made["igsid"], False

    async def _tap(self, tap: _Tap) -> bool:
        """Tap, which is all that is known of the person then; false if it is not to be seen."""
        self.came_by_tap = True
        payload = f"to:{tap.to}"
        if not tap.is_chip:
            await self._did("postbacks", {"payload": payload, "title": "Go on"})
            return True
        told = {"account_id": ACCOUNT, "username": "ana", "text": "Go on", "quick_reply": payload}
        async with self.simulator.http.post("/sim/messages", json=told) as answer:
            if answer.status == 409:
                self.refused.append(Refusal(tap.to, "tap"))
                return False
            assert 200 == answer.status
            made = await answer.json()
        self.event, self.is_comment = made["mid"], False
        return True

    async def _from(self, position: int) -> None:
        steps = self.definition.steps
        while position < len(steps) and await self._do(position, steps[position]):
            position += 1

    async def _do(self, position: int, step: Step) -> bool:  # noqa: PLR0911  a line for each
        """Do the step; false if nothing follows by itself."""
        match step:
            case PublicReply():
                if not self._is_for_others:
                    body = {"message": step.variants[self.variant % len(step.variants)]}
                    await self._call(position, f"/{quote(self.event, safe='')}/replies", body)
            case PrivateReply():
                return self._is_for_others or await self._reply_in_private(position, step)
            case Message():
                return await self._write(position, step)
            case Ask():
                return await self._ask(position, step)
            case FollowGate():
                return await self._stand_at_gate(position, step)
            case Wait():
                await self._pass(step.duration)
            case FollowUp():
                return await self._follow_up(position, step)
            case Handover():
                return False
            case _:
                pass
        return True

    @property
    def _is_for_others(self) -> bool:
        """Whether a reply to a comment is not meant: the intent was found in a message."""
        is_either = self.definition.trigger.kind in _BY_ANSWER
        return is_either and not self.is_comment and not self.came_by_tap

    async def _reply_in_private(self, position: int, step: PrivateReply) -> bool:
        content = self._chosen(step.variants)
        sent = await self._say(position, {"comment_id": self.event}, content)
        if not content.waits:
            return True
        if sent:
            for behind in range(position + 1, len(self.definition.steps)):
                follow_up = self.definition.steps[behind]
                if not isinstance(follow_up, FollowUp):
                    break
                await self._send(behind, self._chosen(follow_up.variants))
        return False

    async def _write(self, position: int, step: Message) -> bool:
        if self.is_comment and self.definition.trigger.kind in _BY_ANSWER:
            return True
        content = self._chosen(step.variants)
        await self._send(position, content)
        return not content.waits or self._is_followed_up(position) or self.is_comment

    async def _ask(self, position: int, step: Ask) -> bool:
        to = {"comment_id": self.event} if self.is_comment else {"id": self.person}
        from_comment = self.is_comment
        if not await self._say(position, to, self._chosen(step.variants)):
            return False
        await self._did("messages", {"text": "no address"})
        await self._send(position, Content(text=step.retry[0]))
        await self._did("messages", {"text": "ana@mail.example"})
        self.came_by_tap = self.came_by_tap or from_comment
        return True

    async def _stand_at_gate(self, position: int, step: FollowGate) -> bool:
        query = "fields=is_user_follow_business"
        if not await self._call(position, f"/{self.person}?{query}", method="GET"):
            return False
        button = {"type": "postback", "title": step.button_title, "payload": f"to:{position}"}
        await self._call(position, "/me/messages", _to(self.person, step.variants[0], [button]))
        return True

    async def _follow_up(self, position: int, step: FollowUp) -> bool:
        head: Step = step
        behind = position
        while isinstance(head, FollowUp):
            behind -= 1
            head = self.definition.steps[behind]
        is_private = isinstance(head, PrivateReply)
        if self._is_for_others and is_private:
            return True
        if self.is_comment and not is_private and self.definition.trigger.kind in _BY_ANSWER:
            return True
        await self._pass(step.after)
        content = self._chosen(step.variants)
        await self._send(position, content)
        followed = head.variants if isinstance(head, PrivateReply | Message | Ask) else ()
        waits = content.waits or self._chosen(followed).waits
        return not waits or self._is_followed_up(position) or self.is_comment

    def _is_followed_up(self, position: int) -> bool:
        steps = self.definition.steps
        return position + 1 < len(steps) and isinstance(steps[position + 1], FollowUp)

    def _chosen(self, variants: tuple[Content, ...]) -> Content:
        return variants[self.variant % len(variants)]

    async def _send(self, position: int, content: Content) -> bool:
        return await self._say(position, {"id": self.person}, content)

    async def _say(self, position: int, to: dict[str, str], content: Content) -> bool:
        body = {"recipient": to, "message": self._message(content)}
        if not await self._call(position, "/me/messages", body):
            return False
        leads = [(one, False) for one in content.buttons]
        leads += [(one, True) for one in content.quick_replies]
        for one, is_chip in leads:
            if one.kind == "step":
                self.taps.append(_Tap(self.definition.places[one.step], is_chip))
        return True

    def _message(self, content: Content) -> dict[str, Any]:
        if content.media is not None:
            if content.media.kind == "post":
                post = {"id": str(content.media.media_id)}
                return {"attachment": {"type": "MEDIA_SHARE", "payload": post}}
            payload = {"url": str(content.media.url)}
            return {"attachment": {"type": content.media.kind, "payload": payload}}
        if content.buttons:
            return _template(content.text, [self._button(one) for one in content.buttons])
        chips = [
            {"content_type": "text", "title": one.title, "payload": self._payload(one)}
            for one in content.quick_replies
        ]
        return {"text": content.text, **({"quick_replies": chips} if chips else {})}

    def _button(self, button: Any) -> dict[str, str]:
        if button.kind == "link":
            return {"type": "web_url", "title": button.title, "url": str(button.url)}
        return {"type": "postback", "title": button.title, "payload": self._payload(button)}

    def _payload(self, button: Any) -> str:
        if button.kind == "step":
            return f"to:{self.definition.places[button.step]}"
        return f"start:{button.campaign}"

    async def _call(
        self, position: int, path: str, body: dict[str, Any] | None = None, *, method: str = "POST"
    ) -> bool:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.simulator.http.request(
            method, f"/v26.0{path}", json=body, headers=headers
        ) as answer:
            told = await answer.json()
        if answer.status == 200:
            return True
        error = told["error"]
        said = f"{error['code']}/{error['error_subcode']}" if "error_subcode" in error else None
        self.refused.append(Refusal(position, said or str(error["code"])))
        return False

    async def _pass(self, time: timedelta) -> None:
        """Let time pass; a broadcast ends."""
        self.passed_s += time.total_seconds()
        await self.simulator.call("PUT", "/sim/config", {"clock": {"offset_s": self.passed_s}})
        if self.is_live and self.passed_s >= _BROADCAST_S:
            await self._put_media(is_live=False)

    async def _put_media(self, *, is_live: bool) -> None:
        path = f"/sim/accounts/{ACCOUNT}/media/{MEDIA}"
        await self.simulator.call("PUT", path, {"is_live": is_live})


def longest_closed(hours: Hours) -> timedelta:
    """Return the longest time that a clock of a week shows in one go without being open."""
    week = [False] * (7 * _MINUTES_A_DAY)
    for opening in hours.open:
        midnight = _DAYS.index(opening.day) * _MINUTES_A_DAY
        closes = opening.closes.hour * 60 + opening.closes.minute or _MINUTES_A_DAY
        for minute in range(opening.opens.hour * 60 + opening.opens.minute, closes):
            week[midnight + minute] = True
    longest = shut = 0
    for is_open in week * 2:
        shut = 0 if is_open else shut + 1
        longest = max(longest, shut)
    return timedelta(minutes=longest)


def _template(text: str | None, buttons: list[dict[str, str]]) -> dict[str, Any]:
    payload = {"template_type": "button", "text": text, "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}


def _to(person: str, text: str, buttons: list[dict[str, str]]) -> dict[str, Any]:
    return {"recipient": {"id": person}, "message": _template(text, buttons)}
