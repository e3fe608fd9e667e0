"""A part of the local stack that can end when nobody asked it to, and what is done then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from dev.failures import EXPECTED, PartEnded

_PATIENCE_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # before the n-th restart in a row
_STEADY_S: Final = 60.0  # after so long, the next end counts as the first


class Part(Protocol):
    """A process of ours: a server, the simulator, or a service."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def start(self) -> None:
        """Start it and wait until it answers."""
        ...

    async def ended(self) -> int:
        """Wait until it has ended; return its exit code."""
        ...

    def last_words(self) -> str:
        """Return the last lines it logged."""
        ...


async def fail_with(part: Part) -> None:
    """
    Watch `part`, to fail when it ends.

    Raises:
        PartEnded: It did.
    """
    raise PartEnded(_obituary(part, await part.ended()))


async def keep_alive(part: Part, tell: Callable[[str], None]) -> None:
    """Watch `part`: each time it ends, `tell` so and start it again, more patiently each time."""
    loop, fallen = asyncio.get_running_loop(), 0
    while True:
        since = loop.time()
        code = await part.ended()
        fallen = 0 if loop.time() - since > _STEADY_S else fallen
        while True:
            pause_s = _PATIENCE_S[min(fallen, len(_PATIENCE_S) - 1)]
            fallen += 1
            tell(f"{_obituary(part, code)}\n{part.name}: starting it again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            try:
                await part.start()
            except EXPECTED as failure:
                tell(str(failure))
                continue
            tell(f"{part.name} is back")
            break


def _obituary(part: Part, code: int) -> str:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"{part.name} {how}; it last wrote:\n{part.last_words()}"
