"""A file of lines is there whole, or not at all, and says what was written."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from services.control.caretaker import archiving
from services.control.caretaker.archiving import CannotArchive, Filed
from services.control.caretaker.retaining import file_name, is_over
from switchboard.storage import CannotKeep
from switchboard.storage.directory import Directory

LINES = ['{"text": "día"}', '{"text": "\\n"}', "{}"]


async def pages(*whole: Sequence[str], fails: Exception | None = None) -> AsyncIterator[list[str]]:
    for page in whole:
        yield list(page)
    if fails is not None:
        raise fails


def there(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_what_is_written(tmp_path: Path) -> None:
    """Line by line what was given, and nothing but the file; its checksum is the file's."""
    path = tmp_path / "a.jsonl.gz"
    filed = await archiving.write(Directory(tmp_path), path.name, pages(LINES[:2], LINES[2:]))
    written = path.read_bytes()

    assert "".join(f"{line}\n" for line in LINES) == gzip.decompress(written).decode()
    assert Filed(3, len(written), hashlib.sha256(written).hexdigest()) == filed
    assert [path] == there(tmp_path)


async def test_the_same_lines(tmp_path: Path) -> None:
    """However they came in pages, and whenever, they are the same bytes; none are a file, too."""
    place = Directory(tmp_path)
    one = await archiving.write(place, "a", pages(LINES))
    other = await archiving.write(place, "b", pages(LINES))
    none = await archiving.write(place, "c", pages())

    assert one == other
    assert 0 == none.rows


async def test_one_that_is_there(tmp_path: Path) -> None:
    """It is replaced by the whole new one."""
    path = tmp_path / "a"
    path.write_text("earlier")
    filed = await archiving.write(Directory(tmp_path), "a", pages(LINES))

    assert filed.rows == archiving.count(path)
    assert filed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_reading_that_breaks(tmp_path: Path) -> None:
    """Half a day is no archive: what was there before stays, and nothing is left lying about."""
    path = tmp_path / "a"
    path.write_text("earlier")
    with pytest.raises(KeyError):
        await archiving.write(Directory(tmp_path), "a", pages(LINES, fails=KeyError("oops")))

    assert "earlier" == path.read_text()
    assert [path] == there(tmp_path)


async def test_nowhere_to_write(tmp_path: Path) -> None:
    """It is a failure of ours, which names the file."""
    with pytest.raises(CannotArchive, match=r"a\.gz"):
        await archiving.write(Directory(tmp_path / "missing"), "a.gz", pages(LINES))


async def test_lines_that_get_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads back as another number of lines is no archive."""
    count = archiving.count
    monkeypatch.setattr(archiving, "count", lambda path: count(path) - 1)
    with pytest.raises(CannotArchive, match="3 lines written, 2 read back"):
        await archiving.write(Directory(tmp_path), "a", pages(LINES))

    assert [] == there(tmp_path)


async def test_a_place_that_refuses(tmp_path: Path) -> None:
    """Its own failure passes, and nothing is left lying about."""
    with pytest.raises(CannotKeep):
        await archiving.write(Directory(tmp_path), "../a", pages(LINES))

    assert [] == there(tmp_path)


@pytest.mark.parametrize("broken", [b"plain", b""])
def test_what_is_no_archive(tmp_path: Path, broken: bytes) -> None:
    """A file that is not compressed has nothing in it that could be relied on."""
    path = tmp_path / "a"
    path.write_bytes(broken)
    try:
        rows = archiving.count(path)
    except gzip.BadGzipFile:
        rows = 0

    assert 0 == rows


def test_names() -> None:
    """A day has one file; what came after it had been dropped has one more."""
    day = date(2026, 11, 2)

    assert "events-2026-11-02.jsonl.gz" == file_name(day, 1)
    assert "events-2026-11-02.2.jsonl.gz" == file_name(day, 2)


@pytest.mark.parametrize(("day", "over"), [(1, True), (2, False), (3, False)])
def test_when_a_day_is_old(day: int, *, over: bool) -> None:
    """Kept are today and so many whole days before it."""
    assert over == is_over(date(2026, 11, day), date(2026, 12, 2), 30)
