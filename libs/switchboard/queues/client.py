"""The SQS client, and its errors turned into ours."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, TypeAlias

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from switchboard.errors import Failure, Unavailable
from switchboard.topology import LONG_POLL_S

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

    SqsClient: TypeAlias = SQSClient
else:
    SqsClient = object

# Read beyond the long poll, or every quiet receive would end in an error of ours.
_READ_TIMEOUT_S = LONG_POLL_S + 10
_MAX_CONNECTIONS = 50


class QueueRefused(Failure):
    """SQS understood the call and refused it: a queue that is missing, or a permission."""

    reason = "queue_refused"


@contextlib.asynccontextmanager
async def open_sqs(*, endpoint_url: str | None, region: str) -> AsyncIterator[SqsClient]:
    """
    Open a client for SQS, or for a server like it at `endpoint_url`.

    Validating parameters and building the User-Agent take about a third of a call's CPU
    (`python -m bench.sqs_client`), and we build every parameter ourselves, so neither is done.
    Retries are ours, because only we know how long a caller can wait.
    """
    config = AioConfig(
        parameter_validation=False,
        user_agent="switchboard",
        connect_timeout=3,
        read_timeout=_READ_TIMEOUT_S,
        max_pool_connections=_MAX_CONNECTIONS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    session = get_session()
    async with session.create_client(
        "sqs", region_name=region, endpoint_url=endpoint_url, config=config
    ) as client:
        yield client


@contextlib.contextmanager
def sqs_errors(what: str) -> Iterator[None]:
    """
    Turn the client's errors into ours; `what` names the call.

    Raises:
        Unavailable: SQS did not answer, or could not act.
        QueueRefused: It answered that it will not.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "unknown")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status >= 500 or "Throttl" in code or code == "RequestThrottled":  # noqa: PLR2004
            raise Unavailable(f"SQS {what}: {code}") from error
        raise QueueRefused(
            f"SQS {what}: {code}: {error.response['Error'].get('Message')}"
        ) from error
    except (TimeoutError, BotoCoreError, HTTPClientError, OSError) as error:
        raise Unavailable(f"SQS {what}: {type(error).__name__}") from error


class Address:
    """
    Where a queue is, asked of SQS when first needed and remembered.

    So a process starts while SQS is away, says so in its health, and works when it is back.
    """

    def __init__(self, client: SqsClient, name: str) -> None:
        self.name = name
        self._client, self._url = client, ""

    async def url(self) -> str:
        """
        Return the queue's URL.

        Raises:
            QueueRefused: There is no such queue, or we may not see it.
            Unavailable: SQS does not answer.
        """
        if not self._url:
            with sqs_errors(f"queue {self.name}"):
                found = await self._client.get_queue_url(QueueName=self.name)
            self._url = found["QueueUrl"]
        return self._url

    async def ping(self) -> None:
        """
        Ask SQS for one attribute of the queue: the cheapest sign that it answers and knows us.

        Raises:
            Unavailable, QueueRefused: As `url`.
        """
        url = await self.url()
        with sqs_errors(f"ping {self.name}"):
            await self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
