"""
Which queues there are, who writes and reads them, and what each process is allowed to take.

Standard library only: the services, the local stack, the tests and the deployment read this page,
so that a queue is declared once and a permission is computed instead of written.

    ingress ─▶ events ─▶ router ─▶ outbound ─▶ sender ─▶ events (timers), classified (lookups)
                          │  ▲
                 classify ▼  │ classified
                         classifier

`control`, the dashboard's API, is beside the path: it reads and writes no queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# SQS: "message retention", 60 s to 14 days. A dead letter keeps the clock of the message it was,
# so its queue holds on longer than the live one.
RETENTION_S: Final = 4 * 86_400
DEAD_LETTER_RETENTION_S: Final = 14 * 86_400

# SQS: the longest a receive may wait. An empty poll costs as much as a full one, so: the longest.
LONG_POLL_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """
    One SQS standard queue and, beside it, its dead-letter queue.

    `visibility_s` is how long a received message is ours before SQS gives it to another; the
    consumer extends it while it works. After `max_receives` deliveries SQS itself moves the
    message to the dead letters, which happens only if we crashed each time: a failure we saw is
    buried by the consumer, with its reason.
    """

    name: str
    producers: tuple[str, ...]
    consumer: str
    visibility_s: int
    max_receives: int = 8

    def physical(self, prefix: str) -> str:
        """Return the queue's name in SQS, where several installations may share an account."""
        return f"{prefix}-{self.name}"

    def dead_letters(self, prefix: str) -> str:
        """Return the name of the queue's dead-letter queue in SQS."""
        return f"{prefix}-{self.name}-dlq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    One process, scaled by itself.

    `stop_timeout_s` is what the platform waits between SIGTERM and SIGKILL (Fargate: 120 at
    most); `drain_s`, what we use of it, is under it. `needs` names the dependencies its health
    watches; `port` is where it answers health checks, ingress its webhooks and control its calls.
    """

    name: str
    port: int
    needs: tuple[str, ...]
    drain_s: int = 25
    stop_timeout_s: int = 40

    @property
    def consumes(self) -> tuple[Queue, ...]:
        """The queues this service reads."""
        return tuple(queue for queue in QUEUES if queue.consumer == self.name)

    @property
    def produces(self) -> tuple[Queue, ...]:
        """The queues this service writes to."""
        return tuple(queue for queue in QUEUES if self.name in queue.producers)


# The sender publishes an event when a timer of a campaign's flow goes off, control a comment that
# no webhook told of.
EVENTS: Final = Queue(
    name="events", producers=("ingress", "sender", "control"), consumer="router", visibility_s=60
)
CLASSIFY: Final = Queue(
    name="classify", producers=("router",), consumer="classifier", visibility_s=180
)
# Answers: the classifier's, and what the sender read at Meta because it was asked to.
CLASSIFIED: Final = Queue(
    name="classified", producers=("classifier", "sender"), consumer="router", visibility_s=60
)
# The pacer, a worker inside sender, publishes parked deliveries again: so sender writes here too.
OUTBOUND: Final = Queue(
    name="outbound", producers=("router", "sender"), consumer="sender", visibility_s=120
)

QUEUES: Final = (EVENTS, CLASSIFY, CLASSIFIED, OUTBOUND)

INGRESS: Final = Service(name="ingress", port=8001, needs=("sqs",))
ROUTER: Final = Service(name="router", port=8011, needs=("sqs", "redis", "postgres"))
CLASSIFIER: Final = Service(name="classifier", port=8012, needs=("sqs",))
SENDER: Final = Service(name="sender", port=8013, needs=("sqs", "redis", "postgres"))

CONTROL: Final = Service(name="control", port=8000, needs=("sqs", "redis", "postgres"))

SERVICES: Final = (INGRESS, ROUTER, CLASSIFIER, SENDER, CONTROL)
