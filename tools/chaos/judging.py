"""
Whether what came of a run is what was promised. Pure.

The simulator says what people got; the books, what was decided and what became of each delivery.
Whoever got nothing must find an explanation in the books: Meta refused it because we had ordered it
to, or they had asked for nothing more. A delivery nobody knows the outcome of is an explanation
only while `strict` is false.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tools.chaos.evidence import Care, Evidence, Json, Row

# The simulator's lists of what must never happen; `lost` is explained or not, see below.
VIOLATIONS: Final = (
    "twice",
    "unexpected",
    "outside_window",
    "over_limit",
    "after_deadline",
    "out_of_order",
    "while_held",
    "after_opt_out",
)
_FINAL: Final = frozenset({"sent", "refused", "expired", "cancelled"})
# The simulator's reasons for what we ordered: at once, or while it lasts.
_ORDERED: Final = frozenset({"fault", "under_way", "probe", "while_held"})
# Meta: so long may a comment be answered in private.
_ANSWERABLE: Final = timedelta(days=7)
_LONGEST: Final = 100  # of what is told in one word; a message's id is longer
# What we say comes back to us: messages as echoes, public replies as comments of our own.
_COMING_BACK: Final = frozenset({"echo.v1", "comment.v1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is wrong, and the figures."""

    findings: Sequence[Finding]
    states: Mapping[str, int]
    explained: Mapping[str, int]
    expected: int
    sent: int
    events: int
    untold: int = 0
    refreshed: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def judge(evidence: Evidence, *, strict: bool) -> Judgement:
    """
    Judge a run. `strict`: no delivery may be left whose outcome nobody knows.

    Of a run that was cut short, only what nothing can make good is told.
    """
    explanations = _Explanations.of(evidence, strict=strict)
    findings = [*_violations(evidence.verdict), *_refusals(evidence)]
    if evidence.is_over:
        findings += [
            *_losses(evidence, explanations),
            *_undecided(evidence),
            *_unfinished(evidence.rows, explanations, strict=strict),
            *_taken_over(evidence.taken_over),
            *_left_over(evidence),
            *_over_allowance(evidence),
            *_uncovered(evidence),
            *_miscounted(evidence.care),
            *_over_budget(evidence.care),
            *(Finding("ended", what) for what in evidence.ended),
        ]
    return Judgement(
        findings=findings,
        states=Counter(row.state for row in evidence.rows),
        explained=Counter(explanations.reasons.values()),
        expected=int(evidence.verdict["expected"]),
        sent=int(evidence.verdict["sent"]),
        events=len(evidence.decided),
        untold=evidence.care.untold,
        refreshed=evidence.care.refreshed,
    )


@dataclass(frozen=True, slots=True)
class _Explanations:
    """Why deliveries did not reach anybody, by their ids; those that need an explanation alone."""

    reasons: Mapping[str, str]
    rows: Sequence[Row]

    @classmethod
    def of(cls, evidence: Evidence, *, strict: bool) -> _Explanations:
        ordered = _ordered(evidence.verdict)
        reasons: dict[str, str] = {}
        for row in evidence.rows:
            if row.state == "uncertain" and not strict:
                reasons[row.id] = "uncertain"
            elif row.state in {"refused", "expired"} and _was_ordered(row, ordered):
                reasons[row.id] = f"ordered: {row.reason}"
            elif row.reason == "opted_out" and row.person_id in evidence.opted_out:
                reasons[row.id] = "opted out"
        later = [row for row in evidence.rows if row.state in {"waiting", "cancelled"}]
        while added := {row.id for row in later if row.after_id in reasons} - reasons.keys():
            reasons |= dict.fromkeys(added, "after one of these")
        return cls(reasons, evidence.rows)

    def of_comments(self) -> Counter[tuple[str, str]]:
        """Return how many replies to a comment are explained, by comment and kind."""
        return Counter(
            (row.comment_id, row.kind)
            for row in self.rows
            if row.id in self.reasons and row.comment_id is not None
        )

    def of_people(self) -> Counter[tuple[str, str]]:
        """Return how many messages are explained, by account and IGSID."""
        return Counter(
            (row.account_id, row.person_id)
            for row in self.rows
            if row.id in self.reasons and row.kind == "message" and row.person_id is not None
        )


def _ordered(verdict: Json) -> Counter[tuple[str, int]]:
    """Return the refusals that were ordered: whose, and with which code."""
    return Counter(
        (str(one["account_id"]), int(one["code"]))
        for one in verdict["refused"]
        if one["reason"] == "fault"
    )


def _was_ordered(row: Row, ordered: Mapping[tuple[str, int], int]) -> bool:
    return row.code is not None and (row.account_id, row.code) in ordered


def _violations(verdict: Json) -> Iterator[Finding]:
    for name in VIOLATIONS:
        for one in verdict.get(name, ()):
            yield Finding(name, _tell(one))


def _losses(evidence: Evidence, explanations: _Explanations) -> Iterator[Finding]:
    """
    Yield the answers that never came and that nothing explains.

    To what no webhook told of they are `undelivered`, though it was found by reading.
    """
    of_comments, of_people = explanations.of_comments(), explanations.of_people()
    ids = {(told.account_id, told.person): told.igsid for told in evidence.told}
    for kind, one in _missing(evidence.verdict):
        if one["what"] == "message":
            account_id, person = one["account_id"], one["username"]
            key, explained = (account_id, ids.get((account_id, person), "")), of_people
        else:
            key, explained = (one["trigger"], one["what"]), of_comments
        if explained[key]:
            explained[key] -= 1
        else:
            yield Finding(kind, _tell(one))


