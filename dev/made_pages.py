"""Pages of docs/ that are made from the code: written, or compared with what would be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parent.parent / "docs"


def write_or_check(argv: Sequence[str], path: Path, page: Callable[[], str]) -> int:
    """Write `page` to `path`; with `--check` return 1 if that is not what is there."""
    if "--check" in argv:
        return 0 if path.read_text() == page() else 1
    path.write_text(page())
    return 0
