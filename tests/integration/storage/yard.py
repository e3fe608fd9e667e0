"""A bucket of S3, seen by somebody who looks into it without our code."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aioboto3
from aiobotocore.config import AioConfig

from switchboard.storage import Place, open_place
from switchboard.storage.settings import S3Options


@dataclass(frozen=True)
class Yard:
    """A bucket, and a client of its own."""

    bucket: str
    endpoint_url: str
    s3: Any

    @staticmethod
    def options(endpoint_url: str, **options: Any) -> S3Options:
        """Return how the server is reached."""
        return S3Options(region="us-east-1", endpoint_url=endpoint_url, **options)

    @property
    def url(self) -> str:
        """What a setting calls a part of the bucket."""
        return f"s3://{self.bucket}/ours"

    def place(self, **options: Any) -> AbstractAsyncContextManager[Place]:
        """Open it as we do."""
        return open_place(self.url, self.options(options.pop("at", self.endpoint_url), **options))

    async def keys(self) -> list[str]:
        """Return what there is."""
        found = await self.s3.list_objects_v2(Bucket=self.bucket)
        return [one["Key"] for one in found.get("Contents", ())]

    async def unfinished(self) -> list[str]:
        """Return of what there are parts."""
        found = await self.s3.list_multipart_uploads(Bucket=self.bucket)
        return [one["Key"] for one in found.get("Uploads", ())]


@contextlib.asynccontextmanager
async def open_yard(endpoint_url: str) -> AsyncIterator[Yard]:
    """Make a bucket."""
    client = aioboto3.Session().client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint_url,
        config=AioConfig(s3={"addressing_style": "path"}),
    )
    async with client as s3:
        bucket = f"test-{uuid4().hex[:12]}"
        await s3.create_bucket(Bucket=bucket)
        yield Yard(bucket, endpoint_url, s3)
