"""Files that are sent piece by piece, from where they are kept."""

from __future__ import annotations

import contextlib

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.control.problems import Declined, not_found
from switchboard.errors import Failure, Unavailable
from switchboard.storage import FileMissing, Place

log = structlog.get_logger()


class Download(Response):
    """
    A file of `place`, to be saved as `called`; it is opened when the transaction is over.

    What cannot be read to its end ends the connection: a whole file has `size_bytes`.
    """

    media_type = "application/zip"

    def __init__(self, place: Place, name: str, *, called: str, size_bytes: int) -> None:
        super().__init__()
        self._place, self._name = place, name
        self.headers["Content-Disposition"] = f'attachment; filename="{called}"'
        self.headers["Content-Length"] = str(size_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Open it, and send it."""
        scope["state"]["streams"] = True
        async with contextlib.AsyncExitStack() as stack:
            try:
                chunks = await stack.enter_async_context(self._place.read(self._name))
            except Failure as failure:
                raise refused(failure) from failure
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def refused(failure: Failure) -> Failure:
    """Return what is told of a file that cannot be given."""
    if isinstance(failure, FileMissing):
        return not_found("file")
    if isinstance(failure, Unavailable):
        return failure
    log.error("file.refused", because=str(failure))
    return Declined("unavailable", "The file cannot be given just now; it is in our log.")
