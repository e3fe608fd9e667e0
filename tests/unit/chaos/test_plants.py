"""Each plant can be put: what it replaces is still there by that name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from switchboard.topology import SERVICES
from tools.chaos.plants import HOUR_TURNS_AT, PLANTS

ROOT = Path(__file__).parents[3]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own: a plant changes what it is put into."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, HOUR_TURNS_AT: "0", "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_a_plant_can_be_put(name: str) -> None:
    """Nothing that a plant replaces has gone, or been renamed, without anybody noticing."""
    put = python("-c", f"from tools.chaos.plants import PLANTS; PLANTS[{name!r}].put()")

    assert (0, "") == (put.returncode, put.stderr)


def test_plants_concern_services() -> None:
    """Each is for a service that there is."""
    modules = {f"services.{service.name}" for service in SERVICES}

    assert {one for plant in PLANTS.values() for one in plant.services} <= modules


@pytest.mark.parametrize("module", ["services.sender", "services.router"])
def test_a_planted_service_is_that_service(module: str) -> None:
    """Planted or not concerned, it starts as usual: here, it says which settings it lacks."""
    ran = python("-m", "tools.chaos.planted", "resend_on_timeout", module)

    assert 2 == ran.returncode
    assert "cannot start: REDIS_URL" in ran.stderr
