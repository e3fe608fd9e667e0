"""What ingress needs from its environment."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from switchboard.settings import ProcessSettings, QueueSettings, SecretList
from switchboard.topology import INGRESS

# Meta, "Messenger Platform webhooks": an answer within 5 seconds.
META_PATIENCE_S: Final = 5.0
# Of which we keep this for everything that is neither reading nor storing: checking a signature,
# reading a thousand updates, the network.
_WORK_S: Final = 0.5

# Meta, "Webhooks": up to 1000 updates in one POST. The largest update is a comment: 2 200
# characters, each written \uXXXX (6 bytes), and about 2 KiB of ids and URLs around them: 15 KiB.
# 1000 x 16 KiB = 16 MiB.
_MAX_BODY_BYTES: Final = 1_000 * 16 * 1_024

# What may wait for SQS: four of the largest webhooks, or some 60 000 events of 1 KiB, which SQS
# takes within seconds once it is back.
_MAX_PENDING_BYTES: Final = 64 * 1_048_576

# Short keys are guessed; `openssl rand -hex 32` makes a good one.
_MIN_LINK_SECRET: Final = 16


class Settings(QueueSettings, ProcessSettings):
    """The ingress's environment."""

    meta_app_secrets: SecretList = Field(
        description="Secrets a webhook may be signed with, separated by commas: the Instagram app's"
        " and the Meta app's, and the former of each while they are being changed."
    )
    meta_verify_token: SecretStr = Field(
        min_length=1, description="The verify token typed into Meta's dashboard."
    )
    link_secrets: SecretList = Field(
        description="Secrets of tracked links, separated by commas, 16 characters or more each:"
        " the first signs, all are accepted."
    )
    ingress_host: str = Field(
        "127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 in a container."
    )
    ingress_port: int = Field(
        INGRESS.port,
        ge=0,
        le=65_535,
        description="The port of webhooks, links and health. 0: one the system chooses.",
    )
    ingress_max_body_bytes: int = Field(
        _MAX_BODY_BYTES,
        ge=1_024,
        description="The largest webhook taken; the default holds Meta's 1000 largest updates.",
    )
    ingress_read_budget_s: float = Field(
        1.5, gt=0, description="Seconds a body may take to arrive; then 408."
    )
    ingress_publish_budget_s: float = Field(
        3.0,
        gt=0,
        description="Seconds SQS may take to store a request's events; then 503. With the read"
        " budget, under the 5 seconds Meta waits.",
    )
    ingress_publish_linger_s: float = Field(
        0.003,
        ge=0,
        le=1,
        description="Seconds an event waits for company in its SendMessageBatch.",
    )
    ingress_publish_calls: int = Field(
        8, ge=1, le=50, description="SendMessageBatch calls open at once; each holds 10 events."
    )
    ingress_max_pending_bytes: int = Field(
        _MAX_PENDING_BYTES,
        ge=65_536,
        description="Bytes of events waiting for SQS at once; beyond it, 503 at once.",
    )

    @field_validator("link_secrets")
    @classmethod
    def _long_enough(cls, secrets: SecretList) -> SecretList:
        if any(len(secret.get_secret_value()) < _MIN_LINK_SECRET for secret in secrets):
            raise ValueError(f"each secret must have {_MIN_LINK_SECRET} characters or more")
        return secrets

    @model_validator(mode="after")
    def _answers_while_meta_waits(self) -> Self:
        if self.answer_budget_s > META_PATIENCE_S:
            raise ValueError(
                "INGRESS_READ_BUDGET_S + INGRESS_PUBLISH_BUDGET_S must leave"
                f" {_WORK_S:g} s of the {META_PATIENCE_S:g} s Meta waits: lower one of them"
            )
        return self

    @property
    def answer_budget_s(self) -> float:
        """The longest a request may take to be answered, in seconds."""
        return self.ingress_read_budget_s + self.ingress_publish_budget_s + _WORK_S
