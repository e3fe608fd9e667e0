"""How a command ends, and what it says when it cannot do what was asked: one line, no traceback."""

from __future__ import annotations

from typing import Final

# 0 is "done, and nothing found".
EXIT_FOUND: Final = 1  # findings, or differences: what was looked for is there
EXIT_CANNOT: Final = 2  # the arguments, the file or the settings are not right, or a part is away
EXIT_INTERRUPTED: Final = 130  # Ctrl-C, as shells have it


class CannotDo(Exception):  # noqa: N818  it is no error of ours: it says what is to be done
    """What was asked cannot be done; the message is one line that says why and what to do."""
