"""
A demo workspace: two businesses, what they have posted, and what they answer with.

`plant` puts businesses into the database, `set_stage` into the simulator; both can be run again.
Ids are fixed or derived, so that every checkout has the same ones.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from dev.auth import users
from dev.keys import Keys
from dev.simulator import open_simulator
from services.control.caretaker.probing import FIELDS
from switchboard.clock import utc_now
from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.db import connections, tenancy
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, open_pool
from switchboard.graph.login import LONG_LIVED
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION

_ROOT: Final = UUID("5d0f4c1e-7a8b-4e57-9a51-0c5b7d1f2a36")  # of every id derived here


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something an account has published."""

    id: str
    caption: str
    kind: str = "FEED"
    is_live: bool = False  # on the air


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Something people may want, for the classifier to recognise."""

    name: str
    description: str
    examples: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """
    An account, its posts, and its campaigns by name, as an owner would write them.

    `token_number` counts how often the owner has connected it: each time there is another token.
    """

    instagram_id: str
    username: str
    posts: Sequence[Post]
    campaigns: dict[str, dict[str, Any]]
    intents: Sequence[Intent] = ()
    private_replies_per_hour: int = 720
    token_number: int = 1

    @property
    def id(self) -> UUID:
        """Our own id of the account."""
        return uuid5(_ROOT, self.instagram_id)

    @property
    def app_scoped_id(self) -> str:
        """What Meta calls it towards our app alone."""
        return f"26{self.instagram_id[2:]}"

    @property
    def token(self) -> str:
        """What the simulator takes for this account's access token."""
        later = "" if self.token_number == 1 else f"-{self.token_number}"
        return f"demo-token-of-{self.instagram_id}{later}"


REEL: Final = Post(
    id="18000000000000101", kind="REELS", caption="Sourdough in 30 seconds. Comment LINK!"
)
STORY: Final = Post(id="18000000000000102", kind="STORY", caption="Fresh out of the oven")
PHOTO: Final = Post(id="18000000000000201", caption="Golden hour. Comment GUIDE for our settings")

BAKERY: Final = Business(
    instagram_id="17841400000000101",
    username="linden.bakery",
    posts=(REEL, STORY),
    campaigns={
        "Recipe link": {
            "trigger": {"kind": "comment", "keywords": {"include": ["link", "recipe"]}},
            "steps": [
                {"kind": "public_reply", "variants": ["Sent you a message!", "Look in your DMs!"]},
                {
                    "kind": "private_reply",
                    "variants": [
                        {
                            "text": "Thanks for asking! Here is our sourdough recipe.",
                            "button": {
                                "title": "To the recipe",
                                "url": "https://bakery.example/sourdough",
                            },
                        }
                    ],
                },
            ],
        },
        "Workshop": {
            "trigger": {"kind": "comment", "keywords": {"include": ["workshop"]}},
            "steps": [
                {
                    "kind": "public_reply",
                    "variants": ["Look in your DMs!", "Sent you the details!"],
                },
                {
                    "kind": "private_reply",
                    "variants": [
                        {
                            "text": "Our next sourdough workshop is on Saturday. Shall I keep you "
                            "a place?",
                            "buttons": [{"kind": "step", "title": "Yes, please", "step": "place"}],
                        }
                    ],
                },
                {
                    "kind": "ask",
                    "id": "place",
                    "what": "email",
                    "variants": [{"text": "Lovely! Where may we send the details?"}],
                    "retry": ["Sorry, I could not read that as an e-mail address. Once more?"],
                },
                {"kind": "tag", "add": ["workshop"]},
                {
                    "kind": "message",
                    "variants": [{"text": "Thank you! The details are on their way to {{email}}."}],
                },
            ],
        },
        "Prices": {
            "trigger": {"kind": "message", "keywords": {"include": ["price", "how much"]}},
            "steps": [{"kind": "message", "variants": [{"text": "A loaf is 6.50, two are 12."}]}],
        },
        "Story thanks": {
            "trigger": {"kind": "story_reply"},
            "steps": [{"kind": "message", "variants": [{"text": "Thank you! Come by today."}]}],
        },
        "Opening hours": {
            "trigger": {"kind": "intent", "intent": "opening_hours"},
            "steps": [{"kind": "message", "variants": [{"text": "Tuesday to Sunday, 7 to 18."}]}],
        },
    },
    intents=(
        Intent(
            name="opening_hours",
            description="asks when the shop is open",
            examples=(
                "are you open today?",
                "until when can I come?",
                "when do you open in the morning",
                "what are your opening hours",
                "are you closed on Mondays",
                "what time do you close",
                "is the bakery open on Sunday",
                "can I still come after five",
            ),
        ),
    ),
)
STUDIO: Final = Business(
    instagram_id="17841400000000201",
    username="northlight.studio",
    posts=(PHOTO,),
    campaigns={
        "Guide": {
            "trigger": {
                "kind": "comment",
                "media_ids": [PHOTO.id],
                "keywords": {"include": ["guide"]},
            },
            "steps": [
                {"kind": "public_reply", "variants": ["It is in your inbox."]},
                {"kind": "private_reply", "variants": [{"text": "Our guide to evening light: …"}]},
            ],
        },
    },
)
BUSINESSES: Final = (BAKERY, STUDIO)

