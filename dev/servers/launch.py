"""
The last thing a server's process does before it becomes the server.

Run as a script by the interpreter, in a process of its own, and replaced by the server with the
same process id. Here, and not in a function between fork and exec: Python allows little there while
other threads exist.

    python launch.py [--as mapped|UID] [--die-with PID SIGNAL] -- COMMAND...

`--as mapped` keeps root's files but not its name: in a user namespace of its own the process is
uid 1000, mapped to the uid it really has. PostgreSQL, which refuses root, is content; no user is
created and no permission of a directory changes. `--as UID` drops to that user instead.

`--die-with PID SIGNAL` asks the kernel (prctl(2), PR_SET_PDEATHSIG) to signal the server when the
thread that started it ends. After the change of user, which would clear it; only on Linux.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path

MAPPED_UID = 1000

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Become `COMMAND`, as the right user and bound to the parent's life."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--as", dest="identity", default="self")
    parser.add_argument("--die-with", nargs=2, type=int)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(argv)
    try:
        _become(options.identity)
    except OSError as error:
        sys.exit(f"cannot become {options.identity}: {error}")
    if options.die_with:
        _die_with(*options.die_with)
    os.execv(options.command[0], options.command)  # noqa: S606  no shell is the point


def _become(identity: str) -> None:
    if identity == "mapped":
        _enter_user_namespace()
    elif identity != "self":
        os.setgroups([])
        os.setgid(int(identity))
        os.setuid(int(identity))


def _enter_user_namespace() -> None:
    """
    Become uid and gid `MAPPED_UID` in a new user namespace.

    Source: user_namespaces(7): a process may map its own effective ids, one line each, and the
    gid only after giving up setgroups.
    """
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"unshare: {os.strerror(errno)}")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{MAPPED_UID} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{MAPPED_UID} {gid} 1", encoding="ascii")


def _die_with(parent_pid: int, signum: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        errno = ctypes.get_errno()
        sys.exit(f"prctl: {os.strerror(errno)}")
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit("the process that started this server is gone")


if __name__ == "__main__":
    main(sys.argv[1:])
