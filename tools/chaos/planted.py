"""
A service with a mistake in it, to show that chaos finds that mistake.

    python -m tools.chaos.planted NAME services.sender

patches one function and then runs the service as usual. What the mistake is stands with each plant
in `plants`. A service that a plant does not concern runs as it is.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence

from tools.chaos.plants import PLANTS

__all__ = ["PLANTS", "main"]


def main(argv: Sequence[str]) -> None:
    """Plant the mistake, and become the service."""
    name, module = argv
    plant = PLANTS[name]
    if module in plant.services:
        plant.put()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
