"""A bucket of S3 that files are kept in, and S3's errors turned into ours."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NotRequired, TypedDict

import aioboto3
from aiobotocore.config import AioConfig
from aiohttp import ClientError as HttpError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
)

from switchboard.errors import Failure, Unavailable
from switchboard.storage.place import (
    CHUNK_BYTES,
    CannotKeep,
    FileMissing,
    Kept,
    hash_file,
    require_name,
    require_same,
)
from switchboard.storage.settings import Bucket, S3Options
from switchboard.storage.transfer import S3Client, upload

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_AWAY: Final = frozenset({"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "OperationAborted"})
# What is to be done, for refusals that somebody can mend.
_ADVICE: Final[Mapping[str, str]] = {
    "NoSuchBucket": "make the bucket, or correct the address",
    "AccessDenied": "let our role do it (docs/operations.md), or see whose bucket it is",
    "403": "let our role do it (docs/operations.md), or see whose bucket it is",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION to it",
    "301": "the bucket is in another region; set AWS_REGION to it",
    "InvalidAccessKeyId": "give the process credentials that exist",
    "SignatureDoesNotMatch": "give the process credentials that belong together",
    "ExpiredToken": "give the process credentials that are not over",
    "KMS.NotFoundException": "correct S3_KMS_KEY_ID",
}


@contextlib.asynccontextmanager
async def open_bucket(bucket: Bucket, options: S3Options) -> AsyncIterator[InBucket]:
    """Open a bucket. Nothing is asked of S3 yet."""
    config = AioConfig(
        signature_version="s3v4",  # presigned addresses would else be of the older kind
        connect_timeout=5,
        read_timeout=60,
        retries={"total_max_attempts": 3, "mode": "standard"},
        # A server that is not AWS need not know its buckets by host names.
        s3={"addressing_style": "path" if options.endpoint_url else "auto"},
    )
    client = aioboto3.Session().client(
        "s3", region_name=options.region, endpoint_url=options.endpoint_url, config=config
    )
    async with client as s3:
        yield InBucket(s3, bucket, options)


class _Whose(TypedDict):
    """What every call says of the bucket."""

    Bucket: str
    ExpectedBucketOwner: NotRequired[str]


class InBucket:
    """
    Files under a prefix of a bucket, encrypted by S3.

    One that is put over another replaces it when it is whole. Parts of one that never became whole
    are called off when it is put again or removed.
    """

    def __init__(self, s3: S3Client, bucket: Bucket, options: S3Options) -> None:
        self._s3, self._bucket = s3, bucket
        self._whose = _Whose(Bucket=bucket.name)
        self._extra = _encryption(options.kms_key_id)
        if options.owner:
            self._whose["ExpectedBucketOwner"] = options.owner
            self._extra["ExpectedBucketOwner"] = options.owner

    @contextlib.asynccontextmanager
    async def draft(self) -> AsyncIterator[Path]:
        """Give the path of a file in a directory of its own, among the machine's temporary ones."""
        with tempfile.TemporaryDirectory(prefix="switchboard-") as directory:
            yield Path(directory) / "draft"

    async def put(self, draft: Path, name: str) -> Kept:
        """Keep `draft` as `name`: S3 checks each part, and the whole is read back."""
        key = self._key(name)
        try:
            given = await asyncio.to_thread(hash_file, draft)
        except OSError as error:
            raise CannotKeep(f"{name}: {error}") from error
        await self._call_off(key, name)
        try:
            with _errors(f"put {name}"):
                await upload(
                    self._s3,
                    draft,
                    size_bytes=given.size_bytes,
                    bucket=self._bucket.name,
                    key=key,
                    extra=self._extra,
                )
        except BaseException:
            with contextlib.suppress(Failure):  # then the next one does it
                await self._call_off(key, name)
            raise
        try:
            return require_same(given, await self._hash(name), name)
        except CannotKeep:
            await self.remove(name)
            raise

    @contextlib.asynccontextmanager
    async def read(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the file in chunks, as they arrive."""
        what = f"read {name}"
        with _errors(what):
            found = await self._s3.get_object(Key=self._key(name), **self._whose)
        body = found["Body"]
        async with body:  # which gives the response without what the client adds to it
            yield _chunks(body, what)

    async def remove(self, name: str) -> None:
        """See that neither the file nor parts of it are there."""
        key = self._key(name)
        with _errors(f"remove {name}"):
            await self._s3.delete_object(Key=key, **self._whose)
        await self._call_off(key, name)

    async def address(self, name: str, *, called: str, good_for: timedelta) -> str:
        """
        Return an address that S3 has signed.

        Raises:
            FileMissing: There is none.
        """
        key = self._key(name)
        with _errors(f"address of {name}"):
            await self._s3.head_object(Key=key, **self._whose)
            return await self._s3.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket.name,
                    "Key": key,
                    "ResponseContentDisposition": f'attachment; filename="{called}"',
                },
                ExpiresIn=round(good_for.total_seconds()),
            )

    def location(self, name: str) -> str:
        """Return the file's S3 URI."""
        return f"s3://{self._bucket.name}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"{self._bucket.prefix}{require_name(name)}"

    async def _hash(self, name: str) -> Kept:
        digest, size_bytes = hashlib.sha256(), 0
        async with self.read(name) as chunks:
            async for chunk in chunks:
                digest.update(chunk)
                size_bytes += len(chunk)
        return Kept(size_bytes, digest.hexdigest())

    async def _call_off(self, key: str, name: str) -> None:
        """Call off what was begun to be put as `key`, by somebody who died."""
        with _errors(f"uploads of {name}"):
            found = await self._s3.list_multipart_uploads(Prefix=key, **self._whose)
            for one in found.get("Uploads", ()):
                if one["Key"] == key:
                    await self._s3.abort_multipart_upload(
                        Key=key, UploadId=one["UploadId"], **self._whose
                    )


def _encryption(kms_key_id: str | None) -> dict[str, str]:
    if kms_key_id is None:
        return {"ServerSideEncryption": "AES256"}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id}


async def _chunks(body: Any, what: str) -> AsyncIterator[bytes]:
    while True:
        with _errors(what):
            chunk: bytes = await body.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


@contextlib.contextmanager
def _errors(what: str) -> Iterator[None]:
    """
    Turn the client's errors into ours; `what` names the call.

    Raises:
        Unavailable: S3 did not answer, or could not act.
        FileMissing: It has no such file.
        CannotKeep: It answered that it will not.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(what, error) from error
    except (NoCredentialsError, ParamValidationError) as error:
        raise CannotKeep(f"S3 {what}: {error}") from error
    except (TimeoutError, BotoCoreError, HTTPClientError, HttpError, OSError) as error:
        raise Unavailable(f"S3 {what}: {type(error).__name__}") from error


def _ours(what: str, error: ClientError) -> Failure:
    said = error.response.get("Error", {})
    code = said.get("Code", "unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500 or "Throttl" in code or code in _AWAY:  # noqa: PLR2004
        return Unavailable(f"S3 {what}: {code}")
    if code in _MISSING:
        return FileMissing(f"S3 {what}: there is none")
    advice = _ADVICE.get(code, said.get("Message") or "S3 does not say why")
    return CannotKeep(f"S3 {what}: {code}: {advice}")
