"""Faults by name: each is whole, says what Meta says, and yields to what is given beside it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tools.metasim.config import Config
from tools.metasim.faults import failure_after, refusal_of
from tools.metasim.orders import Fault
from tools.metasim.presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_is_a_fault(name: str) -> None:
    """A name alone is enough."""
    assert name == Fault.model_validate({"preset": name}).preset


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("window_closed", (403, 10, 2534022)),
        ("messaging_limited", (400, 613, 2534040)),
        ("app_limited", (400, 4, None)),
        ("budget_exhausted", (400, 80002, None)),
        ("policy_block", (400, 368, None)),
        ("sending_restricted", (400, 10, 1893063)),
        ("account_blocked", (400, 100, 2534029)),
        ("link_restricted", (400, 508, 2534122)),
        ("suspected_spam", (400, 4, 2207051)),
        ("message_access_off", (400, 200, 2534041)),
        ("password_changed", (400, 190, 460)),
        ("token_dead", (400, 190, None)),
        ("too_much_data", (500, 1, None)),
    ],
)
def test_refusals_by_name(name: str, numbers: tuple[int, int, int | None]) -> None:
    """What Meta refuses with is what the preset refuses with."""
    refusal = refusal_of(Fault.model_validate({"preset": name}))
    assert refusal is not None
    assert numbers == (refusal.status, refusal.code, refusal.subcode)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("done_then_unknown_failure", (1, None)),
        ("done_then_answer_lost", (1, 1357046)),
        ("done_then_service_failure", (2, None)),
        ("done_then_send_failure", (1200, None)),
        ("comment_created_then_refused", (20, 1772107)),
    ],
)
def test_failures_by_name(name: str, numbers: tuple[int, int | None]) -> None:
    """What is done and looks failed carries Meta's numbers for it."""
    failure = failure_after(Fault.model_validate({"preset": name}))
    assert failure is not None
    assert numbers == (failure.code, failure.subcode)


def test_what_is_given_replaces_what_the_preset_says() -> None:
    """Place, number and time can be chosen; the rest is the preset's."""
    fault = Fault.model_validate(
        {"preset": "policy_block", "on": "replies", "times": 3, "hold_s": 60}
    )

    assert ("refuse", 368, "replies", 3, 60.0, "writes") == (
        fault.kind,
        fault.code,
        fault.on,
        fault.times,
        fault.hold_s,
        fault.hold_on,
    )


def test_a_preset_survives_another_change() -> None:
    """A later change of something else leaves the faults as they were ordered."""
    before = Config().merged({"faults": [{"preset": "link_restricted", "status": 403}]})

    assert before.faults == before.merged({"limits": {"sends_per_second": 1}}).faults


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"preset": "nonsense", "kind": "delay"}, ("preset",)),
        ({"on": "messages"}, ("kind",)),
        ({"kind": "delay", "hold_s": 1}, ()),
        ({"preset": "policy_block", "hold_s": 0}, ("hold_s",)),
    ],
)
def test_wrong_orders_name_the_field(given: dict[str, object], field: tuple[str, ...]) -> None:
    """An unknown name, a fault of no kind, and a hold of what is not refused are told."""
    with pytest.raises(ValidationError) as caught:
        Fault.model_validate(given)

    assert field == caught.value.errors()[0]["loc"]
