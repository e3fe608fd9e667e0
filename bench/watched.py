"""
A process that tells what its memory is: `python -m bench.watched services.router`.

It becomes the module, and besides listens on a Unix socket. Whoever connects is told what the
process holds at that moment, after everything that nobody refers to any more was collected:

    {"resident": bytes, "traced": bytes, "lines": {"switchboard/db/pool.py:12": bytes}}

`traced` and `lines` are what Python has allocated since it was first asked and not freed, by the
line that asked for it. Keeping track of that takes memory and time itself, so without
WATCHED_TRACES it is not done, and they are empty.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import runpy
import socket
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any, Final

AT: Final = "WATCHED_AT"
TRACES: Final = "WATCHED_TRACES"
# Said by who connects: to be told as it is, or once the allocator has given back what it can.
AS_IT_IS: Final = b"."
TRIMMED: Final = b"t"

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_ROOTS: Final = sorted((f"{root}/" for root in sys.path if root), key=len, reverse=True)


def main() -> None:
    """Listen, and become the module."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.environ[AT])
    server.listen()
    threading.Thread(target=_tell_whoever_asks, args=(server,), daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _tell_whoever_asks(server: socket.socket) -> None:
    while True:
        asking, _ = server.accept()
        with asking:
            asking.sendall(json.dumps(held(trim=asking.recv(1) == TRIMMED)).encode())


def held(*, trim: bool) -> dict[str, Any]:
    """Return what this process holds."""
    while gc.collect():
        pass
    if trim:
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    seen: dict[str, Any] = {"resident": pages * _PAGE_BYTES, "traced": 0, "lines": {}}
    if tracemalloc.is_tracing():
        seen["traced"], _ = tracemalloc.get_traced_memory()
        seen["lines"] = _by_line()
    elif TRACES in os.environ:
        tracemalloc.start()
    return seen


def _by_line() -> dict[str, int]:
    snapshot = tracemalloc.take_snapshot()
    found: dict[str, int] = {}
    for one in snapshot.statistics("lineno"):
        place = one.traceback[0]
        found[f"{_short(place.filename)}:{place.lineno}"] = one.size
    return found


def _short(path: str) -> str:
    """Return `path` without where it is installed."""
    return next((path.removeprefix(root) for root in _ROOTS if path.startswith(root)), path)


if __name__ == "__main__":
    main()
