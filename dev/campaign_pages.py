"""
Writes `docs/campaign.schema.json` from the campaign's model and `docs/linter.md` from the linter's
codes, so that neither can be wrong.

`python -m dev.campaign_pages` writes them; with `--check` it only tells whether they are current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.rules.linter import CODES
from switchboard.rules.linter.findings import Sort

DOCS: Final = Path(__file__).parent.parent / "docs"

_HEAD = """\
# The linter

What is wrong with a campaign though it makes sense in itself. Errors keep it from being published,
warnings don't. A finding has one of these codes, the path of the part it is about, its step if it
is about one, and a sentence. The code is `libs/switchboard/rules/linter/`; this page is generated:
`make docs`.

Whatever Meta would refuse is tried at the simulator, in both directions: of generated campaigns,
those without such an error are never refused anything, and those with one are
(`tests/integration/rules/`). A margin of 5 minutes is kept at the end of every window.
"""

_SORTS: Final[dict[Sort, str]] = {
    "refused": "Errors: what Meta would refuse, or not show",
    "never": "Errors: what cannot come about",
    "limit": "Errors: what an account may not have more of",
    "unwise": "Warnings",
}


def pages() -> Mapping[Path, str]:
    """Return the pages' contents, by their paths."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= CAMPAIGN_DEFINITION.json_schema()
    return {
        DOCS / "campaign.schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n",
        DOCS / "linter.md": "\n".join([_HEAD, *_tables()]),
    }


def _tables() -> Iterator[str]:
    for sort, heading in _SORTS.items():
        yield f"## {heading}\n"
        yield "| code | what is wrong | source |\n| --- | --- | --- |"
        for code, about in CODES.items():
            if about.sort == sort:
                yield f"| `{code}` | {about.sentence} | {about.source} |"
        yield ""


def main(argv: Sequence[str]) -> int:
    """Write the pages, or with `--check` return 1 if one is not what would be written."""
    if "--check" in argv:
        return 0 if all(path.read_text() == page for path, page in pages().items()) else 1
    for path, page in pages().items():
        path.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
