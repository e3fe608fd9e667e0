"""The command line and a database, as its own tests have them."""

from __future__ import annotations

from tests.integration.cli.conftest import owner, switchboard

__all__ = ["owner", "switchboard"]
