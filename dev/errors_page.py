"""
Writes `docs/errors.md` from the table of Meta's errors, so that the page cannot be wrong.

`python -m dev.errors_page` writes it; with `--check` it only tells whether it is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from dev.made_pages import DOCS, write_or_check
from services.sender.alarms import KINDS
from switchboard.graph import Action, Classified, every_row
from switchboard.graph.errors import ANY

PAGE: Final = DOCS / "errors.md"

_HEAD: Final = """\
# Meta's errors

What Meta can answer instead of doing what we asked, and what becomes of it. Code and subcode
decide alone: Meta translates its messages, and the same error comes with different HTTP statuses.
The table is `libs/switchboard/graph/errors.py`; this page is generated: `make docs`.

- **-** is an answer without a subcode, **any** is one that no other row names.
- A delivery keeps the *reason*; each has its sentence (`rules/sentences.py`). What each *alert*
  asks for is in [operations.md](operations.md), why there are holds and probes in
  [ADR 13](adr/0013-holds-and-probes.md).
- Meta's own wait (`estimated_time_to_regain_access`) counts where it is longer than ours.
- What may be done only once, a private or a public reply, is tried again after a clear refusal
  alone: a limit, a restriction, a dead token. Whatever leaves open whether Meta acted is uncertain.
- `is_transient: false` spares an error nobody knows its second try. Nothing else goes by it.
"""

_SECTIONS: Final[Mapping[Action, str]] = {
    Action.AMBIG: "It may have been done",
    Action.RETRY: "Not now",
    Action.HOLD: "The account is restricted",
    Action.OWNER: "The owner must do something at Instagram",
    Action.REAUTH: "The owner must connect again",
    Action.WINDOW: "The person's window is over",
    Action.DROP: "Never, for this person or comment",
    Action.DONE: "It was answered before",
    Action.FIX: "A mistake of ours",
    Action.UNKNOWN: "Anything else",
}

_MAYBE_DONE: Final = """
No code at all is the same: a timeout or a reset after the call has begun to leave us, a 5xx without
a body, an answer that cannot be read. A call that never left us is simply made again.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for action, heading in _SECTIONS.items():
        yield f"## {heading}\n"
        yield "| code | subcode | reason | what it means | what we do | alert | source |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from (_line(*row) for row in every_row() if row[2].action is action)
        yield _MAYBE_DONE if action is Action.AMBIG else ""


def _line(code: object, subcode: object, row: Classified) -> str:
    cells = (
        _number(code),
        _number(subcode),
        f"`{row.reason}`",
        row.meaning,
        _done(row),
        f"`{KINDS[row.reason]}`" if row.reason in KINDS else "",
        row.source.value,
    )
    return f"| {' | '.join(cells)} |"


def _number(number: object) -> str:
    if number is ANY:
        return "any"
    return "-" if number is None else str(number)


def _done(row: Classified) -> str:  # noqa: PLR0911  a table: one line for each action
    match row.action:
        case Action.AMBIG:
            return "a send is uncertain: looked up, never repeated; a read is made again"
        case Action.RETRY if row.app_wide:
            return f"the whole app waits {_wait(row)}{_unless_once(row)}"
        case Action.RETRY if row.is_limit:
            return f"the account waits {_wait(row)}"
        case Action.RETRY:
            return f"again after {_wait(row)}, then ever later; 5 times at most{_unless_once(row)}"
        case Action.HOLD | Action.OWNER:
            return _held(row)
        case Action.REAUTH:
            return "everything of the account waits until it is connected again"
        case Action.WINDOW:
            return "expired"
        case Action.UNKNOWN:
            return "a message or a question is tried once more, the rest is not; a person is told"
        case _:
            return "refused" if row.at_first is None else "refused, once anything has been taken"


def _held(row: Classified) -> str:
    first, longest = _wait(row), _length(row.longest_s)
    told = f"the account is held {first}, doubling to {longest}, with one probe after each"
    if row.reconnect_after is not None:
        return f"{told}; after {row.reconnect_after} in a row: connect again"
    return told


def _unless_once(row: Classified) -> str:
    return "; a private or public reply is uncertain" if row.may_have_begun else ""


def _wait(row: Classified) -> str:
    return _length(row.wait_s)


def _length(seconds: float | None) -> str:
    whole = timedelta(seconds=seconds or 0.0)
    if whole >= timedelta(hours=1):
        return f"{whole / timedelta(hours=1):g} h"
    if whole >= timedelta(minutes=1):
        return f"{whole / timedelta(minutes=1):g} min"
    return f"{whole / timedelta(seconds=1):g} s"


def main(argv: Sequence[str]) -> int:
    """Write the page, or with `--check` return 1 if it is not what would be written."""
    return write_or_check(argv, PAGE, page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
