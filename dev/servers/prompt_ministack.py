"""
ministack, with long polls that end when something has changed.

As it comes, a long poll looks at its queue every 100 ms, so each hop through the local stack would
wait 50 ms on average; SQS itself answers when a message arrives. Run as a script by ministack's own
Python: it imports nothing of ours, and ministack is pinned.
"""

import asyncio
import types
from collections.abc import Mapping

from ministack.app import main
from ministack.services import sqs

_answered = sqs.handle_request
_changes: dict[str, asyncio.Event] = {}


async def _until_changed(seconds: float) -> None:
    """Wait until something has changed, `seconds` at most."""
    change = _changes.setdefault("next", asyncio.Event())
    try:
        await asyncio.wait_for(change.wait(), seconds)
    except TimeoutError:
        return


async def _answer(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: object
) -> object:
    """Answer a request, and wake the long polls if it has brought or freed a message."""
    try:
        return await _answered(method, path, headers, body, query)
    finally:
        action = headers.get("x-amz-target", "")
        if ("Send" in action or "Visibility" in action) and (change := _changes.pop("next", None)):
            change.set()


sqs.handle_request = _answer
# The module pauses only between two looks of a long poll.
sqs.asyncio = types.SimpleNamespace(sleep=_until_changed, iscoroutine=asyncio.iscoroutine)

main()
