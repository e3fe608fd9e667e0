"""The queues' server, spoken to directly: what is left, what was buried, and poison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import ClientSession

from switchboard.topology import QUEUES, Queue

_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queues:
    """The server at `url`, which looks at no signature."""

    http: ClientSession
    url: str
    prefix: str

    async def held(self) -> dict[str, int]:
        """Return how many messages each queue still holds, those that hold any."""
        counts = {queue.name: await self._count(queue.physical(self.prefix)) for queue in QUEUES}
        return {name: count for name, count in counts.items() if count}

    async def dead_letters(self) -> dict[str, Sequence[str]]:
        """Return the bodies of what lies among each queue's dead letters, and leave them there."""
        found = {queue.name: await self._bodies(queue) for queue in QUEUES}
        return {name: bodies for name, bodies in found.items() if bodies}

    async def poison(self, queue: str, body: str) -> None:
        """Put `body` on a queue."""
        named = next(one for one in QUEUES if one.name == queue)
        await self._call("SendMessage", named.physical(self.prefix), MessageBody=body)

    async def _count(self, name: str) -> int:
        told = await self._call("GetQueueAttributes", name, AttributeNames=list(_COUNTS))
        return sum(int(told["Attributes"][count]) for count in _COUNTS)

    async def _bodies(self, queue: Queue) -> list[str]:
        name = queue.dead_letters(self.prefix)
        bodies: list[str] = []
        while len(bodies) < await self._count(name):
            told = await self._call(
                "ReceiveMessage", name, MaxNumberOfMessages=10, VisibilityTimeout=600
            )
            received = [message["Body"] for message in told.get("Messages", ())]
            if not received:
                break  # the rest is in somebody's hands
            bodies += received
        return bodies

    async def _call(self, action: str, name: str, **fields: Any) -> Json:
        headers = {
            "X-Amz-Target": f"AmazonSQS.{action}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        body = {"QueueUrl": f"{self.url}/000000000000/{name}", **fields}
        async with self.http.post(self.url, data=json.dumps(body), headers=headers) as answer:
            answer.raise_for_status()
            told: Json = json.loads(await answer.read())
            return told
