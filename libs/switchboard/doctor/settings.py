"""What an examination needs: the services' own settings, all that are there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PostgresDsn, RedisDsn
from pydantic_settings import NoDecode

from switchboard.settings import BaseUrl, MetaSettings, QueueSettings, SecretList


class DoctorSettings(QueueSettings, MetaSettings):
    """The environment of the services; what is not set is not looked at, and that is said."""

    database_url: PostgresDsn = Field(
        repr=False, description="PostgreSQL, as the role that owns the schema."
    )
    redis_url: RedisDsn | None = Field(None, repr=False, description="Redis, as the services' own.")
    token_keys: Annotated[SecretList | None, NoDecode] = Field(
        None, description="As the sender's: without them no token opens, and Meta is not asked."
    )
    meta_app_secrets: Annotated[SecretList | None, NoDecode] = Field(
        None, description="As the ingress's."
    )
    public_url: BaseUrl | None = Field(None, description="As the sender's.")
    ollama_host: BaseUrl | None = Field(None, description="As the classifier's.")
    classifier_model: str = Field("qwen2.5:3b", description="As the classifier's.")
    doctor_ingress_url: BaseUrl | None = Field(
        None,
        description="Where the ingress answers from here, to ask which secret signs. Unset: that is"
        " not looked at.",
    )
    doctor_call_budget_s: float = Field(
        10.0, gt=0, description="The longest one of the doctor's calls may take."
    )
