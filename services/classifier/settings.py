"""The classifier's environment."""

from __future__ import annotations

from pydantic import Field

from switchboard.settings import (
    BaseUrl,
    ConsumerSettings,
    QueueSettings,
    WorkerSettings,
)


class Settings(ConsumerSettings, QueueSettings, WorkerSettings):
    """What the classifier needs to know."""

    ollama_host: BaseUrl | None = Field(
        None, description="The Ollama server. Unset: every question is answered with an abstention."
    )
    classifier_model: str = Field(
        "qwen2.5:3b", min_length=1, description="The chat model that is asked, as Ollama names it."
    )
    classifier_call_budget_s: float = Field(
        8.0,
        gt=0,
        le=60,
        description="Seconds a question may take, waiting for the model included; then we abstain.",
    )
    classifier_concurrency: int = Field(
        4, ge=1, le=100, description="Questions put to the model at once, at most."
    )
    classifier_unreachable_s: float = Field(
        15.0,
        ge=0,
        description="After a failed connection to the model, seconds in which none is tried.",
    )
