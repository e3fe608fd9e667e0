"""What is done by itself, again and again: whether it is done, and what is left undone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from switchboard.db.examining import Covered, Days, Exports, Tended
from switchboard.doctor.finding import Finding, failure, moment, ok, warning

# The longest that a job is at one run is its lease, of five minutes.
_OVERDUE: Final = timedelta(minutes=15)
# The first ones may be anything; a third is not by chance.
_FAILS: Final = 3
_EXPORT_TAKES: Final = timedelta(hours=1)
# The caretaker makes days a week ahead, four times a day.
_DAYS_AHEAD: Final = 5
# Over 256 MB of events without a day no days are made any more: `private.make_event_days`.
_MOST_WITHOUT_DAY: Final = 256 * 1024 * 1024
_MUCH_WITHOUT_DAY: Final = _MOST_WITHOUT_DAY * 3 // 4
# What a table that was emptied may still take up.
_LITTLE_WITHOUT_DAY: Final = 1024 * 1024

_RUN_IT: Final = (
    "See that control runs with CARETAKER_DATABASE_URL, and what its log says of `job.run`"
)
# What helps with each job that fails; the others have their reason in what was seen.
_HELPS: Final[Mapping[str, str]] = {
    "refresh": "See that META_GRAPH_URL can be reached; before the token's end, have its owner "
    "connect it again",
    "backfill": "Comments that no webhook tells of are missed: see what it says",
    "probe": "Whether Meta sends its webhooks is not known: see what it says",
    "coverage": "How many of its comments are known is not counted: see what it says",
    "retention": "Nothing old is dropped, and the database grows: see that ARCHIVE_URL can be "
    "written, and has room",
}


def jobs(tended: Sequence[Tended], now: datetime) -> Iterator[Finding]:
    """Judge whether the caretaker does what is due, and what is done for all accounts."""
    if not tended:
        yield warning(
            "jobs",
            "the caretaker has never run: no token is refreshed, no missed comment is found",
            _RUN_IT,
        )
        return
    overdue = [one for one in tended if _is_overdue(one, now)]
    if overdue:
        since = min(one.next_run_at for one in overdue)
        yield failure(
            "jobs",
            f"{len(overdue)} of {len(tended)} jobs are due, the first since {moment(since)}, and "
            "nobody does them",
            _RUN_IT,
        )
    else:
        yield ok("jobs", f"{len(tended)} jobs, none of them overdue")
    for one in tended:
        if not one.username and one.failures >= _FAILS:
            yield _failing(one, subject=one.name)


def jobs_of(who: str, tended: Sequence[Tended], now: datetime) -> Iterator[Finding]:
    """Judge what is done for one account."""
    failing = [one for one in tended if one.failures >= _FAILS]
    overdue = [one for one in tended if _is_overdue(one, now)]
    for one in failing:
        yield _failing(one, subject=who)
    for one in overdue:
        yield warning(
            "job", f"{one.name} has been due since {moment(one.next_run_at)}", _RUN_IT, subject=who
        )
    if tended and not failing and not overdue:
        yield ok("job", f"{len(tended)} jobs are done for it in time", subject=who)


def _is_overdue(one: Tended, now: datetime) -> bool:
    return not one.running and now - one.next_run_at > _OVERDUE


def _failing(one: Tended, *, subject: str) -> Finding:
    return warning(
        "job",
        f"{one.name} failed {one.failures} times in a row: {one.last_error}",
        _HELPS.get(one.name, "See what it says, and control's log"),
        subject=subject,
    )


def retention(
    days: Days, today: date, *, keep_days: int | None, archive: str | None, fault: str | None
) -> Iterator[Finding]:
    """Judge whether old days can be dropped: where they are written, and that days are made."""
    if (keep_days is None) != (archive is None):
        set_one, other = ("RETENTION_DAYS", "ARCHIVE_URL")[:: 1 if archive is None else -1]
        yield failure(
            "retention",
            f"{set_one} is set and {other} is not: control does not start",
            f"Set {other} too, or take {set_one} away",
        )
    elif keep_days is None:
        yield ok("retention", "nothing is ever dropped (RETENTION_DAYS)")
    elif fault is not None:
        yield failure(
            "retention",
            f"{fault}, so nothing old can be dropped",
            "Let ARCHIVE_URL be a directory that control may write, or a bucket that it may use",
        )
    elif days.last is None or days.last < today + timedelta(days=_DAYS_AHEAD):
        yield _days_missing(days)
    else:
        yield ok("retention", f"days are made up to {days.last} and kept for {keep_days}")
    yield from _without_day(days, dropped=keep_days is not None)


def _days_missing(days: Days) -> Finding:
    if days.without_bytes > _MOST_WITHOUT_DAY:
        return warning(
            "retention",
            "too much has no day, so none are made and old ones are deleted row by row",
            "When they are gone, `vacuum full private.events_unexpected`, while nothing else runs",
        )
    return failure(
        "retention",
        "no day is made" if days.last is None else f"days are made up to {days.last} alone",
        "See that the caretaker's job retention runs: it makes them a week ahead",
    )


def _without_day(days: Days, *, dropped: bool) -> Iterator[Finding]:
    size = f"{days.without_bytes / 1024 / 1024:,.0f} MB of the ledger are of days nobody made"
    if dropped and days.without_bytes > _LITTLE_WITHOUT_DAY and days.last is not None:
        yield warning(
            "ledger", size, "A day that is made takes its own: see that the job retention runs"
        )
    elif not dropped and days.without_bytes > _MOST_WITHOUT_DAY:
        yield warning(
            "ledger",
            size,
            "It grows for ever. Once RETENTION_DAYS is set, these days are deleted row by row",
        )
    elif not dropped and days.without_bytes > _MUCH_WITHOUT_DAY:
        yield warning(
            "ledger",
            size,
            "If old days are ever to be dropped, set RETENTION_DAYS before it is 256 MB",
        )


def exports(waiting: Exports, now: datetime) -> Iterator[Finding]:
    """Judge whether what people ask to be exported is."""
    if waiting.asked_at is not None and now - waiting.asked_at > _EXPORT_TAKES:
        yield failure(
            "exports",
            f"one was asked for {moment(waiting.asked_at)} and is not done",
            "See that control runs, and what its log says",
        )
    elif waiting.failed:
        yield warning(
            "exports",
            f"{waiting.failed} failed within a day",
            "Each has its reason, which whoever asked for it sees; they ask again",
        )


def keys(sealed_with: Mapping[str, int], known: Sequence[str]) -> Iterator[Finding]:
    """Judge whether all that is sealed opens, and whether a change of keys is over."""
    lost = {name: many for name, many in sealed_with.items() if name not in known}
    former = {name: many for name, many in sealed_with.items() if name in known[1:]}
    idle = [name for name in known[1:] if name not in sealed_with]
    if lost:
        yield failure(
            "token_keys",
            f"{_counted(lost)}, which is not among TOKEN_KEYS: they do not open",
            "Add that key again; if it is lost, each of those accounts must be connected again",
        )
    if former:
        yield warning(
            "token_keys",
            f"{_counted(former)}, and no longer with the first of TOKEN_KEYS",
            "Run `switchboard tokens rotate`",
        )
    if idle:
        yield warning(
            "token_keys", f"nothing is sealed with {', '.join(idle)}", "Take it out of TOKEN_KEYS"
        )
    if not lost and not former and not idle:
        yield ok("token_keys", f"all {sum(sealed_with.values())} are sealed with {known[0]}")


def _counted(sealed: Mapping[str, int]) -> str:
    return " and ".join(f"{many} are sealed with {name}" for name, many in sorted(sealed.items()))


def coverage(who: str, known: Covered) -> Iterator[Finding]:
    """Judge whether all comments that Meta shows are known."""
    missing = known.readable - known.stored
    if missing > 0:
        yield warning(
            "coverage",
            f"{missing} of {known.readable} comments of the last week are not known yet",
            "The caretaker has published them: see that a router runs. If it stays so, webhooks of "
            "comments are lost",
            subject=who,
        )
    elif known.readable:
        yield ok("coverage", f"all {known.readable} comments of the last week", subject=who)
