"""What may be the name of a file, and what names a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.storage import CannotKeep, StorageSettings
from switchboard.storage.place import require_name
from switchboard.storage.settings import Bucket, S3Options, read_url
from switchboard.storage.transfer import part_size

MIB = 1 << 20


@pytest.mark.parametrize("name", ["a", "a.zip", "events-2026-11-02.2.jsonl.gz", "a/b/c-1_2.zip"])
def test_names(name: str) -> None:
    """Ours are."""
    assert name == require_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "/a", "../a", "a/../b", "a/..", "a//b", ".a", "a/.b", "a\n", "ä", "a/", "a\\b", "a b"],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    """Nothing that is hidden, above, or from the root is."""
    with pytest.raises(CannotKeep, match="no name"):
        require_name(name)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://some-bucket", Bucket("some-bucket", "")),
        ("s3://some-bucket/", Bucket("some-bucket", "")),
        ("s3://some.bucket/a/b", Bucket("some.bucket", "a/b/")),
        ("s3://some-bucket/a/", Bucket("some-bucket", "a/")),
        ("/var/lib/kept", Path("/var/lib/kept")),
        ("file:///var/lib/kept", Path("/var/lib/kept")),
        ("kept", Path("kept")),
    ],
)
def test_places(url: str, expected: Bucket | Path) -> None:
    """A bucket with what keys begin with, or a directory."""
    assert expected == read_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "s3://", "s3://Upper", "s3://b", "https://x.example/a", "s3://ok-bucket/ä", "file://"],
)
def test_no_places(url: str) -> None:
    """Anything else is refused before anything is opened."""
    with pytest.raises(ValueError, match="s3://bucket/prefix, or a directory"):
        read_url(url)


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 is where the queues are, unless it is somewhere else."""
    monkeypatch.setenv("EXPORTS_URL", "s3://some-bucket/exports")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    one = StorageSettings().s3()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    monkeypatch.setenv("S3_BUCKET_OWNER", "123456789012")
    monkeypatch.setenv("S3_KMS_KEY_ID", "alias/files")
    other = StorageSettings().s3()

    assert S3Options(region="us-east-1", endpoint_url="http://127.0.0.1:4566") == one
    assert (
        S3Options(
            region="us-east-1",
            endpoint_url="http://127.0.0.1:9000",
            owner="123456789012",
            kms_key_id="alias/files",
        )
        == other
    )


@pytest.mark.parametrize("size_bytes", [0, 8 * MIB, 80_000 * MIB, 80_001 * MIB, 5_000_000 * MIB])
def test_parts(size_bytes: int) -> None:
    """There are never more than S3 takes, and none below 8 MiB, in which S3 wants 5 at least."""
    part_bytes = part_size(size_bytes)

    assert part_bytes >= 8 * MIB
    assert -(-size_bytes // part_bytes) <= 10_000
