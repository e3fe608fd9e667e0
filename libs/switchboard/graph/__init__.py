"""
Meta's Graph API: the calls we make, what they may say, and what each answer means.

A send has no idempotency key at Meta. So the one question about every call that did not end well
is whether it may have acted: if that is possible the outcome is `Unclear` and nobody repeats it.
Refusals are read by code and subcode alone (`errors`), because Meta translates its sentences and
mixes its HTTP statuses.

This package is the only one that talks to Meta's Graph API.
"""

from switchboard.graph.account import (
    CommentPage,
    CommentSeen,
    Me,
    Media,
    MediaPage,
    MoreAnswers,
    Subscription,
)
from switchboard.graph.account_client import AccountClient
from switchboard.graph.answers import Posted, Said, Sent, Uploaded, Usage
from switchboard.graph.calling import open_http
from switchboard.graph.client import GraphClient, open_graph
from switchboard.graph.conversations import Replies, Thread, Threads, Written, wants_less
from switchboard.graph.errors import Action, Classified, classify, every_row
from switchboard.graph.failures import (
    AccountHeld,
    GraphFailure,
    NotSent,
    NotUnderstood,
    OutsideWindow,
    OwnerMustAct,
    SlowDown,
    TokenDead,
    Unclear,
)
from switchboard.graph.login import App, Grant, LoginClient, LoginRefused, LongLived
from switchboard.graph.messages import (
    File,
    Message,
    NotSendable,
    attachment_of,
    by_attachment,
    file_of,
    message,
    private_reply,
)
from switchboard.graph.reading import Posts, Profile

__all__ = [
    "AccountClient",
    "AccountHeld",
    "Action",
    "App",
    "Classified",
    "CommentPage",
    "CommentSeen",
    "File",
    "Grant",
    "GraphClient",
    "GraphFailure",
    "LoginClient",
    "LoginRefused",
    "LongLived",
    "Me",
    "Media",
    "MediaPage",
    "Message",
    "MoreAnswers",
    "NotSendable",
    "NotSent",
    "NotUnderstood",
    "OutsideWindow",
    "OwnerMustAct",
    "Posted",
    "Posts",
    "Profile",
    "Replies",
    "Said",
    "Sent",
    "SlowDown",
    "Subscription",
    "Thread",
    "Threads",
    "TokenDead",
    "Unclear",
    "Uploaded",
    "Usage",
    "Written",
    "attachment_of",
    "by_attachment",
    "classify",
    "every_row",
    "file_of",
    "message",
    "open_graph",
    "open_http",
    "private_reply",
    "wants_less",
]
