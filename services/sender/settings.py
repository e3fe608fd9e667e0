"""The sender's environment."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import NoDecode

from switchboard.settings import (
    BaseUrl,
    ConsumerSettings,
    DatabaseSettings,
    DeadlineSettings,
    MetaSettings,
    QueueSettings,
    RedisSettings,
    SecretList,
    VaultSettings,
    WorkerSettings,
)
from switchboard.topology import OUTBOUND


class Settings(
    ConsumerSettings,
    QueueSettings,
    DatabaseSettings,
    RedisSettings,
    MetaSettings,
    DeadlineSettings,
    VaultSettings,
    WorkerSettings,
):
    """What the sender needs to know."""

    public_url: BaseUrl | None = Field(
        None,
        description="Where people reach us; links become PUBLIC_URL/l/<code>. Unset: links are "
        "sent as the owner wrote them, and clicks are not seen.",
    )
    link_secrets: Annotated[SecretList | None, NoDecode] = Field(
        None, description="The secrets that sign links; the first signs. Needed with PUBLIC_URL."
    )
    sender_lease_s: float = Field(
        60.0,
        gt=0,
        description="How long a claimed delivery is one sender's; then its outcome is unknown.",
    )
    webhooks_allow_private: bool = Field(
        default=False,
        description="Whether owners' webhooks may also go to private addresses and by plain http: "
        "for development, where the receiver is on your own machine.",
    )
    sender_pacer_s: float = Field(1.0, gt=0, description="Seconds between two rounds of the pacer.")
    sender_release_limit: int = Field(
        200, ge=1, le=5_000, description="Parked deliveries one round releases, at most."
    )
    sender_forecast_s: float = Field(
        20.0,
        gt=0,
        le=30,
        description="Where private replies wait for their turn, it is foreseen anew this often who "
        "will be answered when, and who too late.",
    )
    sender_stale_s: float = Field(
        60.0,
        gt=0,
        description="A ready delivery that nobody claimed for this long is published again.",
    )

    @model_validator(mode="after")
    def _lease_outlasts_the_call(self) -> Self:
        if self.sender_lease_s <= 2 * self.sender_call_budget_s:
            raise ValueError(
                "SENDER_LEASE_S must be more than twice SENDER_CALL_BUDGET_S, or a call still "
                "under way would be thought lost"
            )
        return self

    @model_validator(mode="after")
    def _message_outlasts_the_lease(self) -> Self:
        if self.sender_lease_s >= OUTBOUND.visibility_s:
            raise ValueError(
                f"SENDER_LEASE_S must be under {OUTBOUND.visibility_s} s, the visibility timeout "
                f"of the queue {OUTBOUND.name}"
            )
        return self

    @model_validator(mode="after")
    def _links_can_be_signed(self) -> Self:
        if self.public_url is not None and not self.link_secrets:
            raise ValueError("PUBLIC_URL is set, so LINK_SECRETS must be, to sign links")
        return self
