"""
A file that is sent more than once: Meta fetches it once, and is told its id afterwards.

A message with a file's address has Meta fetch it during the call, and a slow server there makes the
call's outcome unknown. So from the second time on a file is uploaded first, which sends nothing and
may be repeated, and is then sent by its id. None of this keeps a message back: whatever goes wrong
with an upload, the message goes by the file's address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import structlog

from services.sender.composing import Composed, Private
from services.sender.pacing import UPLOAD
from services.sender.turns import Turns
from switchboard.contracts import AccountId, AttachmentId
from switchboard.db.attachments import Attachment
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure
from switchboard.graph import (
    File,
    GraphFailure,
    NotSent,
    NotUnderstood,
    Uploaded,
    attachment_of,
    by_attachment,
    file_of,
)

# Why a message whose file has an id may have been refused because of the id. Meta's other refusals
# are about the person, the window or the account.
_OF_THE_FILE: Final = frozenset({"invalid_parameter", "object_missing", "media_missing"})

log = structlog.get_logger()


class Uploader(Protocol):
    """Meta, given files."""

    async def upload(self, account_id: AccountId, file: File, *, token: str) -> Uploaded:
        """Have Meta fetch a file and keep it."""
        ...


class Shelf(Protocol):
    """Where it is kept which files were sent, and their ids."""

    async def find(self, delivery: Claimed, file: File) -> Attachment | None:
        """Return what is known of a file; `None` if the delivery's account never sent it."""
        ...

    async def note(self, delivery: Claimed, file: File) -> None:
        """Remember that a file is sent."""
        ...

    async def claim(self, delivery: Claimed, file: File) -> bool:
        """Begin to upload a file, if nobody else has just begun."""
        ...

    async def keep(self, delivery: Claimed, file: File, attachment_id: AttachmentId) -> None:
        """Remember a file's id."""
        ...

    async def put_off(self, delivery: Claimed, file: File) -> None:
        """Let nobody upload a file for a good while: Meta refused it."""
        ...

    async def forget(self, delivery: Claimed, attachment_id: AttachmentId) -> None:
        """Forget an id that Meta does not know any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """
    Puts a file's id in the place of its address.

    A delivery that was tried before goes by the address, so that no id is refused twice. So does
    one that finds out whether Meta lets the account send again, for that is to be one call.
    """

    graph: Uploader
    shelf: Shelf
    turns: Turns
    patience: timedelta

    def asks(self, delivery: Claimed) -> bool:
        """Whether a file may be uploaded before `delivery` is sent."""
        match delivery.content.get("media"):
            case {"url": str()}:
                first = delivery.attempts <= 1 and not delivery.holds
                return delivery.kind == "message" and first
            case _:
                return False

    async def reused(self, delivery: Claimed, composed: Composed, token: str) -> Composed:
        """
        Return `composed` with its file's id, if there is one to be had.

        Raises:
            SlowDown: Meta wants no calls now.
        """
        if not isinstance(composed, Private) or not self.asks(delivery):
            return composed
        file = file_of(composed.message)
        if file is None:
            return composed
        try:
            attachment_id = await self._id(delivery, file, token)
        except Failure as failure:
            if isinstance(failure, GraphFailure) and failure.why.is_limit:
                raise
            log.info("file.not_uploaded", account_id=delivery.instagram_id, because=failure.reason)
            return composed
        if attachment_id is None:
            return composed
        return Private(by_attachment(composed.message, attachment_id))

    async def forgot(self, delivery: Claimed, composed: Composed, failure: GraphFailure) -> bool:
        """
        Forget the id that `composed` was sent with, if that may be why Meta refused.

        True if it was, and the address may do; False if there was no id, or it was something else.
        """
        used = attachment_of(composed.message) if isinstance(composed, Private) else None
        of_the_file = isinstance(failure, NotSent) and failure.why.reason in _OF_THE_FILE
        if used is None or not (of_the_file or isinstance(failure, NotUnderstood)):
            return False
        try:
            await self.shelf.forget(delivery, used)
        except Failure as unkept:
            log.warning(
                "file.not_forgotten", account_id=delivery.instagram_id, because=unkept.reason
            )
        return of_the_file

    async def _id(self, delivery: Claimed, file: File, token: str) -> AttachmentId | None:
        """Return the file's id; upload it if this is not the first time, and nobody else does."""
        known = await self.shelf.find(delivery, file)
        if known is None:
            await self.shelf.note(delivery, file)
            return None
        if known.attachment_id is not None or not known.may_upload:
            return known.attachment_id
        await self.turns.take_at_once(delivery, UPLOAD)
        if not await self.shelf.claim(delivery, file):
            return None
        return await self._upload(delivery, file, token)

    async def _upload(self, delivery: Claimed, file: File, token: str) -> AttachmentId:
        try:
            uploaded = await self.graph.upload(delivery.instagram_id, file, token=token)
        except GraphFailure as failure:
            if not failure.why.is_limit:
                await self.shelf.put_off(delivery, file)
                await self.turns.heed_failure(delivery, failure)
            raise
        await self.turns.heed(delivery, uploaded.said)
        await self.shelf.keep(delivery, file, uploaded.attachment_id)
        log.info("file.uploaded", account_id=delivery.instagram_id, kind=file.kind)
        return uploaded.attachment_id
