"""
What the services share in Redis (or Valkey): limits, claims, windows, contacts, answers, breakers.

Nothing here is the truth. Postgres can restore each key, or losing it costs one more look; so
Redis may be emptied at any moment, and only latency is lost. What may never be lost is written to
Postgres first.

`keys` is the table of all keys. Whatever must happen in one step happens in a Lua script (`lua/`),
called by its digest, over keys that carry the hash tag `{account}`: a script then works on one
slot, on a cluster too. Commands are those of Redis 6.2.

This package is the only one that knows Redis or its client.
"""

from switchboard.rules.ceilings import Ceiling
from switchboard.state.answers import KeptAnswers
from switchboard.state.breaker import Breaker
from switchboard.state.callers import CalledTooOften, Callers
from switchboard.state.claims import Observations, Observed, Seen
from switchboard.state.client import StateRefused, open_redis, ping
from switchboard.state.contacts import Contacts, Remembered
from switchboard.state.examined import KeptFindings
from switchboard.state.limits import CONVERSATIONS, Bucket, Limited, Limits, Recall

__all__ = [
    "CONVERSATIONS",
    "Breaker",
    "Bucket",
    "CalledTooOften",
    "Callers",
    "Ceiling",
    "Contacts",
    "KeptAnswers",
    "KeptFindings",
    "Limited",
    "Limits",
    "Observations",
    "Observed",
    "Recall",
    "Remembered",
    "Seen",
    "StateRefused",
    "open_redis",
    "ping",
]
