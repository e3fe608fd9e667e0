"""
Writes `docs/openapi.json` from the API's operations, so that clients are made from what is served.

`python -m dev.openapi_page` writes it; with `--check` it only tells whether it is up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from dev.made_pages import DOCS, write_or_check
from services.control.api import openapi

PAGE = DOCS / "openapi.json"


def page() -> str:
    """Return the description."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


def main(argv: Sequence[str]) -> int:
    """Write the description, or with `--check` return 1 if it is not what would be written."""
    return write_or_check(argv, PAGE, page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
