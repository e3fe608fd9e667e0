"""What the caretaker's environment may say of where files are kept."""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from services.control.caretaker.settings import CaretakerSettings

NEEDED = {
    "CARETAKER_DATABASE_URL": "postgresql://caretaker@127.0.0.1/switchboard",
    "META_APP_SECRETS": "s",
    "TOKEN_KEYS": f"k:{base64.b64encode(b'0' * 32).decode()}",
}


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> CaretakerSettings:
    for name, value in {**NEEDED, **given}.items():
        monkeypatch.setenv(name, value)
    return CaretakerSettings()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"ARCHIVE_URL": "s3://some-bucket/days", "RETENTION_DAYS": "30"}, "s3://some-bucket/days"),
        ({"ARCHIVE_URL": "/var/days", "RETENTION_DAYS": "30"}, "/var/days"),
        ({"ARCHIVE_DIR": "/var/days", "RETENTION_DAYS": "30"}, "/var/days"),
    ],
)
def test_where_days_are_kept(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str | None
) -> None:
    """In a bucket or a directory; by its earlier name, too."""
    assert expected == settings(monkeypatch, **given).archive


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ARCHIVE_URL": "/var/days"}, "set together"),
        ({"RETENTION_DAYS": "30"}, "set together"),
        ({"ARCHIVE_URL": "https://x.example", "RETENTION_DAYS": "30"}, "s3://bucket/prefix"),
        ({"ARCHIVE_URL": "/a", "ARCHIVE_DIR": "/a", "RETENTION_DAYS": "30"}, "called before"),
        ({"SNAPSHOTS_EVERY_DAYS": "7"}, "needs EXPORTS_URL"),
    ],
)
def test_what_cannot_be(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], told: str) -> None:
    """Dropping or writing without a place, a place without, and two are refused at the start."""
    with pytest.raises(ValidationError, match=told):
        settings(monkeypatch, **given)
