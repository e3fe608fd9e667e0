"""What one test leaves in the environment, another one finds."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _leaves_aws_alone() -> Iterator[None]:
    """A test that changes what AWS clients read fails itself, not one far from it."""
    before = _aws()
    yield
    assert before == _aws(), "the test left settings of AWS changed: use monkeypatch"


def _aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
