"""The locked requirements: every file hashed, none tied to a registry, all of one mind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from switchboard.topology import SERVICES

FOLDER = Path(__file__).parents[3] / "requirements"
LOCKS = sorted(path.name for path in FOLDER.glob("*.txt"))


def requirements(lock: str) -> dict[str, str]:
    """Return the text of each requirement of a lock, by its name."""
    text = re.sub(r"^ +#.*\n", "", (FOLDER / lock).read_text(), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    return {entry.split("==")[0]: entry for entry in entries}


def test_each_image_and_each_environment_has_a_lock() -> None:
    """No service is installed from anything else."""
    wanted = {"bootstrap", "cli", "dev", "ministack", *(service.name for service in SERVICES)}

    assert {f"{name}.txt" for name in wanted} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_and_names_no_registry(lock: str) -> None:
    """What is installed is what was compiled, wherever it comes from."""
    assert "://" not in (FOLDER / lock).read_text()
    for name, entry in requirements(lock).items():
        assert re.match(r"[a-z0-9-]+==[^ ;]+", entry), name
        assert "--hash=sha256:" in entry, name


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_service_runs_on_what_was_tested(service: str) -> None:
    """Its image has the versions that the tests have."""
    tested = requirements("dev.txt")
    for name, entry in requirements(f"{service}.txt").items():
        assert tested[name].split()[0] == entry.split()[0]
