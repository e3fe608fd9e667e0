"""What every kind of test has: real servers to ask for, and for some kinds, no sockets."""

import os
from typing import Final

import hypothesis
import pytest

pytest_plugins = [
    "tests.support.environment",
    "tests.support.servers",
    "tests.support.no_sockets",
    "tests.support.browser",
    "tests.support.installation",
]

# How long an example takes says something of the machine, not of what is tested.
hypothesis.settings.register_profile("no_clock", deadline=None)
hypothesis.settings.load_profile("no_clock")

# A worker has servers of its own, of every kind: some hundred MiB.
_MOST_WORKERS: Final = 4
_SHARED: Final = (
    "TEST_DATABASE_URL",
    "TEST_REDIS_URL",
    "TEST_AWS_ENDPOINT_URL",
    "TEST_AWS_ENDPOINT_URL_S3",
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes run the tests: one where servers are given, as tests empty them."""
    given = any(name in os.environ for name in _SHARED)
    return 1 if given else min(os.cpu_count() or 1, _MOST_WORKERS)
