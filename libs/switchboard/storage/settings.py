"""What keeping files needs from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from switchboard.settings import BaseUrl, QueueSettings

# Source: Amazon S3, "General purpose bucket naming rules". The prefix is parts of a file's name.
_BUCKET: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]*))?")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of S3, and what keys in it begin with: nothing, or something that ends in `/`."""

    name: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How S3 is reached, whatever the bucket."""

    region: str
    endpoint_url: str | None = None
    owner: str | None = None
    kms_key_id: str | None = None


def read_url(url: str) -> Bucket | Path:
    """
    Return what `url` names: `s3://bucket/prefix`, `file:///path`, or a path.

    Raises:
        ValueError: It is none of these.
    """
    if found := _BUCKET.fullmatch(url):
        prefix = (found[2] or "").strip("/")
        return Bucket(found[1], f"{prefix}/" if prefix else "")
    path = url.removeprefix("file://")
    if "://" in path or not path:
        raise ValueError("must be s3://bucket/prefix, or a directory")
    return Path(path)


def _place_url(url: str) -> str:
    read_url(url)
    return url


PlaceUrl = Annotated[str, AfterValidator(_place_url)]


class StorageSettings(QueueSettings):
    """Where files are kept, and how S3 is spoken to."""

    exports_url: PlaceUrl | None = Field(
        None,
        description="Where exports are kept that somebody asked for: `s3://bucket/prefix`, or a "
        "directory that all processes of control share. Unset: none are made.",
    )
    aws_endpoint_url_s3: BaseUrl | None = Field(
        None, description="An S3-compatible server. Unset: AWS_ENDPOINT_URL, else AWS itself."
    )
    s3_bucket_owner: str | None = Field(
        None,
        pattern=r"^\d{12}$",
        description="The AWS account that our buckets must belong to. Unset: any.",
    )
    s3_kms_key_id: str | None = Field(
        None,
        min_length=1,
        description="The KMS key that S3 encrypts with. Unset: S3's own (AES-256).",
    )

    def s3(self) -> S3Options:
        """Return how S3 is reached."""
        return S3Options(
            region=self.aws_region,
            endpoint_url=self.aws_endpoint_url_s3 or self.aws_endpoint_url,
            owner=self.s3_bucket_owner,
            kms_key_id=self.s3_kms_key_id,
        )
