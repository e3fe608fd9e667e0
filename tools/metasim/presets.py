"""
Faults by name: what Meta is known to do, with the numbers it does it with.

A preset is the part of a fault that its name says. Its `on` is where Meta was seen to do it, its
`hold_on` what an account may not do while it is restricted so. `done_...` happened although it
looks failed; whatever else refuses did not happen.

Sources: Meta's pages "Error codes" (Messenger Platform and Instagram), "Rate limits" and "Handle
errors". Those pages do not tie 368, 508, 10900, 10904 and the subcodes of 20 and 25 to these calls;
integrators report them.
"""

from __future__ import annotations

from tools.metasim.records import Json


def _done(code: int, subcode: int | None = None) -> Json:
    return {"on": "writes", "kind": "accept_then_error", "code": code, "error_subcode": subcode}


def _refused(on: str, code: int, subcode: int | None = None, **more: object) -> Json:
    return {"on": on, "kind": "refuse", "code": code, "error_subcode": subcode, **more}


def _throttled(on: str, code: int, subcode: int | None = None, **more: object) -> Json:
    return {"on": on, "kind": "throttle", "code": code, "error_subcode": subcode, **more}


_UNCLEAR: dict[str, Json] = {
    "done_then_silence": {"on": "writes", "kind": "accept_then_timeout"},
    "done_then_500": {"on": "writes", "kind": "accept_then_500"},
    "done_then_unknown_failure": _done(1),
    "done_then_answer_lost": _done(1, 1357046),
    "done_then_service_failure": _done(2),
    "done_then_send_failure": _done(1200),
    "done_then_garbage": {"on": "writes", "kind": "accept_then_garbage"},
    "done_then_hang_up": {"on": "writes", "kind": "drop_connection"},
    "comment_created_then_refused": _done(20, 1772107) | {"on": "replies"},
    "hang_up": {"on": "writes", "kind": "drop_connection", "accepts": False},
    "unknown_failure": _refused("writes", 1),
    "service_failure": _refused("writes", 2, is_transient=True),
    "send_failure": _refused("sends", 1200),
}

_PERSONS: dict[str, Json] = {
    "window_closed": _refused("messages", 10, 2534022, status=403),
    "person_missing": _refused("messages", 100, 2534014),
    "person_unreachable": _refused("sends", 551, 1545041),
    "thread_taken": _refused("messages", 10, 2018300),
    "comment_not_answerable": _refused("private_replies", 100, 2534025),
    "object_missing": _refused("replies", 100, 33),
    "already_answered": _refused("replies", 10900),
}

_LIMITED: dict[str, Json] = {
    "messaging_limited": _throttled("sends", 613, 2534040),
    "account_limited": _throttled("any", 17),
    "budget_exhausted": _throttled("any", 80002, hold_on="any"),
    "app_limited": _throttled("any", 4, app_wide=True, hold_on="any"),
    "irregular_volume": _throttled("any", 613, 1996, app_wide=True, hold_on="any"),
}

_RESTRICTED: dict[str, Json] = {
    "policy_block": _refused("writes", 368),
    "suspected_spam": _refused("writes", 4, 2207051),
    "account_restricted": _refused("writes", 25, 2207050),
    "sending_restricted": _refused("sends", 10, 1893063, hold_on="sends"),
    "account_blocked": _refused("sends", 100, 2534029, hold_on="sends"),
    "link_restricted": _refused("sends", 508, 2534122, hold_on="sends", is_transient=True),
    "message_access_off": _refused("sends", 200, 2534041, hold_on="sends"),
    "messages_disabled": _refused("sends", 10904, 1893050, hold_on="sends"),
}

_TOKENS: dict[str, Json] = {
    "token_dead": _refused("any", 190),
    "app_removed": _refused("any", 190, 458),
    "password_changed": _refused("any", 190, 460),
    "token_expired": _refused("any", 190, 463),
    "token_revoked": _refused("any", 190, 467),
    "account_checkpointed": _refused("any", 190, 459),
    "account_unconfirmed": _refused("any", 190, 464),
}

_OTHERS: dict[str, Json] = {
    "slow": {"on": "any", "kind": "delay"},
    "echo_first": {"on": "writes", "kind": "echo_before_answer"},
    "echo_late": {"on": "writes", "kind": "echo_late"},
    "echo_never": {"on": "writes", "kind": "no_echo"},
    "too_much_data": _refused("conversations", 1, status=500),
    "media_timeout": _refused("uploads", -2, 2207003),
    "many_images_unavailable": _refused("messages", 100, 2534068),
}

PRESETS: dict[str, Json] = {
    **_UNCLEAR,
    **_PERSONS,
    **_LIMITED,
    **_RESTRICTED,
    **_TOKENS,
    **_OTHERS,
}
