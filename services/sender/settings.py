"""The sender's environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import NoDecode

from services.sender.conclusions import Patience
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
    WebhookSettings,
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
    WebhookSettings,
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

    sender_reconcile_s: float = Field(
        1.0, gt=0, description="Seconds between two rounds of the reconciler."
    )
    sender_reconcile_limit: int = Field(
        100, ge=1, le=1_000, description="Uncertain deliveries one round looks for, at most."
    )
    sender_reconcile_first_s: float = Field(
        5.0,
        gt=0,
        description="Seconds between the first two looks for an uncertain delivery; the time then "
        "doubles, up to 15 minutes.",
    )
    sender_reconcile_settle_s: float = Field(
        120.0,
        gt=0,
        description="What is not at Meta this long after an attempt, and is not there "
        "SENDER_RECONCILE_AGAIN_S later, was not sent and is sent again. Shorter than Meta may be "
        "at a call whose answer did not come, and people get things twice.",
    )
    sender_reconcile_again_s: float = Field(
        60.0, gt=0, description="Seconds between the two looks that must not find it."
    )
    sender_reconcile_skew_s: float = Field(
        10.0,
        ge=1,
        description="How far Meta's clock, which tells whole seconds, may differ from ours.",
    )
    sender_reconcile_give_up_s: float = Field(
        3600.0,
        gt=0,
        description="An uncertain delivery nothing is found out about for this long is shown to a "
        "person, and not sent again without them.",
    )
    sender_reconcile_attempts: int = Field(
        3,
        ge=1,
        description="How often a delivery is tried that Meta takes without an answer and that is "
        "not there then.",
    )

    @model_validator(mode="after")
    def _looks_after_it_has_settled(self) -> Self:
        if self.sender_reconcile_settle_s < self.sender_reconcile_skew_s:
            raise ValueError(
                "SENDER_RECONCILE_SETTLE_S must be at least SENDER_RECONCILE_SKEW_S, or a look "
                "would be over before the time it is about"
            )
        return self

    @model_validator(mode="after")
    def _gives_up_after_it_could_know(self) -> Self:
        provable_s = self.sender_reconcile_settle_s + 2 * self.sender_reconcile_again_s
        if self.sender_reconcile_give_up_s < provable_s:
            raise ValueError(
                "SENDER_RECONCILE_GIVE_UP_S must be at least SENDER_RECONCILE_SETTLE_S and twice "
                "SENDER_RECONCILE_AGAIN_S, or nothing could ever be shown not to have been sent"
            )
        return self

    def patience(self) -> Patience:
        """Return how long the reconciler waits for what."""
        return Patience(
            first=timedelta(seconds=self.sender_reconcile_first_s),
            settle=timedelta(seconds=self.sender_reconcile_settle_s),
            again=timedelta(seconds=self.sender_reconcile_again_s),
            skew=timedelta(seconds=self.sender_reconcile_skew_s),
            give_up=timedelta(seconds=self.sender_reconcile_give_up_s),
            attempts=self.sender_reconcile_attempts,
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
