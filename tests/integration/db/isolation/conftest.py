"""A database with two tenants, which attempts leave as it is; and copies to plant holes in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from switchboard.db.pool import open_pool
from tests.integration.db.isolation.matrix import Logins
from tests.integration.db.isolation.town import Town, settle
from tests.support.cluster import API, AUTHENTICATOR, CARETAKER, OWNER, PIPELINE, Cluster
from tests.support.servers import held


@dataclass(frozen=True, slots=True)
class Settled:
    """A database in which two tenants live."""

    name: str
    logins: Logins
    town: Town


def logins_to(cluster: Cluster, name: str) -> Logins:
    """Return the addresses of the database `name`."""
    roles = (OWNER, AUTHENTICATOR, API, PIPELINE, CARETAKER)
    return Logins(*(cluster.address(name, role) for role in roles))


@contextlib.asynccontextmanager
async def settled_in(cluster: Cluster, template: str) -> AsyncIterator[Settled]:
    """Give a copy of the database `template` in which two tenants live."""
    async with cluster.copy_of(template) as name:
        logins = logins_to(cluster, name)
        async with (
            open_pool(logins.owner, name="owner") as owner,
            open_pool(logins.pipeline, name="pipeline") as pipeline,
        ):
            town = await settle(owner, pipeline)
        yield Settled(name, logins, town)


@pytest.fixture(scope="session")
def settled(cluster: Cluster, database_template: str) -> Iterator[Settled]:
    """The two tenants; nothing that a test does to them is kept."""
    with held(settled_in(cluster, database_template)) as one:
        yield one


@pytest.fixture
def holed(cluster: Cluster, settled: Settled) -> Iterator[Settled]:
    """A copy of the database, to plant a hole in."""
    with held(cluster.copy_of(settled.name)) as name:
        yield Settled(name, logins_to(cluster, name), settled.town)
