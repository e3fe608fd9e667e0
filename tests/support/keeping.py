"""What a process keeps: how many objects of our own kinds there are, to be compared with later."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Final

_OURS: Final = ("services.", "switchboard.")


def kept() -> Counter[str]:
    """Return how many objects of each of our classes somebody still refers to."""
    while gc.collect():
        pass
    kinds = map(type, gc.get_objects())
    named = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    return Counter({name: count for name, count in named.items() if name.startswith(_OURS)})
