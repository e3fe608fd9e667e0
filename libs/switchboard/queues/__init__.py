"""
SQS, and what it takes to lose nothing in it.

A `Publisher` puts contracts on a queue: concurrent callers share SendMessageBatch calls, and each
is told only when its own messages are stored. A `Consumer` takes them off: it keeps what it works
on invisible to others, and when the work has ended `settle` decides the message's fate: deleted,
shown again later, sent again later without counting, or buried among the dead letters with its
reason. SQS gives a message at least once and in no order; nothing here pretends otherwise.

This package is the only one that knows SQS or its client.
"""

from switchboard.queues.admin import create_queues
from switchboard.queues.client import Address, SqsClient, open_sqs
from switchboard.queues.consumer import Consumer
from switchboard.queues.publisher import Outgoing, Publisher
from switchboard.queues.received import Handler, Receipt, Received, one_by_one
from switchboard.queues.settle import Bury, Defer, Delete, Release, Verdict, settle

__all__ = [
    "Address",
    "Bury",
    "Consumer",
    "Defer",
    "Delete",
    "Handler",
    "Outgoing",
    "Publisher",
    "Receipt",
    "Received",
    "Release",
    "SqsClient",
    "Verdict",
    "create_queues",
    "one_by_one",
    "open_sqs",
    "settle",
]
