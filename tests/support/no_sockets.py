"""
Unit and property tests open no socket.

A test that reaches the network is slow, may fail for somebody else's reasons, and belongs to
another kind. Python tells an audit hook of every socket before it exists, also of those made by
extension modules; sockets between parts of this process (AF_UNIX, an event loop's own) are let be.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

_FORBIDDEN_IN: Final = tuple(
    Path(__file__).resolve().parents[1] / kind for kind in ("unit", "properties")
)
_HARMLESS: Final = frozenset({getattr(socket, "AF_UNIX", None), -1})  # -1: as its file descriptor

_refused: list[str] | None = None  # while it is a list, sockets are refused and noted in it


class SocketOpened(RuntimeError):  # noqa: N818  it reads as what happened
    """A test that must not has opened a socket. No OSError: the tested code would handle it."""


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse sockets to this test if it is of a kind that opens none."""
    global _refused  # noqa: PLW0603  an audit hook can be told what to do in no other way
    if not any(request.path.is_relative_to(folder) for folder in _FORBIDDEN_IN):
        yield
        return
    refused: list[str] = []
    _refused = refused
    yield
    _refused = None
    if refused:  # also if the tested code swallowed the error
        pytest.fail(f"{refused[0]}: use a fake, or move the test to tests/integration")


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.__new__" or _refused is None:
        return
    family = arguments[1]
    if family not in _HARMLESS:
        _refused.append(f"this kind of test opens no socket, and this one did ({family!r})")
        raise SocketOpened(_refused[-1])


sys.addaudithook(_watch)
