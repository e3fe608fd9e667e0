"""A bucket of S3, and a directory: places that must not differ."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.storage import Place, open_place
from tests.integration.storage.yard import Yard, open_yard


@pytest.fixture
async def yard(s3_endpoint_url: str) -> AsyncIterator[Yard]:
    """A bucket of this test's own."""
    async with open_yard(s3_endpoint_url) as yard:
        yield yard


@pytest.fixture(params=["s3", "directory"])
async def place(
    request: pytest.FixtureRequest, s3_endpoint_url: str, tmp_path: Path
) -> AsyncIterator[Place]:
    """A place that is empty, of each kind."""
    if request.param == "directory":
        kept = tmp_path / "kept"
        kept.mkdir()
        async with open_place(str(kept), Yard.options(s3_endpoint_url)) as place:
            yield place
    else:
        async with open_yard(s3_endpoint_url) as yard, yard.place() as place:
            yield place
