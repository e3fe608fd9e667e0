"""Whom a server runs as, where it refuses to run as root."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from typing import Final, Literal, TypeAlias

from dev.servers import launch

RunAs: TypeAlias = Literal["self", "mapped", "nobody"]

NOBODY_UID: Final = 65_534  # the kernel's overflow id: no account has to exist for it

_OPTION: Final[dict[RunAs, str]] = {"self": "self", "mapped": "mapped", "nobody": str(NOBODY_UID)}


@functools.cache
def not_root() -> RunAs:
    """
    Return how a server that refuses root is run by us.

    An ordinary user runs it as it is. Root enters a user namespace, where it keeps access to its
    own files under another name; where the host forbids namespaces it becomes nobody, who must be
    let into the home and cannot reach one below a directory closed to others.
    """
    if os.geteuid() != 0:
        return "self"
    trial = subprocess.run(
        [*prefix("mapped"), "/bin/sh", "-c", "exit 0"], capture_output=True, check=False
    )
    return "mapped" if trial.returncode == 0 else "nobody"


def prefix(run_as: RunAs, *, die_by: int | None = None) -> list[str]:
    """Return what to put before a command so that it runs as `run_as` and dies with us."""
    bound = [] if die_by is None else ["--die-with", str(os.getpid()), str(die_by)]
    return [
        sys.executable, "-I", "-S", str(launch.__file__), "--as", _OPTION[run_as], *bound, "--",
    ]  # fmt: skip
