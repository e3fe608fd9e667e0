"""What the API says of itself holds, whatever is sent to it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from switchboard.db.pool import Database
from switchboard.queues import create_queues, open_sqs
from tests.integration.control.house import House, open_house
from tests.integration.db.town import Shop

DESCRIPTION = Path(__file__).parents[3] / "docs" / "openapi.json"

# Not whether good data is taken and bad data is not: an id that is well formed and nobody's is
# rightly not found, and the ids that are given below stand in place of bad ones, too.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


@pytest.fixture
async def with_queues(sqs_endpoint_url: str, queue_prefix: str) -> Mapping[str, Any]:
    """The settings by which the API finds queues."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix)
    return {"aws_endpoint_url": sqs_endpoint_url, "queue_prefix": queue_prefix}


@pytest.fixture
async def house(
    owner: Database, api_url: str, redis_url: str, with_queues: Mapping[str, Any]
) -> AsyncIterator[House]:
    """The API, whole, which may be called as often as anybody likes."""
    whole = {"control_calls_burst": 100_000, **with_queues}
    async with open_house(owner, api_url, redis_url, **whole) as house:
        yield house


async def test_every_operation_by_generated_requests(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    """No request, to what is there or is not, brings a 500 or an answer that is not described."""
    (tmp_path / "config.toml").write_text(places(shop))
    person = await house.member(shop, "owner")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "config.toml"),
        *("run", str(DESCRIPTION), "--url", house.url),
        *("--header", f"Authorization: Bearer {person.token}"),
        *("--checks", ",".join(CHECKS), "--phases", "fuzzing"),
        *("--max-examples", "5", "--seed", "1", "--workers", "1", "--no-color"),
        *("--generation-database", "none", "--suppress-health-check", "all"),
        # An answer that stays open is tried in test_activity.
        *("--exclude-operation-id", "watchActivity"),
        *("--no-shrink", "--continue-on-failure", "--warnings", "off"),
        # The first text that is recognised waits for the encoder's weights.
        *("--request-timeout", "60"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()

    assert 0 == process.returncode, told.decode()[-20_000:]


def places(shop: Shop) -> str:
    """Return a configuration by which what is asked for is there."""
    known = {
        "path.workspace_id": shop.workspace,
        "path.account_id": shop.account,
        "path.campaign_id": shop.campaign,
    }
    lines = (f'"{name}" = "{value}"' for name, value in known.items())
    return "\n".join(["[parameters]", *lines, ""])
