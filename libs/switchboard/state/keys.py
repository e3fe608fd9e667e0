"""
Every key in Redis: its shape, who writes it, how long it lives.

| key                                 | holds                             | owner  | lives      |
|-------------------------------------|-----------------------------------|--------|------------|
| `claim:{account}:<event>`           | the claimant carrying the event   | router | 37 h       |
| `window:{account}:<person>`         | when the window closes, epoch ms  | router | until then |
| `contact:{account}:<person>`        | revision, a space, contact's JSON | router | 7 d        |
| `erasings:{account}`                | a word: another after an erasing  | router | 7 d        |
| `limit:{account}:<bucket>`          | when the bucket is full again, µs | sender | see below  |
| `limit:{account}:<bucket>:<person>` | the same, for one person          | sender | see below  |
| `cooldown:{account}`                | no call for it until, epoch ms    | sender | until then |
| `pace:{account}`                    | the share of its full pace: hash  | sender | see below  |
| `brake:{app}`                       | 1: no call for any account        | sender | until then |
| `brake:{app}:last`                  | how long the last one was, ms     | sender | see below  |
| `answer:{account}:<digest>`         | what the classifier answered      | classifier | as set |
| `examined:{account}:<token>`        | what Meta said when it was asked  | control | 5 min     |
| `breaker:{<dependency>}`            | a circuit: state, failed, until   | classifier | 1 h    |
| `calls:{<user>}`                    | when the bucket is full again, µs | control | until then |

A bucket's key lives until the bucket is full again, for a missing bucket is a full one; the key of
a bucket that must survive a flush (`Bucket.recalled`) lives 30 days beyond its last use, so that a
missing one means "unknown" and Postgres is asked.

A pace lives until it is the full one again, for a missing pace is the full one; its fields are in
`lua/pace.lua`. How long the last brake was is kept for an hour beyond it, to double the next one.

`{app}` is written so: an installation has one app at Meta. It hashes to another slot than an
account, so what concerns both is looked at side by side and not in one script.

The braces are part of the key: Redis Cluster hashes only what is inside them.
"""

from __future__ import annotations

from uuid import UUID

from switchboard.contracts import AccountId, EventId, PersonId


def claim(account_id: AccountId, event_id: EventId) -> str:
    """Who carries this event."""
    return f"claim:{{{account_id}}}:{event_id}"


def window(account_id: AccountId, person_id: PersonId) -> str:
    """When the person's messaging window closes."""
    return f"window:{{{account_id}}}:{person_id}"


def contact(account_id: AccountId, person_id: PersonId) -> str:
    """What is remembered of the person: a copy of the row in Postgres, perhaps an older one."""
    return f"contact:{{{account_id}}}:{person_id}"


def erasings(account_id: AccountId) -> str:
    """What is another word as soon as anybody of the account has been erased."""
    return f"erasings:{{{account_id}}}"


def limit(account_id: AccountId, bucket: str, person_id: PersonId | None = None) -> str:
    """How full one of the account's buckets is, or one person's share of it."""
    shared = f"limit:{{{account_id}}}:{bucket}"
    return shared if person_id is None else f"{shared}:{person_id}"


def cooldown(account_id: AccountId) -> str:
    """Until when no call is made for the account, because Meta told it to wait."""
    return f"cooldown:{{{account_id}}}"


def pace(account_id: AccountId) -> str:
    """At what share of its full pace the account goes."""
    return f"pace:{{{account_id}}}"


def brake() -> str:
    """Whether no call is made for any account, because Meta told the app to wait."""
    return "brake:{app}"


def last_brake() -> str:
    """How long the app was last stopped."""
    return "brake:{app}:last"


def answer(account_id: AccountId, digest: str) -> str:
    """What the classifier answered when it was asked what `digest` stands for."""
    return f"answer:{{{account_id}}}:{digest}"


def examined(account_id: AccountId, token: str) -> str:
    """What an examination found at Meta, by the token that was sealed as `token`."""
    return f"examined:{{{account_id}}}:{token}"


def breaker(name: str) -> str:
    """Whether a dependency is left alone; it is no account's, so it has a slot of its own."""
    return f"breaker:{{{name}}}"


def calls(user: UUID) -> str:
    """How many calls of the API a user has made lately; a person is no account, so alone, too."""
    return f"calls:{{{user}}}"
