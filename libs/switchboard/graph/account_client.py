"""What is asked of Meta for an account that nobody waits for: see `account`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from aiohttp import ClientSession
from yarl import URL

from switchboard.contracts import AccountId, CommentId, MediaId
from switchboard.errors import Unavailable
from switchboard.graph.account import (
    ANSWER_FIELDS,
    COMMENT_FIELDS,
    ME_FIELDS,
    MEDIA_FIELDS,
    MOST_COMMENTS,
    MOST_MEDIA,
    CommentPage,
    Me,
    MediaPage,
    Subscription,
    read_answers,
    read_comments,
    read_me,
    read_media,
    read_subscription,
)
from switchboard.graph.answers import Said
from switchboard.graph.calling import Calling

T = TypeVar("T")

_APPS: Final = "subscribed_apps"


class AccountClient:
    """
    Meta's Graph API at one version, asked about accounts.

    Each call may be made again. All raise `GraphFailure` as `failures` sorts them, never `Unclear`,
    and `Unavailable` when there is no answer that can be read.
    """

    def __init__(
        self, http: ClientSession, *, url: str, version: str, call_budget_s: float
    ) -> None:
        self._calls = Calling(http, URL(url) / version, call_budget_s=call_budget_s)

    async def read_me(self, *, token: str) -> Me:
        """
        Ask whose token it is.

        Source: Meta, "Instagram API with Instagram Login: Get started".
        """
        query = {"fields": ME_FIELDS}
        body, said = await self._calls.repeatable("GET", ("me",), token, params=query)
        return _readable(read_me(body, said), "whose token it is")

    async def read_subscription(self, account_id: AccountId, *, token: str) -> Subscription:
        """
        Ask which webhook fields we are sent of the account.

        Source: Meta, "Messenger webhooks", of Pages; of Instagram accounts by analogy.
        """
        body, said = await self._calls.repeatable("GET", (account_id, _APPS), token)
        return _readable(read_subscription(body, said), "its subscription")

    async def subscribe(self, account_id: AccountId, fields: Iterable[str], *, token: str) -> Said:
        """
        Have Meta send us these fields of the account, in place of those it sent before.

        Source: Meta, "Webhooks for Instagram: enable subscriptions".
        """
        query = {"subscribed_fields": ",".join(fields)}
        _, said = await self._calls.repeatable("POST", (account_id, _APPS), token, params=query)
        return said

    async def unsubscribe(self, account_id: AccountId, *, token: str) -> Said:
        """Have Meta send us nothing more of the account."""
        _, said = await self._calls.repeatable("DELETE", (account_id, _APPS), token)
        return said

    async def read_media(
        self,
        account_id: AccountId,
        *,
        after: str | None = None,
        page: int,
        token: str,
        fields: str = MEDIA_FIELDS,
    ) -> MediaPage:
        """
        Ask for so many of the account's posts, newest first, from `after` on.

        Source: Meta, "IG User Media".
        """
        query = {"fields": fields, "limit": str(min(page, MOST_MEDIA)), **_from(after)}
        body, said = await self._calls.repeatable("GET", (account_id, "media"), token, params=query)
        return _readable(read_media(body, said), "a list of posts")

    async def read_comments(
        self, media_id: MediaId, *, after: str | None = None, token: str
    ) -> CommentPage:
        """
        Ask for the comments under a post, newest first, from `after` on.

        Meta leaves out what it hides: comments of restricted people, filtered ones, those on ads.

        Source: Meta, "IG Media Comments": 50 at most, no filter by time.
        """
        query = {"fields": COMMENT_FIELDS, "limit": str(MOST_COMMENTS), **_from(after)}
        body, said = await self._calls.repeatable(
            "GET", (media_id, "comments"), token, params=query
        )
        return _readable(read_comments(body, said), "a list of comments")

    async def read_answers(
        self, comment_id: CommentId, *, after: str | None = None, token: str
    ) -> CommentPage:
        """
        Ask for what answers a comment, from `after` on.

        Source: Meta, "IG Comment Replies", which names neither an order nor a most.
        """
        query = {"fields": ANSWER_FIELDS, "limit": str(MOST_COMMENTS), **_from(after)}
        path = (comment_id, "replies")
        body, said = await self._calls.repeatable("GET", path, token, params=query)
        return _readable(read_answers(body, said, comment_id), "a list of answers")

    async def touch_conversations(self, account_id: AccountId, *, token: str) -> Said:
        """
        Ask for one conversation, to see whether messages may be accessed at all.

        Source: Meta, "Conversations API".
        """
        query = {"platform": "instagram", "fields": "id", "limit": "1"}
        path = (account_id, "conversations")
        _, said = await self._calls.repeatable("GET", path, token, params=query)
        return said


def _from(after: str | None) -> dict[str, str]:
    return {} if after is None else {"after": after}


def _readable(found: T | None, what: str) -> T:
    if found is None:
        raise Unavailable(f"Graph API: the answer does not say {what}")
    return found
