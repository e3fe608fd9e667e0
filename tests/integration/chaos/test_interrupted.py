"""`make chaos`, ended in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_signal_ends_all_of_it() -> None:
    """Told to end, it stops what it has started and says so: no success, and no failure."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "tools.chaos", "--seed", "1"],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "Database schema" in line:
                break
        running.send_signal(signal.SIGTERM)
        said = running.stdout.read()

    assert 130 == running.returncode
    assert "interrupted; everything is stopped" in said
