"""What `make` offers, and what setting up says where it cannot."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

TARGETS = {
    "help", "setup", "run", "demo", "test", "check", "fmt", "locks", "docs", "migrate", "advisors",
    "bench", "chaos", "soak", "postgres-versions", "clean",
}  # fmt: skip


def make(*arguments: str, cwd: Path) -> str:
    """Return what `make` prints."""
    made = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def test_make_alone_lists_every_target(checkout: Path) -> None:
    """A stranger's first command tells them the others."""
    assert TARGETS == set(re.findall(r"^  make ([\w-]+)", make(cwd=checkout), re.MULTILINE))


def test_it_works_from_anywhere(checkout: Path, tmp_path: Path) -> None:
    """Recipes run in the checkout, wherever they are asked for."""
    told = make("-f", str(checkout / "Makefile"), "-n", "demo", cwd=tmp_path)

    assert f'cd "{checkout}" && exec .venv/bin/python -m dev demo' in told


def test_a_python_that_is_too_old_is_one_line(checkout: Path, tmp_path: Path) -> None:
    """It names the variable; nothing is installed."""
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ended = setup(checkout, tmp_path, PYTHON=str(old))

    assert 1 == ended.returncode
    assert f"PYTHON={old} is not a Python 3.11 or later with venv\n" == ended.stderr
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_is_one_line(checkout: Path, tmp_path: Path) -> None:
    """It says what to install, and how to name another."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "mkdir").symlink_to("/bin/mkdir")
    ended = setup(checkout, tmp_path, PATH=str(tools))

    assert 1 == ended.returncode
    (line,) = ended.stderr.splitlines()
    assert "make PYTHON=/path/to/python" in line


def setup(checkout: Path, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script behind `make setup` in an empty folder."""
    return subprocess.run(
        ["/bin/sh", str(checkout / "dev" / "setup.sh")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )
