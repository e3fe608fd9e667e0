"""What a check comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

# unknown: it could not be checked, so nobody knows.
Verdict: TypeAlias = Literal["ok", "warning", "failure", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that was looked at.

    `subject` is whose, where there can be several: an account's name, a queue's. `do` is empty
    where nothing is to be done.
    """

    check: str
    verdict: Verdict
    saw: str
    do: str = ""
    subject: str = ""


def ok(check: str, saw: str, *, subject: str = "") -> Finding:
    """Return that all is well."""
    return Finding(check=check, verdict="ok", saw=saw, subject=subject)


def warning(check: str, saw: str, do: str, *, subject: str = "") -> Finding:
    """Return that something works, and may not for long, or not for everything."""
    return Finding(check=check, verdict="warning", saw=saw, do=do, subject=subject)


def failure(check: str, saw: str, do: str, *, subject: str = "") -> Finding:
    """Return that something does not work."""
    return Finding(check=check, verdict="failure", saw=saw, do=do, subject=subject)


def unknown(check: str, saw: str, do: str = "", *, subject: str = "") -> Finding:
    """Return that it could not be found out, and what it would take."""
    return Finding(check=check, verdict="unknown", saw=saw, do=do, subject=subject)


def moment(of: datetime) -> str:
    """Return a moment as findings tell it."""
    return f"{of:%Y-%m-%d %H:%M} UTC"