_WORKSPACE: Final = WorkspaceId(uuid5(_ROOT, "workspace"))

# No secret: the stand-in that takes it listens on this machine alone, and lets anybody sign up.
DEMO_EMAIL: Final = "demo@switchboard.example"
DEMO_PASSWORD: Final = "switchboard"  # noqa: S105  see above
_DEMO_USER: Final = uuid5(_ROOT, "demo user")


async def plant(owner_url: str, keys: Keys, businesses: Sequence[Business] = BUSINESSES) -> str:
    """
    Put `businesses` into the database at `owner_url`; return what was put, in a few words.

    One that is there is connected again, with the token it has now.

    Raises:
        Unavailable, QueryFailed: The database is away, or holds something else under these ids.
    """
    key_id, _, key = keys.token_key.partition(":")
    vault = Vault({key_id: base64.b64decode(key)})
    async with open_pool(owner_url, max_size=1, name="switchboard-seeds") as db:
        await tenancy.create_workspace(db, _WORKSPACE, "Demo")
        for business in businesses:
            await _connect(db, business, vault)
    campaigns = sum(len(business.campaigns) for business in businesses)
    return f"{len(businesses)} accounts, {campaigns} campaigns"


async def let_in(owner_url: str) -> None:
    """
    Make somebody who owns the demo workspace, and can log in at the stand-in of Supabase Auth.

    Raises:
        Unavailable, QueryFailed: The database is away, or somebody else has that address.
    """
    async with open_pool(owner_url, max_size=1, name="switchboard-seeds") as db:
        await users.ensure(db, _DEMO_USER, DEMO_EMAIL, DEMO_PASSWORD)
        await tenancy.add_member(db, _WORKSPACE, _DEMO_USER, "owner")


async def set_stage(metasim_url: str, businesses: Sequence[Business] = BUSINESSES) -> None:
    """
    Put the accounts of `businesses`, and their posts, into the simulator.

    Raises:
        PartEnded: It refuses, or does not answer.
    """
    async with open_simulator(metasim_url) as simulator:
        for business in businesses:
            account = f"/sim/accounts/{business.instagram_id}"
            await simulator.put(
                account,
                username=business.username,
                token=business.token,
                app_scoped_id=business.app_scoped_id,
            )
            await simulator.subscribe(business.instagram_id, business.token, FIELDS)
            for post in business.posts:
                await simulator.put(
                    f"{account}/media/{post.id}",
                    caption=post.caption,
                    media_product_type=post.kind,
                    is_live=post.is_live,
                )


async def _connect(db: Database, business: Business, vault: Vault) -> None:
    await tenancy.connect_account(
        db,
        business.id,
        workspace=_WORKSPACE,
        instagram_id=AccountId(business.instagram_id),
        username=business.username,
        app_scoped_id=business.app_scoped_id,
        private_replies_per_hour=business.private_replies_per_hour,
    )
    sealed = vault.seal(business.token, business.id)
    await connections.reconnect(db, business.id, sealed, utc_now() + LONG_LIVED)
    for intent in business.intents:
        await tenancy.upsert_intent(
            db,
            workspace=_WORKSPACE,
            account=business.id,
            name=intent.name,
            description=intent.description,
            examples=intent.examples,
        )
    for rank, (name, definition) in enumerate(business.campaigns.items()):
        await tenancy.publish_campaign(
            db,
            CampaignId(uuid5(business.id, name)),
            workspace=_WORKSPACE,
            account=business.id,
            name=name,
            rank=rank,
            definition=CAMPAIGN_DEFINITION.validate_python(definition),
        )
