"""
Writes `docs/openapi.json` from the API's operations, so that clients are made from what is served.

`python -m dev.openapi_page` writes it; with `--check` it only tells whether it is up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.control.api import openapi

PAGE = Path(__file__).parent.parent / "docs" / "openapi.json"


def page() -> str:
    """Return the description."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


def main(argv: Sequence[str]) -> int:
    """Write the description, or with `--check` return 1 if it is not what would be written."""
    if "--check" in argv:
        return 0 if PAGE.read_text() == page() else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
