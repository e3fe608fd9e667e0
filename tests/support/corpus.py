"""A made-up account's months: events of every kind, in eight scripts, the same ones each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import (
    CampaignId,
    CommentId,
    InboundEvent,
    MediaId,
    MessageId,
    PersonId,
    Referral,
)
from switchboard.contracts.events import (
    CommentWritten,
    Echoed,
    LinkClicked,
    LiveCommentWritten,
    MessageReceived,
    MessageSeen,
    PostbackTapped,
    QuickReplyTapped,
    Reacted,
    Referred,
    StoryMentioned,
    StoryReplied,
)
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, CampaignDefinition
from switchboard.rules.payloads import ToCampaign, ToStep
from tests.support.builders import ACCOUNT, NOON

# "link" and "price" as people write them, and words that nobody asked for.
SCRIPTS: Final = {
    "Latin": ("link", "price", ["thanks", "so", "nice", "where", "please", "olá"]),
    "Cyrillic": ("ссылка", "цена", ["спасибо", "где", "красиво", "можно", "скажите"]),
    "Arabic": ("رابط", "سعر", ["شكرا", "جميل", "أين", "من", "فضلك"]),
    "Hebrew": ("קישור", "מחיר", ["תודה", "יפה", "איפה", "בבקשה"]),
    "Devanagari": ("लिंक", "कीमत", ["धन्यवाद", "सुंदर", "कहाँ", "कृपया"]),
    "Thai": ("ลิงก์", "ราคา", ["ขอบคุณ", "สวย", "ที่ไหน"]),
    "Chinese": ("链接", "价格", ["谢谢", "好看", "在哪里", "请问"]),
    "Korean": ("링크", "가격", ["감사합니다", "예뻐요", "어디"]),
}
POSTS: Final = tuple(MediaId(str(18000000000000000 + n)) for n in range(5))
_PEOPLE: Final = 400


def definitions() -> dict[str, CampaignDefinition]:
    """Return an account's campaigns, by name: they reply, ask, gate, wait, follow up and tag."""
    links = [script[0] for script in SCRIPTS.values()]
    prices = [script[1] for script in SCRIPTS.values()]
    return {
        name: CAMPAIGN_DEFINITION.validate_python(one)
        for name, one in {
            "link": {
                "trigger": _on("comment", links, exclude=["refund"], fold_accents=True),
                "conditions": {"once": {"per": "post"}},
                "steps": [
                    {"kind": "public_reply", "variants": ["Sent!", "Look at your messages"]},
                    {
                        "kind": "private_reply",
                        "variants": [
                            {
                                "text": "Here, {{username|friend}}",
                                "buttons": [{"kind": "step", "title": "More", "step": "more"}],
                            }
                        ],
                    },
                    {"kind": "message", "id": "more", "variants": [{"text": "More of it"}]},
                    {"kind": "wait", "duration": "PT2H"},
                    {"kind": "message", "variants": [{"text": "Still there?"}]},
                    {"kind": "tag", "add": ["link"]},
                ],
            },
            "named post": {
                "trigger": _on("comment", links, how="contains") | {"media_ids": [POSTS[0]]},
                "steps": [{"kind": "private_reply", "variants": [{"text": "Of this post"}]}],
            },
            "next post": {
                "trigger": _on("comment", prices) | {"next_post": True},
                "steps": [{"kind": "private_reply", "variants": [{"text": "Of the next"}]}],
            },
            "price": {
                "trigger": _on("message", prices, how="contains"),
                "conditions": {"tags_none": ["asked"]},
                "steps": [
                    {"kind": "message", "variants": [{"text": "Where shall we write?"}]},
                    {
                        "kind": "ask",
                        "what": "email",
                        "variants": [{"text": "Your address?"}],
                        "retry": ["That is no address"],
                        "attempts": 2,
                    },
                    {"kind": "tag", "add": ["asked"]},
                    {
                        "kind": "message",
                        "variants": [
                            {
                                "text": "Thank you",
                                "quick_replies": [
                                    {"kind": "step", "title": "Again", "step": "again"}
                                ],
                            }
                        ],
                    },
                    {"kind": "follow_up", "after": "PT1H", "variants": [{"text": "Well?"}]},
                    {"kind": "message", "id": "again", "variants": [{"text": "Again, then"}]},
                ],
            },
            "story": {
                "trigger": {"kind": "story_reply"},
                "conditions": {"once": {"per": "period", "period": "P1D"}},
                "steps": [{"kind": "message", "variants": [{"text": "Nice of you"}]}],
            },
            "mention": {
                "trigger": {"kind": "story_mention"},
                "steps": [{"kind": "message", "variants": [{"text": "Seen!"}]}],
            },
            "live": {
                "trigger": {"kind": "live_comment"} | {"keywords": {"include": links}},
                "steps": [{"kind": "private_reply", "variants": [{"text": "Live"}]}],
            },
            "menu": {
                "trigger": {"kind": "postback", "payloads": ["MENU"]},
                "steps": [
                    {
                        "kind": "follow_gate",
                        "variants": ["Follow us first"],
                        "button_title": "I do",
                        "when_unknown": "ask",
                    },
                    {"kind": "message", "variants": [{"text": "Welcome"}]},
                    {"kind": "handover"},
                ],
            },
            "referral": {
                "trigger": {"kind": "referral", "refs": ["spring"]},
                "steps": [{"kind": "message", "variants": [{"text": "Spring it is"}]}],
            },
            "shipping": {
                "trigger": {"kind": "intent", "intent": "shipping"},
                "steps": [
                    {"kind": "private_reply", "variants": [{"text": "Everywhere"}]},
                    {"kind": "message", "variants": [{"text": "Everywhere"}]},
                ],
            },
        }.items()
    }