def _missing(verdict: Json) -> Iterator[tuple[str, Json]]:
    for kind in ("lost", "undelivered"):
        for one in verdict[kind]:
            yield kind, one


def _refusals(evidence: Evidence) -> Iterator[Finding]:
    """Yield calls that Meta had to refuse although nobody had ordered it to: mistakes of ours."""
    for one in evidence.verdict["refused"]:
        # Between two tokens somebody may still call with the old one.
        is_between = one["reason"] == "bad_token" and evidence.tokens_died
        if one["reason"] not in _ORDERED and not is_between:
            yield Finding("refused", f"{_tell(one)} ({one['code']}/{one['error_subcode']})")


def _undecided(evidence: Evidence) -> Iterator[Finding]:
    """Yield what was told and has no decision, or more than one."""
    decided = Counter(one.identity for one in evidence.decided)
    for told in evidence.told:
        if decided[told.identity] != 1:
            yield Finding("undecided", f"{told.identity}: {decided[told.identity]} decisions")
    for one in evidence.decided:
        if one.outcome == "asked":
            yield Finding("undecided", f"{one.identity} still waits for an answer")
    ours = sum(one.outcome == "ignored" and one.kind in _COMING_BACK for one in evidence.decided)
    sent = int(evidence.verdict["sent"]) - evidence.care.own_untold
    if ours != sent:
        yield Finding("undecided", f"{sent} came back to us, {ours} are in the ledger")


def _unfinished(
    rows: Iterable[Row], explanations: _Explanations, *, strict: bool
) -> Iterator[Finding]:
    """Yield deliveries that are not final, or are final for no reason that we know of."""
    for row in rows:
        if row.id in explanations.reasons or row.state == "sent":
            continue
        if row.state in _FINAL:
            yield Finding(row.state, f"{_name(row)}: {row.reason} ({row.code})")
        elif row.state != "uncertain" or strict:
            yield Finding("unfinished", f"{_name(row)} is {row.state}: {row.reason}")


def _taken_over(people: Iterable[str]) -> Iterator[Finding]:
    """Yield people whom the automation leaves to a colleague who has never written."""
    for person in people:
        yield Finding("taken_over", f"{person} is left to a colleague, and there is none")


def _left_over(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is left on queues, buried without having been poison, or poison not buried."""
    for queue, count in evidence.left.items():
        yield Finding("left", f"{count} on {queue}")
    poison: defaultdict[str, set[str]] = defaultdict(set)
    for queue, body in evidence.poison:
        poison[queue].add(body)
    for queue, bodies in evidence.dead_letters.items():
        for body in bodies:
            if body not in poison[queue]:
                yield Finding("buried", f"on {queue}: {body[:120]}")
    for queue, bodies_of in poison.items():
        for body in bodies_of - set(evidence.dead_letters.get(queue, ())):
            yield Finding("poison", f"on {queue}, not buried: {body}")


def _over_allowance(evidence: Evidence) -> Iterator[Finding]:
    """Yield accounts that sent more private replies within the hour than they may."""
    for account_id, most in evidence.allowances.items():
        count = evidence.answered.get(account_id, 0)
        if count > most:
            what = f"{account_id}: {count} private replies in an hour that allows {most}"
            yield Finding("over_allowance", what)


def _uncovered(evidence: Evidence) -> Iterator[Finding]:
    """Yield comments that Meta shows and nobody decided on; and those decided on too late."""
    decided, care = {one.identity for one in evidence.decided}, evidence.care
    for one in care.shown:
        if one.identity in care.too_old:
            if one.identity in decided:
                yield Finding("too_old", f"{one.identity} of {one.written_at}")
        elif one.identity not in decided:
            yield Finding("uncovered", f"{one.identity} of {one.written_at}")


def _miscounted(care: Care) -> Iterator[Finding]:
    """Yield posts of which the last count says something else than Meta shows."""
    counted = {(one.account_id, one.media_id): one for one in care.counted}
    shown: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for one in care.shown:
        shown[one.account_id, one.media_id].append(one.written_at)
    for post, moments in shown.items():
        if post not in counted:
            yield Finding("miscounted", f"{' '.join(post)} was never counted")
            continue
        told, since = counted[post], counted[post].at - _ANSWERABLE
        there = sum(moment >= since for moment in moments)
        if (told.stored, told.readable) != (there, there):
            what = f"{told.stored} of {told.readable}, Meta shows {there}"
            yield Finding("miscounted", f"{' '.join(post)}: {what}")


def _over_budget(care: Care) -> Iterator[Finding]:
    """Yield accounts for whose caretaking Meta was called too often."""
    for account_id, calls in care.calls.items():
        if calls > care.most_calls:
            what = f"{account_id}: {calls} calls in an hour that allows {care.most_calls}"
            yield Finding("over_budget", what)


def _name(row: Row) -> str:
    return f"{row.kind} {row.id} for {row.event}"


def _tell(one: Json) -> str:
    names = ("at", "account_id", "trigger", "username", "what", "happened")
    told = (str(one[name]) for name in names if one.get(name) is not None)
    return " ".join(word if len(word) <= _LONGEST else f"…{word[-12:]}" for word in told)
