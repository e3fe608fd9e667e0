"""
Patterns in RE2's syntax: searched in time that grows with the text alone.

RE2 has no look-around and no references back, which is what makes it safe to run an owner's
pattern on a stranger's text. Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

# Has no types of its own.
import re2  # type: ignore[import-untyped]

MAX_PATTERN_CHARACTERS: Final = 200
_MAX_PATTERN_BYTES: Final = 1 << 18  # compiled, with its cache; RE2's own default is 8 MiB
_MAX_SET_BYTES: Final = 64 << 20  # for the automaton of all an account's patterns together


def fault(pattern: str) -> str | None:
    """Return what is wrong with `pattern` and at which character (from 0), or `None`."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        too_long = f"{len(pattern)} characters; at most {MAX_PATTERN_CHARACTERS}"
        return f"at {MAX_PATTERN_CHARACTERS}: {too_long}"
    reason = _reason(pattern)
    if reason is not None:
        said, _, fragment = reason.partition(": ")
        return f"at {_position(pattern, reason, fragment)}: {said}; RE2 syntax is wanted"
    if _compiled(pattern).search("") is not None:
        return "at 0: it matches the empty text, so it would match every text"
    return None


class Patterns:
    """Many patterns, searched together; only those that are there are then located."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_compiled(pattern) for pattern in patterns]
        self._together = re2.Set.SearchSet(_options(_MAX_SET_BYTES)) if patterns else None
        if self._together is not None:
            for pattern in patterns:
                self._together.Add(pattern)
            # Matches every text: a set that runs out of memory finds nothing, and so is noticed.
            self._together.Add("")
            self._together.Compile()

    def search(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield the number, start and end of the first place of each pattern that is there."""
        if self._together is None:
            return
        for number in self._there(text):
            for place in self._patterns[number].finditer(text):
                if place.start() < place.end():
                    yield number, place.start(), place.end()
                    break

    def _there(self, text: str) -> Sequence[int]:
        found = sorted(self._together.Match(text)) if self._together else []
        everything = range(len(self._patterns))
        return [number for number in found if number in everything] if found else everything


def _reason(pattern: str) -> str | None:
    try:
        _compiled(pattern)
    except re2.error as refused:
        said = refused.args[0]
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def _position(pattern: str, reason: str, fragment: str) -> int:
    """
    Return where the fault is: RE2 names the fragment it stumbled over, but not where.

    It reads from the left, so it is the first place where the text up to its end has that fault;
    where RE2 names the whole pattern, the end of the longest beginning that has none.
    """
    start = pattern.find(fragment) if fragment != pattern else -1
    while fragment and start >= 0:
        if _reason(pattern[: start + len(fragment)]) == reason:
            return start
        start = pattern.find(fragment, start + 1)
    return next(end for end in range(len(pattern), -1, -1) if _reason(pattern[:end]) is None)


def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _options(_MAX_PATTERN_BYTES))


def _options(max_bytes: int) -> Any:
    options = re2.Options()
    options.max_mem = max_bytes
    options.case_sensitive = False
    options.log_errors = False  # they go to the owner, not to standard error
    return options
