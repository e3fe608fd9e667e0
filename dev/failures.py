"""What ends the local stack with one line and no traceback."""

from __future__ import annotations

from typing import Final

from dev.platform import PlatformRefused
from dev.servers import ServerFailed
from switchboard.errors import Failure


class CannotRun(Exception):  # noqa: N818  it reads as what happened
    """Something stands in the way. The message names the setting and says what to do."""


class PartEnded(Exception):  # noqa: N818  it reads as what happened
    """A process that should be running has ended, or does not become ready."""


EXPECTED: Final = (CannotRun, PartEnded, ServerFailed, PlatformRefused, Failure)
