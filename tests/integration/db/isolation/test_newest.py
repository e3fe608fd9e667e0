"""The newest PostgreSQL that is at hand: the schema applies there, and keeps tenants apart."""

from __future__ import annotations

import pytest
from yarl import URL

from dev.servers import embedded_postgres
from dev.servers.binaries import wheel_postgres
from tests.integration.db.isolation import matrix
from tests.integration.db.isolation.conftest import settled_in
from tests.support.cluster import Cluster

NEWEST = 18


async def test_every_cell_on_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every migration applies as nobody's superuser, and each attempt ends as on the usual one."""
    monkeypatch.setenv("POSTGRES_BIN_DIR", str(wheel_postgres(NEWEST)))
    async with embedded_postgres() as server:
        cluster = Cluster(superuser=URL(server.superuser_url), password=server.password)
        async with cluster.migrated() as template, settled_in(cluster, template) as settled:
            async with matrix.connected(settled.logins.owner) as owner:
                version = await owner.fetchval("select current_setting('server_version')")
                is_superuser = await owner.fetchval("select current_setting('is_superuser')")
            found = await matrix.found(settled.logins, settled.town)

    assert (f"{NEWEST}", "off") == (version.partition(".")[0], is_superuser)
    assert matrix.expected(settled.town) == found
