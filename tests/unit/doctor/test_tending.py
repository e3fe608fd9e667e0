"""What is done by itself: each check can pass, and each can fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from switchboard.db.examining import Covered, Days, Exports, Tended
from switchboard.doctor import tending
from switchboard.doctor.finding import Verdict
from tests.support.builders import NOON
from tests.unit.doctor.findings import verdicts

TODAY = NOON.date()
MB = 1024 * 1024


def job(**fields: Any) -> Tended:
    """Return a job that is due in an hour."""
    whole: dict[str, Any] = {
        "name": "refresh",
        "username": "shop",
        "next_run_at": NOON + timedelta(hours=1),
        "running": False,
        "last_finished_at": NOON - timedelta(hours=1),
        "last_error": None,
        "failures": 0,
    }
    return Tended(**whole | fields)


DUE = NOON - timedelta(minutes=20)


@pytest.mark.parametrize(
    ("tended", "expected"),
    [
        ([], {"jobs": "warning"}),
        ([job()], {"jobs": "ok"}),
        ([job(), job(next_run_at=DUE)], {"jobs": "failure"}),
        ([job(next_run_at=DUE, running=True)], {"jobs": "ok"}),
        ([job(next_run_at=NOON - timedelta(minutes=5))], {"jobs": "ok"}),
        ([job(name="retention", username="", failures=3)], {"jobs": "ok", "job": "warning"}),
        ([job(failures=9)], {"jobs": "ok"}),  # told of with its account
    ],
)
def test_jobs(tended: list[Tended], expected: dict[str, Verdict]) -> None:
    """None at all, some that nobody does, and what fails again and again for all."""
    assert expected == verdicts(tending.jobs(tended, NOON))


def test_jobs_of_an_account() -> None:
    """What fails for it is named with its reason, and what is not done with its time."""
    failing = job(name="backfill", failures=3, last_error="unavailable: Graph")
    found = list(tending.jobs_of("shop", [failing, job(next_run_at=DUE)], NOON))

    assert ["warning", "warning"] == [one.verdict for one in found]
    assert "backfill failed 3 times in a row: unavailable: Graph" == found[0].saw
    assert "refresh has been due" in found[1].saw
    assert {"job": "ok"} == verdicts(tending.jobs_of("shop", [job(), job(failures=2)], NOON))
    assert [] == list(tending.jobs_of("shop", [], NOON))


@pytest.mark.parametrize(
    ("days", "fields", "expected"),
    [
        (Days(last=None, without_bytes=0), {}, {"retention": "ok"}),
        (Days(last=None, without_bytes=200 * MB), {}, {"retention": "ok", "ledger": "warning"}),
        (Days(last=None, without_bytes=300 * MB), {}, {"retention": "ok", "ledger": "warning"}),
        (Days(last=None, without_bytes=0), {"keep_days": 90}, {"retention": "failure"}),
        (Days(last=None, without_bytes=0), {"archive": "/a"}, {"retention": "failure"}),
        (
            Days(last=TODAY + timedelta(days=7), without_bytes=0),
            {"keep_days": 90, "archive": "/a"},
            {"retention": "ok"},
        ),
        (
            Days(last=TODAY + timedelta(days=7), without_bytes=2 * MB),
            {"keep_days": 90, "archive": "/a"},
            {"retention": "ok", "ledger": "warning"},
        ),
        (
            Days(last=TODAY + timedelta(days=2), without_bytes=0),
            {"keep_days": 90, "archive": "/a"},
            {"retention": "failure"},
        ),
        (
            Days(last=None, without_bytes=300 * MB),
            {"keep_days": 90, "archive": "/a"},
            {"retention": "warning"},
        ),
        (
            Days(last=TODAY + timedelta(days=7), without_bytes=0),
            {"keep_days": 90, "archive": "/a", "fault": "/a cannot be written"},
            {"retention": "failure"},
        ),
    ],
)
def test_retention(days: Days, fields: dict[str, Any], expected: dict[str, Verdict]) -> None:
    """Half a setting, a place that cannot be written, days that are missing, or events without."""
    told: dict[str, Any] = {"keep_days": None, "archive": None, "fault": None}

    assert expected == verdicts(tending.retention(days, TODAY, **told | fields))


def test_which_half_of_retention_is_missing() -> None:
    """The setting that is not there is named."""
    days = Days(last=None, without_bytes=0)
    (kept,) = tending.retention(days, TODAY, keep_days=90, archive=None, fault=None)
    (written,) = tending.retention(days, TODAY, keep_days=None, archive="/a", fault=None)

    assert kept.do.startswith("Set ARCHIVE_URL too")
    assert written.do.startswith("Set RETENTION_DAYS too")


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (Exports(asked_at=None, failed=0), {}),
        (Exports(asked_at=NOON - timedelta(minutes=5), failed=0), {}),
        (Exports(asked_at=NOON - timedelta(hours=2), failed=0), {"exports": "failure"}),
        (Exports(asked_at=None, failed=1), {"exports": "warning"}),
    ],
)
def test_exports(waiting: Exports, expected: dict[str, Verdict]) -> None:
    """One that was asked for long ago, or that failed."""
    assert expected == verdicts(tending.exports(waiting, NOON))


@pytest.mark.parametrize(
    ("sealed", "known", "expected"),
    [
        ({"new": 3}, ["new"], "ok"),
        ({}, ["new"], "ok"),
        ({"new": 3, "lost": 1}, ["new"], "failure"),
        ({"new": 3, "old": 1}, ["new", "old"], "warning"),
        ({"new": 3}, ["new", "old"], "warning"),
    ],
)
def test_keys(sealed: dict[str, int], known: list[str], expected: Verdict) -> None:
    """A key that is missing, one that is being changed, one that nothing needs any more."""
    assert {"token_keys": expected} == verdicts(tending.keys(sealed, known))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Covered(readable=0, stored=0), {}),
        (Covered(readable=9, stored=9), {"coverage": "ok"}),
        (Covered(readable=9, stored=8), {"coverage": "warning"}),
    ],
)
def test_coverage(known: Covered, expected: dict[str, Verdict]) -> None:
    """Comments that Meta shows and nobody has recorded."""
    assert expected == verdicts(tending.coverage("shop", known))
