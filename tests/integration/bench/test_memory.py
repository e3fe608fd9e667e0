"""The benchmark of memory tells who keeps what it was given from who does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.http_load import post_all, request
from bench.memory import MOST_BYTES, Look, grown, kept_bytes, look
from bench.process import free_port, running
from bench.watched import AT, TRACES, TRIMMED

ASKED = 300
WORDS = 200  # bytes of each


async def looks(tmp_path: Path, what_it_does: str) -> Sequence[Look]:
    """Return what a process holds after each of two times so many questions, once it is warm."""
    at, port, found = tmp_path / "at", free_port(), []
    async with running(
        "bench.watched",
        env={AT: str(at), TRACES: "1"},
        port=port,
        arguments=["tests.integration.bench.hoarding", str(port), what_it_does],
    ):
        for first in (0, ASKED, 2 * ASKED):
            questions = [
                request("/", str(number).zfill(WORDS).encode(), {})
                for number in range(first, first + ASKED)
            ]
            load = await post_all("127.0.0.1", port, questions, connections=2)
            assert {200: ASKED} == load.statuses
            found.append(await look(at))
        trimmed = await look(at, TRIMMED)
    assert 0 < trimmed.resident
    return found[1:]


async def test_what_is_kept_is_seen(tmp_path: Path) -> None:
    """Each question that stays in memory counts with all of its bytes, and where they were made."""
    before, after = await looks(tmp_path, "keep")

    assert kept_bytes(before, after, ASKED) > WORDS
    line, size = grown(before, after)[0]
    assert line.startswith("aiohttp/web_request.py:")
    assert size > WORDS * ASKED


async def test_what_is_forgotten_is_not_seen(tmp_path: Path) -> None:
    """A process that has forgotten them holds what it held before, but for trifles."""
    before, after = await looks(tmp_path, "forget")

    assert kept_bytes(before, after, ASKED) < MOST_BYTES


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [
        ({"a:1": 10}, {"a:1": 30, "b:2": 5}, [("a:1", 20), ("b:2", 5)]),
        ({"a:1": 10, "gone:3": 7}, {"a:1": 10}, []),
    ],
)
def test_lines_that_grew(
    before: dict[str, int], after: dict[str, int], most: list[tuple[str, int]]
) -> None:
    """Only what has grown is told, most first."""
    assert most == grown(Look(0, 0, before), Look(0, 0, after))
