"""
An embedded server that speaks SQS, and S3: ministack, in an environment of its own.

It answers every call of theirs we make, and one delivery per visibility window also under
concurrency. It keeps what it holds over a polite stop, not over SIGKILL, and knows no fairness
between message groups: what depends on either is not tested here.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import aiohttp

from dev.servers.binaries import ministack_python
from dev.servers.embedded import HOST, EmbeddedServer
from dev.servers.home import open_home

_SCRIPT: Final = Path(__file__).with_name("prompt_ministack.py")
_PROBE_BUDGET = aiohttp.ClientTimeout(total=2)


class SqsServer(EmbeddedServer):
    """
    An SQS-compatible server. Any region will do, and any credentials for calls.

    It opens an address signed with those it was started with, or with `test`.
    """

    name = "sqs"
    farewell = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0))

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL is to be."""
        return f"http://{HOST}:{self.port}"

    def _command(self, port: int) -> list[str]:  # noqa: ARG002  it comes with the environment
        return [str(ministack_python()), "-I", str(_SCRIPT)]

    def _environment(self, port: int) -> Mapping[str, str]:
        return {
            "SERVICES": "sqs,s3,kms",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._home.data),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self._home.data / "s3"),
            "TMPDIR": str(self._home.path),  # it notes its process id there
            "LOG_LEVEL": "WARNING",
            # It removes leftover containers of its own at start and stop; we have none, and
            # somebody else's are not ours to touch.
            "DOCKER_HOST": "unix:///nonexistent",
        }

    async def _answers(self, port: int) -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=_PROBE_BUDGET) as http,
                http.post(
                    f"http://{HOST}:{port}/",
                    data=b"{}",
                    headers={
                        "X-Amz-Target": "AmazonSQS.ListQueues",
                        "Content-Type": "application/x-amz-json-1.0",
                    },
                ) as answer,
            ):
                return answer.ok
        except aiohttp.ClientError:
            return False


@contextlib.asynccontextmanager
async def embedded_sqs(*, data_dir: Path | None = None, port: int = 0) -> AsyncIterator[SqsServer]:
    """
    Run an SQS-compatible server on the loopback address, on `port` or a free one.

    Raises:
        ServerFailed: It is not there, or does not start; the message says why.
    """
    with open_home(data_dir, name="sqs") as home:
        home.data.mkdir(mode=0o700, exist_ok=True)
        server = SqsServer(home, port)
        try:
            await server.start()
            yield server
        finally:
            # A polite stop takes 3 s while anybody is connected; only kept data is worth that.
            await server.stop(kill=home.temporary)
