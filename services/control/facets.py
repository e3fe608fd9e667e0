"""
What a tenant is told of the installation: whether it does what concerns them, and nothing else.

The findings of an installation speak of all tenants together, and of where its parts are. So of
these a tenant sees only the worst verdict, for each thing that they notice, in words of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from switchboard.doctor import Finding, Verdict

# A check, and whose: a queue's, or that of all.
_Part: TypeAlias = tuple[str, str]

_QUEUE_CHECKS: Final = ("queue", "queue_settings")
_RANKS: Final[Sequence[Verdict]] = ("unknown", "ok", "warning", "failure")
_DO: Final = "Whoever runs Switchboard sees what it is; tell them if it lasts"


def _of_queue(name: str) -> frozenset[_Part]:
    return frozenset((check, name) for check in _QUEUE_CHECKS)


def _of_all(*checks: str) -> frozenset[_Part]:
    return frozenset((check, "") for check in checks)


# What is said of each, when it is well, when it may not be, and when it is not.
_SAID: Final[Mapping[str, tuple[frozenset[_Part], str, str, str]]] = {
    "receiving": (
        _of_all("ingress", "signature", "signature_missing", "callback") | _of_queue("events"),
        "what people write comes in",
        "what people write may come in late, or not all of it",
        "what people write does not come in; Meta repeats it for a while",
    ),
    "deciding": (
        _of_all("postgres", "migrations", "roles", "questions", "ollama")
        | _of_queue("classify")
        | _of_queue("classified"),
        "what to answer is decided",
        "what to answer may be decided late",
        "what to answer is decided late, or by keywords and examples alone",
    ),
    "sending": (
        _of_all("redis", "redis_eviction", "redis_memory", "senders", "api_version", "meta")
        | _of_queue("outbound")
        | {("clock", "Meta"), ("clock", "Redis"), ("clock", "PostgreSQL")},
        "answers are sent",
        "answers may be sent late",
        "answers are not sent, or not in time; they are kept",
    ),
    "looking_after": (
        _of_all("jobs", "token_keys"),
        "accounts are looked after",
        "accounts may not be looked after in time",
        "accounts are not looked after: tokens, missed comments",
    ),
    "exporting": (
        _of_all("exports"),
        "exports are made",
        "exports may fail",
        "exports are not made",
    ),
}


def as_tenants_see(found: Sequence[Finding]) -> list[Finding]:
    """Return what the findings of an installation come to for its tenants."""
    by_part: dict[_Part, list[Verdict]] = {}
    for one in found:
        by_part.setdefault((one.check, one.subject), []).append(one.verdict)
    return [
        _told(check, verdicts)
        for check, (parts, *_) in _SAID.items()
        if (verdicts := [one for part in parts for one in by_part.get(part, ())])
    ]


def _told(check: str, verdicts: Sequence[Verdict]) -> Finding:
    """Return the worst of `verdicts`; what is not known of a part says nothing of the others."""
    worst = max(verdicts, key=_RANKS.index)
    _, well, doubtful, bad = _SAID[check]
    said = {"ok": well, "warning": doubtful, "failure": bad, "unknown": "nobody could find out"}
    do = _DO if worst in {"warning", "failure"} else ""
    return Finding(check=check, verdict=worst, saw=said[worst], do=do)
