"""The call to send something: an id, because the row is the truth and a message may be late."""

from __future__ import annotations

from typing import Literal

from pydantic import TypeAdapter

from switchboard.contracts.base import Contract
from switchboard.contracts.ids import AccountId, DeliveryId, TraceId


class DeliveryDue(Contract):
    """The row `delivery_id` in `deliveries` may be sent now. Saying it twice does no harm."""

    kind: Literal["delivery_due.v1"] = "delivery_due.v1"
    delivery_id: DeliveryId
    account_id: AccountId
    trace_id: TraceId


DELIVERY_DUE: TypeAdapter[DeliveryDue] = TypeAdapter(DeliveryDue)
