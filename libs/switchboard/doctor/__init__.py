"""
The doctor: looks at an installation and at its accounts, and says what to do.

Each check ends in a `Finding`: what was looked at, a verdict, what was seen, and what to do about
it. Looking (`looking` at the installation, `visiting` accounts) and judging are apart: what a fact
means is decided without a server. Nothing is changed anywhere, and nothing is sent to anybody.

docs/operations.md has the table: which trap of Meta's is found by which check, and which cannot be.
"""

from switchboard.doctor.finding import Finding, Verdict
from switchboard.doctor.looking import examine, installation
from switchboard.doctor.settings import DoctorSettings
from switchboard.doctor.visiting import Visits, account_client

__all__ = [
    "DoctorSettings",
    "Finding",
    "Verdict",
    "Visits",
    "account_client",
    "examine",
    "installation",
]
