"""
What PostgreSQL refuses, in the words of whoever asked.

The database decides what a caller may see and do, and what cannot be: a policy, a grant, a check, a
unique index, a reference. So nothing of it is decided again here; this page only says what each
refusal means. One that is not known here is a bug of ours, and is told as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.control.problems import Declined, Fault, conflict, forbidden, invalid
from switchboard.db.errors import Refusal

_MAY_NOT: Final = "42501"  # no grant, or against a policy
_NOT_UNIQUE: Final = "23505"
_NO_REFERENCE: Final = "23503"
_CHECK: Final = "23514"
_NO_DATA: Final = "P0002"  # what a function of ours was to use is not there
_DATA: Final = "22"  # the class of values that are none
_TOO_LARGE: Final = "54000"
_RAISED: Final[Mapping[str, str]] = {_MAY_NOT: "forbidden", _NO_DATA: "not_found"}

# Constraints by name: where in a body it is, and what is wrong. One sentence each, for people.
TAKEN: Final[Mapping[str, tuple[str, str]]] = {
    "campaign_versions_pkey": ("", "Somebody else published it at the same moment; read it again."),
    "memberships_pkey": ("/user_id", "They are a member already."),
    "invitations_open": ("/email", "They are invited already."),
    "intents_account_id_name_key": ("/name", "The account has an intent of that name."),
}
WRONG: Final[Mapping[str, tuple[str, str]]] = {
    "workspaces_name_check": ("/name", "A name has at least one character."),
    "campaigns_name_check": ("/name", "A name has at least one character."),
    "campaigns_draft_readable": (
        "/draft",
        "It is nested too deeply, or a number in it is too big.",
    ),
    "instagram_accounts_reply_delay": ("/reply_delay_min_s", "It is more than the longest delay."),
    "invitations_email_check": ("/email", "It is no e-mail address."),
}
MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "login_states_workspace_id_account_id_fkey": (
        "/account_id",
        "There is no such account in the workspace.",
    ),
}


def declined(refusal: Refusal) -> Declined | None:
    """Return what the caller is told of `refusal`; `None`: it is a bug of ours."""
    if refusal.raised_by_us:
        return Declined(_RAISED.get(refusal.state, "conflict"), _sentence(refusal))
    if refusal.state == _MAY_NOT:
        return forbidden()
    if refusal.state == _TOO_LARGE:
        return Declined("too_large", "A value in it is too long.")
    if refusal.state.startswith(_DATA):
        return invalid(Fault(pointer="", message="A value in it cannot be stored."))
    return _by_constraint(refusal)


def _by_constraint(refusal: Refusal) -> Declined | None:
    if refusal.state == _NOT_UNIQUE and refusal.constraint in TAKEN:
        fault = _fault(TAKEN[refusal.constraint])
        return conflict(fault.message, fault)
    if refusal.state == _CHECK and refusal.constraint in WRONG:
        return invalid(_fault(WRONG[refusal.constraint]))
    if refusal.state == _NO_REFERENCE and refusal.constraint in MISSING:
        return invalid(_fault(MISSING[refusal.constraint]))
    return None


def _fault(told: tuple[str, str]) -> Fault:
    return Fault(pointer=told[0], message=told[1])


def _sentence(refusal: Refusal) -> str:
    """Return our own message, which begins as a part of a log line, as a sentence."""
    first, rest = refusal.message[:1].upper(), refusal.message[1:]
    return f"{first}{rest}. {refusal.hint}".strip()
