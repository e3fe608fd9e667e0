"""
The businesses of a run, and what each answers with.

    place 0   has a post that goes viral: more comments than may be answered in an hour
    place 1   may send a few private replies an hour, and is asked for more
    place 2   is on the air
    the rest  are shops with every kind of campaign
"""

from __future__ import annotations

from typing import Any, Final

from dev.seeds import Business, Intent, Post

VIRAL: Final = 0
CORNER: Final = 1
ON_AIR: Final = 2
FIRST_SHOP: Final = 3

# What the corner shop may send in any hour while the load lasts, and what Meta allows everybody.
CORNER_ALLOWANCE: Final = 20

CHAIN: Final = ("Part one of three", "Part two of three", "Part three of three")
TAP: Final = "Send it"

Raw = dict[str, Any]


def town(shops: int) -> tuple[Business, ...]:
    """Return the businesses by place."""
    return (
        _business(VIRAL, "viral", {"Link": _LINK_PRIVATELY}),
        _business(CORNER, "corner", {"Link": _LINK_PRIVATELY}, allowance=CORNER_ALLOWANCE),
        _business(ON_AIR, "onair", {"Live": _LIVE}, is_live=True),
        *(_business(FIRST_SHOP + n, f"shop{n}", _CAMPAIGNS, asks=n % 3 == 0) for n in range(shops)),
    )


def _business(
    place: int,
    name: str,
    campaigns: dict[str, Raw],
    *,
    allowance: int = 720,
    is_live: bool = False,
    asks: bool = False,
) -> Business:
    kind = "LIVE" if is_live else "REELS"
    posts = [Post(id=str(18000000000700000 + place), caption=name, kind=kind, is_live=is_live)]
    if asks:
        campaigns = {**campaigns, "Opening hours": _OPENING_HOURS}
    return Business(
        instagram_id=str(17841400000700000 + place),
        username=f"{name}.chaos",
        posts=posts,
        campaigns=campaigns,
        intents=(_INTENT,) if asks else (),
        private_replies_per_hour=allowance,
    )


def _said(text: str, **more: Any) -> Raw:
    return {"kind": "message", "variants": [{"text": text}], **more}


def _on(kind: str, *keywords: str) -> Raw:
    return {"kind": kind, "keywords": {"include": keywords}}


_LINK_PRIVATELY: Final[Raw] = {
    "trigger": _on("comment", "link"),
    "steps": [{"kind": "private_reply", "variants": [{"text": "Here is the link"}]}],
}
_LIVE: Final[Raw] = {
    "trigger": {"kind": "live_comment"},
    "steps": [{"kind": "private_reply", "variants": [{"text": "As seen just now"}]}],
}
_LINK: Final[Raw] = {
    "trigger": _on("comment", "link"),
    "steps": [
        {"kind": "public_reply", "variants": ["Sent!", "Look at your messages"]},
        {"kind": "private_reply", "variants": [{"text": "Here is the link"}]},
    ],
}
# A comment with both keywords sets off this one, whose keyword is longer.
_GUIDE: Final[Raw] = {
    "trigger": _on("comment", "guide"),
    "steps": [
        {
            "kind": "private_reply",
            "variants": [
                {
                    "text": "Shall I send it?",
                    "buttons": [{"kind": "step", "title": TAP, "step": "first"}],
                }
            ],
        },
        _said(CHAIN[0], id="first"),
        _said(CHAIN[1]),
        _said(CHAIN[2]),
    ],
}
_PRICE: Final[Raw] = {"trigger": _on("message", "price"), "steps": [_said("It is 12 euros")]}
_CLIP: Final[Raw] = {
    "trigger": _on("message", "clip"),
    "steps": [
        {
            "kind": "message",
            "variants": [{"media": {"kind": "video", "url": "https://shop.example/clip.mp4"}}],
        }
    ],
}
_THANKS: Final[Raw] = {"trigger": {"kind": "story_reply"}, "steps": [_said("Thank you!")]}
_LATER: Final[Raw] = {
    "trigger": _on("message", "later"),
    "steps": [_said("In a moment"), {"kind": "wait", "duration": "PT4S"}, _said("Here it is")],
}
_OPENING_HOURS: Final[Raw] = {
    "trigger": {"kind": "intent", "intent": "opening_hours"},
    "steps": [_said("Nine to five")],
}
_INTENT: Final = Intent(
    name="opening_hours",
    description="asks when the shop is open",
    examples=("are you open today?", "until when can I come?"),
)
_CAMPAIGNS: Final[dict[str, Raw]] = {
    "Link": _LINK,
    "Guide": _GUIDE,
    "Price": _PRICE,
    "Clip": _CLIP,
    "Thanks": _THANKS,
    "Later": _LATER,
}