def happenings(
    count: int,
    *,
    seed: int = 1,
    account: str = ACCOUNT,
    start: datetime = NOON,
    campaigns: Mapping[str, CampaignId] | None = None,
    each: timedelta = timedelta(seconds=37),
) -> Iterator[InboundEvent]:
    """Yield `count` events, `each` apart; taps lead to `campaigns`, by their names."""
    drawn = random.Random(seed)
    for turn in range(count):
        at, number = start + turn * each, seed * 10**6 + turn
        common = {
            "account_id": account,
            "occurred_at": at - timedelta(seconds=drawn.randint(0, 3)),
            "received_at": at,
            "trace_id": f"{number:032x}",
        }
        person = PersonId(str(10**15 + drawn.randrange(_PEOPLE)))
        made = _Made(drawn, campaigns or {}, number, common, person, _text(drawn))
        make = drawn.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        yield make(made)


@dataclass(frozen=True, slots=True)
class _Made:
    """One event in the making; `common` is what all events share."""

    drawn: random.Random
    campaigns: Mapping[str, CampaignId]
    number: int
    common: Mapping[str, Any]
    person: PersonId
    text: str | None

    def comment(self) -> InboundEvent:
        reply = self.drawn.random() < 0.05
        return CommentWritten(
            **self._under_a_post(),
            parent_id=CommentId("17900000000000001") if reply else None,
            own=self.drawn.random() < 0.01,
        )

    def live_comment(self) -> InboundEvent:
        return LiveCommentWritten(**self._under_a_post())

    def message(self) -> InboundEvent:
        return MessageReceived(**self._message(), text=self.text)

    def story_reply(self) -> InboundEvent:
        return StoryReplied(**self._message(), text=self.text, story_id=POSTS[1])

    def story_mention(self) -> InboundEvent:
        return StoryMentioned(**self._message())

    def tap(self) -> InboundEvent:
        return PostbackTapped(**self._message(), payload=self._leads())

    def chip(self) -> InboundEvent:
        return QuickReplyTapped(**self._message(), text=self.text, payload=self._leads())

    def referral(self) -> InboundEvent:
        ref = self.drawn.choice(["spring", "autumn"])
        return Referred(**self.common, sender_id=self.person, referral=Referral(ref=ref))

    def echo(self) -> InboundEvent:
        mid = MessageId(f"mid.e{self.number}")
        return Echoed(**self.common, recipient_id=self.person, message_id=mid, text=self.text)

    def click(self) -> InboundEvent:
        click = UUID(int=self.number)
        return LinkClicked(
            **self.common, click_id=click, delivery_id=click, url=f"https://x.example/{self.person}"
        )

    def reaction(self) -> InboundEvent:
        mid = MessageId("mid.1")
        return Reacted(**self.common, sender_id=self.person, message_id=mid, action="react")

    def seen(self) -> InboundEvent:
        mid = MessageId(f"mid.{self.number}")
        return MessageSeen(**self.common, sender_id=self.person, message_id=mid)

    def _under_a_post(self) -> dict[str, Any]:
        return {
            **self.common,
            "comment_id": CommentId(f"179{self.number:014d}"),
            "author_id": self.person,
            "author_username": f"user_{self.person[-3:]}",
            "media_id": self.drawn.choice(POSTS),
            "text": self.text,
        }

    def _message(self) -> dict[str, Any]:
        mid = MessageId(f"mid.{self.number}")
        return {**self.common, "sender_id": self.person, "message_id": mid}

    def _leads(self) -> str:
        """Return a payload: of the menu, of a button of ours, or of somebody else's."""
        ways = ["MENU", "OTHER"]
        for campaign in self.campaigns.values():
            ways += [str(ToStep(campaign, 1, self.drawn.randrange(6))), str(ToCampaign(campaign))]
        return self.drawn.choice(ways)


_WEIGHTS: Final[Mapping[Callable[[_Made], InboundEvent], int]] = {
    _Made.comment: 40,
    _Made.message: 22,
    _Made.tap: 9,
    _Made.story_reply: 6,
    _Made.chip: 5,
    _Made.live_comment: 4,
    _Made.story_mention: 3,
    _Made.referral: 3,
    _Made.echo: 3,
    _Made.reaction: 3,
    _Made.seen: 2,
    _Made.click: 3,
}


def _text(drawn: random.Random) -> str | None:
    if drawn.random() < 0.03:
        return drawn.choice(["stop", "start", "STOP", "стоп", "li\x00nk"])
    link, price, words = drawn.choice(list(SCRIPTS.values()))
    said = drawn.choices(words, k=drawn.randint(0, 4))
    if drawn.random() < 0.4:
        said.insert(drawn.randint(0, len(said)), drawn.choice([link, price]))
    if drawn.random() < 0.08:
        said.append(drawn.choice(["refund", "stop", "start", "a@example.org", "\u200b", "👍🏽"]))
    return " ".join(said) or None


def _on(kind: str, include: list[str], **keywords: Any) -> dict[str, Any]:
    return {"kind": kind, "keywords": {"include": include, **keywords}}
