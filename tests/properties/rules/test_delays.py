"""A delay lies within its bounds, leaves time to send, and is spread evenly."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts.ids import DeliveryId
from switchboard.rules.delays import LEAVES, Delay
from tests.support.builders import NOON

spans = st.timedeltas(timedelta(), timedelta(hours=1))
delays = st.builds(lambda least, more: Delay(least, least + more), spans, spans)
ids = st.uuids().map(DeliveryId)


@given(delays, ids)
def test_it_lies_within_its_bounds(delay: Delay, one: DeliveryId) -> None:
    """Never shorter than the least, never longer than the most."""
    assert delay.least <= delay.of(one) <= delay.most


@given(delays, ids, st.timedeltas(timedelta(), timedelta(days=7)))
def test_it_leaves_time_to_send(delay: Delay, one: DeliveryId, left: timedelta) -> None:
    """What could go in time can still go in time, and nothing goes before it may."""
    goes = delay.after(NOON, one, deadline=NOON + left)

    assert NOON <= goes <= NOON + delay.most
    assert goes == NOON or goes <= NOON + left - LEAVES


@given(st.uuids())
def test_it_is_spread_evenly(namespace: UUID) -> None:
    """Of a thousand derived ids about a tenth falls into each tenth of the span."""
    delay = Delay(timedelta(), timedelta(seconds=10))
    tenths = [0] * 10
    for number in range(1_000):
        tenths[delay.of(DeliveryId(uuid5(namespace, str(number)))) // timedelta(seconds=1)] += 1

    assert all(50 <= tenth <= 160 for tenth in tenths)
