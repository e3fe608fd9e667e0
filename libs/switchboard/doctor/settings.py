"""What an examination needs: the services' own settings, all that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, RedisDsn, SecretStr, model_validator
from pydantic_settings import NoDecode

from switchboard.settings import BaseUrl, MetaSettings, SecretList, VaultSettings
from switchboard.storage import StorageSettings
from switchboard.storage.settings import PlaceUrl


class DoctorSettings(StorageSettings, MetaSettings):
    """The environment of the services; what is not set is not looked at, and that is said."""

    redis_url: RedisDsn | None = Field(None, repr=False, description="Redis, as the services' own.")
    token_keys: Annotated[SecretList | None, NoDecode] = Field(
        None, description="As the sender's: without them no token opens, and Meta is not asked."
    )
    token_keys_file: Path | None = Field(None, description="As the sender's.")
    token_keys_kms: Annotated[SecretList | None, NoDecode] = Field(
        None, description="As the sender's."
    )
    meta_app_secrets: Annotated[SecretList | None, NoDecode] = Field(
        None, description="As the ingress's."
    )
    public_url: BaseUrl | None = Field(None, description="As the sender's.")
    ollama_host: BaseUrl | None = Field(None, description="As the classifier's.")
    classifier_model: str = Field("qwen2.5:3b", description="As the classifier's.")
    supabase_url: BaseUrl | None = Field(None, description="As control's.")
    supabase_jwt_secret: SecretStr | None = Field(None, description="As control's.")
    control_token_issuer: str | None = Field(None, description="As control's.")
    archive_url: PlaceUrl | None = Field(None, description="As the caretaker's.")
    archive_dir: Path | None = Field(None, description="As the caretaker's.")
    retention_days: int | None = Field(None, description="As the caretaker's.")
    doctor_ingress_url: BaseUrl | None = Field(
        None,
        description="Where the ingress answers from here, to ask which secret signs. Unset: that is"
        " not looked at.",
    )
    doctor_call_budget_s: float = Field(
        10.0, gt=0, description="The longest one of the doctor's calls may take."
    )
    doctor_budget_s: float = Field(
        20.0,
        gt=0,
        le=120,
        description="The longest an examination by the API may take; what was not looked at by then"
        " is said so.",
    )

    @property
    def archive(self) -> str | None:
        """Where old days of the ledger are kept."""
        return self.archive_url or (str(self.archive_dir) if self.archive_dir else None)

    def vault(self) -> VaultSettings | None:
        """Return where the keys are that open tokens; `None` if there are none here."""
        places = (self.token_keys, self.token_keys_file, self.token_keys_kms)
        if not any(places):
            return None
        return VaultSettings(
            aws_endpoint_url=self.aws_endpoint_url,
            aws_region=self.aws_region,
            token_keys=self.token_keys,
            token_keys_file=self.token_keys_file,
            token_keys_kms=self.token_keys_kms,
        )

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        self.vault()
        return self
