"""The classifier's environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, RedisDsn, model_validator

from switchboard.settings import (
    BaseUrl,
    ConsumerSettings,
    QueueSettings,
    WorkerSettings,
)


class Settings(ConsumerSettings, QueueSettings, WorkerSettings):
    """What the classifier needs to know."""

    ollama_host: BaseUrl | None = Field(
        None,
        description="The Ollama server. Unset: questions are answered by the intents' examples"
        " alone.",
    )
    classifier_model: str = Field(
        "qwen2.5:3b",
        min_length=1,
        description="The chat model that is asked in doubt, as Ollama names it.",
    )
    classifier_embed_model: str | None = Field(
        None,
        description="An embedding model of the Ollama server that examples are compared by. Unset:"
        " the encoder in the process.",
    )
    classifier_encoder: bool = Field(
        True,
        description="Whether the process has a sentence encoder of its own (150 MB). Without one"
        " examples are compared by their words alone.",
    )
    classifier_believed: float = Field(
        0.5,
        ge=0,
        le=1,
        description="An answer less sure than this is none; an account may set its own.",
    )
    classifier_clear: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Examples that are so sure answer alone; no model is asked.",
    )
    classifier_call_budget_s: float = Field(
        8.0,
        gt=0,
        le=60,
        description="Seconds a question may take at the model, waiting for it included.",
    )
    classifier_concurrency: int = Field(
        4, ge=1, le=100, description="Questions put to the model at once, at most."
    )
    classifier_waiting: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Questions that wait for the model at once, at most; others do without it.",
    )
    classifier_breaker_failures: int = Field(
        5,
        ge=1,
        le=1_000,
        description="Failures of the model in a row after which it is left alone.",
    )
    classifier_breaker_open_s: float = Field(
        15.0, gt=0, le=3_600, description="Seconds it is left alone; then one question tries it."
    )
    classifier_cache_s: float = Field(
        604_800.0, ge=1, description="Seconds an answer is remembered for the same text."
    )
    redis_url: RedisDsn | None = Field(
        None,
        repr=False,
        description="Where replicas share the breaker and what was answered. Unset: each has its"
        " own.",
    )

    @model_validator(mode="after")
    def _clear_is_believed(self) -> Self:
        if self.classifier_clear < self.classifier_believed:
            msg = "classifier_clear under classifier_believed: what is clear must be believed"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _embedding_needs_a_server(self) -> Self:
        if self.classifier_embed_model is not None and self.ollama_host is None:
            msg = "classifier_embed_model: set OLLAMA_HOST to the server that has it"
            raise ValueError(msg)
        return self
