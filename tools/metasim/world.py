"""
The state of the small Meta: who is there and what was written.

Pure state: nothing here reads a clock, a socket or a random number; every moment is given. Every
question asked per call is answered from an index, so that 60,000 comments cost what 60 do.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterator

from tools.metasim.ids import conversation_id, igsid
from tools.metasim.records import (
    Account,
    Attachment,
    Comment,
    Contact,
    LoginCode,
    Media,
    Message,
    Person,
    Token,
)

# A moment and an id: the order of a media's comments, and of an account's conversations.
Place = tuple[float, str]


class World:
    """Everything there is, by id."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.media: dict[str, Media] = {}
        self.comments: dict[str, Comment] = {}
        self.messages: dict[str, Message] = {}
        self.attachments: dict[str, Attachment] = {}
        self.people: dict[str, Person] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, LoginCode] = {}
        self.contacts: dict[str, Contact] = {}  # by IGSID, which is unique across accounts
        self.conversations: dict[str, Contact] = {}  # by conversation id
        self._account_of_alias: dict[str, str] = {}
        self._dead_tokens: dict[str, int | None] = {}  # with Meta's subcode for it
        self._tokens_of: defaultdict[str, list[str]] = defaultdict(list)
        self._media_of: defaultdict[str, list[str]] = defaultdict(list)
        self._talks_of: defaultdict[str, list[Place]] = defaultdict(list)
        self._comments_under: defaultdict[str, list[Place]] = defaultdict(list)
        self._comments_of: Counter[str] = Counter()  # by media

    def account(self, account_or_app_scoped_id: str) -> Account | None:
        """Return the account that either of its two ids names."""
        alias = self._account_of_alias.get(account_or_app_scoped_id, account_or_app_scoped_id)
        return self.accounts.get(alias)

    def put_account(self, account: Account) -> None:
        """Add an account, or replace it."""
        if before := self.accounts.get(account.id):
            self._account_of_alias.pop(before.app_scoped_id, None)
        self.accounts[account.id] = account
        self._account_of_alias[account.app_scoped_id] = account.id

    def put_token(self, token: Token) -> None:
        """Make a token valid until it expires, beside those its account has."""
        self.tokens[token.value] = token
        self._dead_tokens.pop(token.value, None)
        self._tokens_of[token.account_id].append(token.value)

    def token_of(self, account_id: str) -> Token | None:
        """Return the token an account got last, if it was not revoked."""
        values = self._tokens_of[account_id]
        return self.tokens[values[-1]] if values else None

    def revoke_tokens(self, account_id: str) -> None:
        """Make every token of an account invalid."""
        for value in self._tokens_of.pop(account_id, []):
            self.tokens.pop(value, None)

    def kill_tokens(self, account_id: str, subcode: int | None) -> None:
        """Make every token an account has now useless, though it is still known whose it is."""
        self._dead_tokens |= dict.fromkeys(self._tokens_of[account_id], subcode)

    def is_dead(self, token: Token) -> bool:
        """Tell whether a token was killed."""
        return token.value in self._dead_tokens

    def subcode_of_death(self, token: Token) -> int | None:
        """Return Meta's subcode for how a token was killed."""
        return self._dead_tokens.get(token.value)

    def put_media(self, media: Media) -> None:
        """Add a media, or replace it."""
        if media.id not in self.media:
            self._media_of[media.account_id].append(media.id)
        self.media[media.id] = media

    def media_of(self, account_id: str) -> list[Media]:
        """Return an account's media, newest first."""
        return [self.media[media_id] for media_id in reversed(self._media_of[account_id])]

    def attachments_of(self, account_id: str) -> list[Attachment]:
        """Return what an account has uploaded, oldest first."""
        return [one for one in self.attachments.values() if one.account_id == account_id]

    def person(self, username: str) -> Person:
        """Return the person of that name, who is there from now on."""
        return self.people.setdefault(username, Person(username))

    def contact(self, account_id: str, username: str) -> Contact:
        """Return the person as the account knows them, who is known from now on."""
        person_id = igsid(username, account_id)
        known = self.contacts.get(person_id)
        if known is None:
            self.person(username)
            known = Contact(account_id, username, person_id, conversation_id(person_id, account_id))
            self.contacts[person_id] = self.conversations[known.conversation_id] = known
        return known

    def talks_of(self, account_id: str, *, before: Place | None = None) -> Iterator[Contact]:
        """Return whom an account talks with, the latest conversation first, from `before` on."""
        places = self._talks_of.get(account_id, [])
        end = bisect_left(places, before) if before else len(places)
        return (self.contacts[places[place][1]] for place in range(end - 1, -1, -1))

    def add_comment(self, comment: Comment) -> None:
        """Put a comment under its media, and under the comment it answers."""
        self.comments[comment.id] = comment
        self._comments_of[comment.media_id] += 1
        if comment.parent_id is None:
            insort(self._comments_under[comment.media_id], (comment.created_at_s, comment.id))
        elif parent := self.comments.get(comment.parent_id):
            parent.children.append(comment.id)

    def remove_comment(self, comment: Comment) -> None:
        """Take a comment away; what stands under it stays, as nobody can reach it."""
        if not comment.is_deleted:
            comment.is_deleted = True
            self._comments_of[comment.media_id] -= 1

    def count_of_comments(self, media_id: str) -> int:
        """Return how many comments a media has, those under other comments included."""
        return self._comments_of[media_id]

    def comments_under(
        self, media_id: str, *, limit: int, before: Place | None = None
    ) -> list[Comment]:
        """Return up to `limit` top-level comments, newest first, older than `before`."""
        places = self._comments_under.get(media_id, [])
        end = bisect_left(places, before) if before else len(places)
        found: list[Comment] = []
        while end and len(found) < limit:
            end -= 1
            comment = self.comments[places[end][1]]
            if not (comment.is_deleted or comment.is_live):
                found.append(comment)
        return found

    def latest_comments(self, media_id: str, *, limit: int) -> list[Comment]:
        """Return the latest top-level comments, newest first, deleted and live ones included."""
        places = self._comments_under.get(media_id, [])
        return [self.comments[comment_id] for _, comment_id in places[: -limit - 1 : -1]]

    def top_level(self, comment: Comment) -> Comment:
        """Return the comment that starts the thread `comment` stands in."""
        while comment.parent_id and (parent := self.comments.get(comment.parent_id)):
            comment = parent
        return comment

    def add_message(self, message: Message) -> None:
        """Put a message at the end of its conversation."""
        self.messages[message.mid] = message
        contact, places = self.contacts[message.igsid], self._talks_of[message.account_id]
        if contact.messages:
            del places[bisect_left(places, place_of_talk(contact))]
        contact.messages.append(message)
        insort(places, place_of_talk(contact))

    def open_window(self, contact: Contact, at_s: float) -> None:
        """Note that the person wrote or tapped at `at_s`; an older moment changes nothing."""
        contact.has_consented = True
        contact.window_opened_at_s = max(contact.window_opened_at_s or at_s, at_s)


def place_of_talk(contact: Contact) -> Place:
    """Return where a conversation stands among the account's: by its last message."""
    return contact.messages[-1].created_at_s, contact.igsid
