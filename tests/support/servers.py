"""
Fixtures: real servers, one of each for a session, and a place of its own in them for each test.

Addresses come from TEST_DATABASE_URL (a superuser's, of a cluster for tests alone), TEST_REDIS_URL
(its database is emptied), TEST_AWS_ENDPOINT_URL and TEST_AWS_ENDPOINT_URL_S3 where set; otherwise
the servers of `dev.servers` are started, on ports the kernel chooses, when a test first asks for
one. What a test stops or restarts is `postgres_server`, `redis_server` or `sqs_server`: always
ours.

The servers belong to no event loop, so a test may `await` their methods in its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from uuid import uuid4

import pytest
import redis
from yarl import URL

from dev.servers import (
    PostgresServer,
    RedisServer,
    SqsServer,
    embedded_postgres,
    embedded_redis,
    embedded_sqs,
)
from tests.support.cluster import API, CARETAKER, OWNER, PIPELINE, Cluster

T = TypeVar("T")


@contextlib.contextmanager
def held(resource: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Hold an asynchronous `resource` open in a loop of its own, which does not become current."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        stack = contextlib.AsyncExitStack()
        try:
            yield runner.run(stack.enter_async_context(resource))
        finally:
            runner.run(stack.aclose())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """An embedded PostgreSQL that tests may restart."""
    with held(embedded_postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """An embedded Redis that tests may restart."""
    with held(embedded_redis()) as server:
        yield server


@pytest.fixture(scope="session")
def sqs_server() -> Iterator[SqsServer]:
    """An embedded SQS that tests may restart; without its queues afterwards."""
    with held(embedded_sqs()) as server:
        yield server


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The PostgreSQL cluster that holds the tests' databases."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return Cluster(superuser=URL(given))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return Cluster(superuser=URL(server.superuser_url), password=server.password)


@pytest.fixture(scope="session")
def database_template(cluster: Cluster) -> Iterator[str]:
    """The name of a migrated database that tests' databases are copies of."""
    with held(cluster.migrated()) as name:
        yield name


@pytest.fixture
def database_name(cluster: Cluster, database_template: str) -> Iterator[str]:
    """The name of a migrated, empty database of this test's own."""
    with held(cluster.copy_of(database_template)) as name:
        yield name


@pytest.fixture
def database_url(cluster: Cluster, database_name: str) -> str:
    """The test's database, as `postgres`, who owns the schema and is no superuser."""
    return cluster.address(database_name, OWNER)


@pytest.fixture
def pipeline_url(cluster: Cluster, database_name: str) -> str:
    """The test's database, as the router and the sender log in."""
    return cluster.address(database_name, PIPELINE)


@pytest.fixture
def api_url(cluster: Cluster, database_name: str) -> str:
    """The test's database, as the dashboard's API logs in."""
    return cluster.address(database_name, API)


@pytest.fixture
def caretaker_url(cluster: Cluster, database_name: str) -> str:
    """The test's database, as what looks after accounts logs in."""
    return cluster.address(database_name, CARETAKER)


@pytest.fixture
def bare_database_url(cluster: Cluster) -> Iterator[str]:
    """A database that no migration has touched, as `postgres`."""
    with held(cluster.bare()) as name:
        yield cluster.address(name, OWNER)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis database."""
    given = os.environ.get("TEST_REDIS_URL")
    url: str = given or request.getfixturevalue("redis_server").url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def sqs_endpoint_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An SQS-compatible server, and credentials it takes."""
    given = os.environ.get("TEST_AWS_ENDPOINT_URL")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        # Ours opens addresses signed with these, whatever an installation that runs has set.
        monkeypatch.setenv(name, os.environ.get(name, "test") if given else "test")
    url: str = given or request.getfixturevalue("sqs_server").endpoint_url
    return url


@pytest.fixture
def s3_endpoint_url(request: pytest.FixtureRequest, sqs_endpoint_url: str) -> str:
    """An S3-compatible server, and credentials it takes: the one of the queues, if that is ours."""
    given = os.environ.get("TEST_AWS_ENDPOINT_URL_S3")
    if given or not os.environ.get("TEST_AWS_ENDPOINT_URL"):
        return given or sqs_endpoint_url
    url: str = request.getfixturevalue("sqs_server").endpoint_url
    return url


@pytest.fixture
def queue_prefix() -> str:
    """A prefix for the names of this test's own queues."""
    return f"test-{uuid4().hex[:12]}"
