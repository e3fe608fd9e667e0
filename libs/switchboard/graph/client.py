"""The calls of the sender: what is said to people, and what is asked on the way to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import ClientSession
from yarl import URL

from switchboard.contracts import AccountId, AttachmentId, CommentId, MessageId, PersonId
from switchboard.errors import Unavailable
from switchboard.graph.answers import (
    Posted,
    Said,
    Sent,
    Uploaded,
    read_id,
)
from switchboard.graph.calling import Calling, is_good, open_http
from switchboard.graph.conversations import (
    REPLY_FIELDS,
    Replies,
    Threads,
    read_replies,
    read_threads,
    thread_fields,
)
from switchboard.graph.failures import no_answer, refusal
from switchboard.graph.messages import File, Message, require_text, upload
from switchboard.graph.reading import (
    MOST_POSTS,
    POST_FIELDS,
    PROFILE_FIELDS,
    Posts,
    Profile,
    read_posts,
    read_profile,
)


class GraphClient:
    """
    Meta's Graph API at one version, called for many accounts.

    Each call carries its account's token in a header, where no log or proxy keeps it. One that
    writes never asks for `fields`: Meta creates the comment first and then refuses the call for its
    answer's form. Every call ends within `call_budget_s`. One that reads, or uploads, does nothing
    that anybody sees, so it is never `Unclear`: what got no answer may be asked again.
    """

    def __init__(
        self, http: ClientSession, *, url: str, version: str, call_budget_s: float
    ) -> None:
        self._calls = Calling(http, URL(url) / version, call_budget_s=call_budget_s)

    async def send(self, account_id: AccountId, message: Message, *, token: str) -> Sent:
        """
        Send `message` as `account_id`, once.

        Raises:
            GraphFailure: As `failures` sorts them; of these `Unclear` may have been sent.
            Unavailable: The call never left us; nothing was sent.
        """
        body, said = await self._calls.once((account_id, "messages"), message.body, token)
        message_id, recipient_id = read_id(body, "message_id"), read_id(body, "recipient_id")
        _require_done(message_id, said)
        person_id = None if recipient_id is None else PersonId(recipient_id)
        return Sent(MessageId(message_id or ""), person_id, said)

    async def reply_publicly(self, comment_id: CommentId, text: str, *, token: str) -> Posted:
        """
        Write `text` under the comment, once.

        Raises:
            NotSendable: Meta takes no such text.
            GraphFailure, Unavailable: As `send`.
        """
        require_text(text)
        body, said = await self._calls.once((comment_id, "replies"), {"message": text}, token)
        posted_id = read_id(body, "id")
        _require_done(posted_id, said)
        return Posted(CommentId(posted_id or ""), said)

    async def upload(self, account_id: AccountId, file: File, *, token: str) -> Uploaded:
        """
        Have Meta fetch `file` and keep it for the account, to be sent by its id.

        Raises:
            GraphFailure: As `failures` sorts them, but never `Unclear`.
            Unavailable: No answer that can be read; Meta may have fetched it, in vain.

        Source: Meta, "Attachment Upload API".
        """
        path = (account_id, "message_attachments")
        body, said = await self._calls.repeatable("POST", path, token, json=upload(file))
        attachment_id = read_id(body, "attachment_id")
        if attachment_id is None:
            raise Unavailable("Graph API: no id of an attachment in the answer")
        return Uploaded(AttachmentId(attachment_id), said)

    async def read_profile(self, person_id: PersonId, *, token: str) -> Profile:
        """
        Ask who a person is, and whether they follow the account.

        Raises:
            GraphFailure: As `failures` sorts them, but never `Unclear`. Without the person's
                consent, which a comment alone does not give, `NotSent` (`consent_missing`).
            Unavailable: No answer that can be read; ask again.

        Source: Meta, "User profile".
        """
        query = {"fields": PROFILE_FIELDS}
        body, said = await self._calls.repeatable("GET", (person_id,), token, params=query)
        return read_profile(body, said)

    async def read_posts(self, account_id: AccountId, *, token: str) -> Posts:
        """
        Ask for the account's latest posts.

        Raises:
            GraphFailure, Unavailable: As `read_profile`.

        Source: Meta, "IG User Media".
        """
        query = {"fields": POST_FIELDS, "limit": str(MOST_POSTS)}
        body, said = await self._calls.repeatable("GET", (account_id, "media"), token, params=query)
        posts = read_posts(body, said)
        if posts is None:
            raise Unavailable("Graph API: no list of posts in the answer")
        return posts

    async def read_threads(
        self,
        account_id: AccountId,
        *,
        person_id: PersonId | None = None,
        page: int,
        messages: int,
        after: str | None = None,
        token: str,
    ) -> Threads:
        """
        Ask for the account's conversations, or for the one with a person.

        `page` of them, the latest first, each with so many of its newest `messages`.

        Raises:
            GraphFailure, Unavailable: As `read_profile`.

        Source: Meta, "Conversations API".
        """
        query = {
            "platform": "instagram",
            "fields": thread_fields(messages),
            "limit": str(page),
            **({} if person_id is None else {"user_id": person_id}),
            **({} if after is None else {"after": after}),
        }
        body, said = await self._calls.repeatable(
            "GET", (account_id, "conversations"), token, params=query
        )
        threads = read_threads(body, said, messages=messages)
        if threads is None:
            raise Unavailable("Graph API: no list of conversations in the answer")
        return threads

    async def read_replies(
        self, comment_id: CommentId, *, page: int, after: str | None = None, token: str
    ) -> Replies:
        """
        Ask what stands under a comment, so many on a `page`.

        Raises:
            GraphFailure, Unavailable: As `read_profile`.

        Source: Meta, "Comment moderation".
        """
        query = {
            "fields": REPLY_FIELDS,
            "limit": str(page),
            **({} if after is None else {"after": after}),
        }
        body, said = await self._calls.repeatable(
            "GET", (comment_id, "replies"), token, params=query
        )
        replies = read_replies(body, said)
        if replies is None:
            raise Unavailable("Graph API: no list of replies in the answer")
        return replies


@contextlib.asynccontextmanager
async def open_graph(*, url: str, version: str, call_budget_s: float) -> AsyncIterator[GraphClient]:
    """Open a client of the Graph API at `url`; connections are kept between calls."""
    async with open_http() as http:
        yield GraphClient(http, url=url, version=version, call_budget_s=call_budget_s)


def _require_done(done_id: str | None, said: Said) -> None:
    """
    Refuse an answer that does not say what was done.

    An id with a good status is success, whatever else is there. Without one: an error Meta
    names is what the table says; anything else leaves open whether Meta acted.
    """
    if done_id is not None and is_good(said):
        return
    if said.code is not None:
        raise refusal(said, is_send=True)
    raise no_answer("answer_unreadable", said)
