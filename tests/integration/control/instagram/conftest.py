"""The API beside the simulator: owners log in, and leave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import pytest

from switchboard.db.pool import Database
from tests.integration.control.instagram.owners import Owners, open_owners_at


class OpenOwners(Protocol):
    """
    Opens the API beside the simulator; what it is given are the caretaker's settings, and under
    their names, the doctor's and the API's own.
    """

    def __call__(
        self,
        *,
        doctor: dict[str, Any] | None = None,
        house: dict[str, Any] | None = None,
        **settings: Any,
    ) -> AbstractAsyncContextManager[Owners]: ...


@pytest.fixture
def open_owners(
    owner: Database, api_url: str, caretaker_url: str, redis_url: str, sqs_endpoint_url: str
) -> OpenOwners:
    """The same as `owners`, with other settings."""
    urls = {"caretaker_database_url": caretaker_url, "aws_endpoint_url": sqs_endpoint_url}

    def opens(
        *,
        doctor: dict[str, Any] | None = None,
        house: dict[str, Any] | None = None,
        **settings: Any,
    ) -> AbstractAsyncContextManager[Owners]:
        return open_owners_at(
            owner, api_url, redis_url, urls | settings, doctor=doctor, house=house or {}
        )

    return opens


@pytest.fixture
async def owners(open_owners: OpenOwners) -> AsyncIterator[Owners]:
    """The API, looking after accounts at the simulator, which has an account of nobody's yet."""
    async with open_owners() as owners:
        yield owners
