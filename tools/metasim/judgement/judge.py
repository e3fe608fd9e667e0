"""All that is wrong, in lists that are told and in counts that are cheap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, get_args

from tools.metasim.clock import iso
from tools.metasim.judgement.answers import wrong_about_comment, wrong_about_thread
from tools.metasim.judgement.consent import unwanted
from tools.metasim.judgement.finding import Fault, Finding, Unasked
from tools.metasim.judgement.order import wrong_order
from tools.metasim.ledger import Attempt, Case, CommentCase, Ledger
from tools.metasim.records import Json
from tools.metasim.refusals import Book

_TOLD: Final = ("undelivered", "refused")  # told, and no violation
_LISTS: Final = (*get_args(Fault), *get_args(Book))
VIOLATIONS: Final = tuple(name for name in _LISTS if name not in _TOLD)


def judge(ledger: Ledger) -> Json:
    """Return the judgement; `ok` is true when no list of violations has an entry."""
    return _verdict(ledger, {case: list(_findings(case)) for case in ledger.cases()})


class Judge:
    """Judges one ledger whenever it is asked, looking again at the cases that changed since."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._found: dict[Case, list[Finding | Unasked]] = {}
        self._counts: Counter[str] = Counter()
        self._attempts_counted = 0

    def verdict(self) -> Json:
        """Return what `judge` would."""
        self._catch_up()
        return _verdict(self._ledger, self._found)

    def summary(self) -> Json:
        """Return the verdict with the length of each list in its place."""
        self._catch_up()
        counts = {name: self._counts[name] for name in _LISTS}
        is_ok = not any(counts[name] for name in VIOLATIONS)
        return {**_figures(self._ledger), **counts, "ok": is_ok}

    def _catch_up(self) -> None:
        for case in self._ledger.take_changed():
            self._counts.subtract(one.fault for one in self._found.pop(case, ()))
            if findings := list(_findings(case)):
                self._found[case] = findings
                self._counts.update(one.fault for one in findings)
        attempts = self._ledger.attempts
        self._counts.update(one.book for one in attempts[self._attempts_counted :])
        self._attempts_counted = len(attempts)


def _findings(case: Case) -> Iterator[Finding | Unasked]:
    if isinstance(case, CommentCase):
        yield from wrong_about_comment(case)
        yield from unwanted(case.private_replies, case.opted)
    else:
        yield from wrong_about_thread(case)
        yield from wrong_order(case)
        yield from unwanted(case.messages, case.opted)


def _verdict(ledger: Ledger, found: Mapping[Case, list[Finding | Unasked]]) -> Json:
    lists: dict[str, list[Json]] = {name: [] for name in _LISTS}
    for case in ledger.cases():
        for finding in found.get(case, ()):
            lists[finding.fault].append(finding.told())
    for attempt in ledger.attempts:
        lists[attempt.book].append(_tell_attempt(attempt))
    return {**_figures(ledger), **lists, "ok": not any(lists[name] for name in VIOLATIONS)}


def _figures(ledger: Ledger) -> Json:
    ended = ledger.deliveries
    webhooks = {
        "delivered": ended["accepted"],
        "refused": ended["refused"],
        "failed": ended["failed"],
        "pending": ended["pending"],
    }
    return {"sent": ledger.sent, "expected": ledger.expected, "webhooks": webhooks}


def _tell_attempt(attempt: Attempt) -> Json:
    return {
        "account_id": attempt.account_id,
        "trigger": attempt.trigger,
        "at": iso(attempt.at_s),
        "what": attempt.what,
        "happened": attempt.told or f"refused: {attempt.reason}",
        "reason": attempt.reason,
        "code": attempt.code,
        "error_subcode": attempt.error_subcode,
    }
