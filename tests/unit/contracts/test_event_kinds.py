"""The list of kinds is that of the events there are."""

from __future__ import annotations

from typing import get_args

from switchboard.contracts import EventKind, InboundEvent


def test_every_event_has_its_kind_in_the_list() -> None:
    """Each once, in their order: a filter by kind knows what may have been recorded."""
    union, _ = get_args(InboundEvent)
    kinds = [one.model_fields["kind"].default for one in get_args(union)]

    assert kinds == list(get_args(EventKind))
