"""What control needs from its environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    PostgresDsn,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from switchboard.settings import (
    BaseUrl,
    DatabaseSettings,
    ProcessSettings,
    QueueSettings,
    RedisSettings,
    split_list,
)
from switchboard.storage import StorageSettings
from switchboard.topology import CONTROL

# A campaign has 1 MiB at most, and JSON in JSON grows when its quotes are escaped.
_MAX_BODY_BYTES: Final = 2 * 1_048_576
# RFC 7518, 3.2: a key for HS256 has the hash's size, 32 bytes, or more.
_MIN_SECRET: Final = 32


class Settings(StorageSettings, QueueSettings, DatabaseSettings, RedisSettings, ProcessSettings):
    """Control's environment."""

    control_host: str = Field(
        "127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 in a container."
    )
    control_port: int = Field(
        CONTROL.port,
        ge=0,
        le=65_535,
        description="The port of the API and of health. 0: one the system chooses.",
    )
    supabase_url: BaseUrl = Field(
        description="The Supabase project, https://<ref>.supabase.co: its Auth signs access tokens."
    )
    supabase_jwt_secret: SecretStr | None = Field(
        None,
        description="An old project's secret that signs tokens by HS256. Unset: only the project's"
        " public keys are believed.",
    )
    control_token_issuer: str | None = Field(
        None,
        description="What tokens must say of who issued them, where a project has a domain of its"
        " own. Unset: SUPABASE_URL/auth/v1.",
    )
    caretaker_database_url: PostgresDsn | None = Field(
        None,
        repr=False,
        description="PostgreSQL, as switchboard_caretaker. Unset: this process looks after no"
        " accounts, and nobody can log in at Instagram; set, the caretaker's settings are needed.",
    )
    control_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)] = Field(
        (),
        description="Origins besides its own whose pages may call the API, separated by commas.",
    )
    control_calls_burst: int = Field(
        120, ge=1, le=100_000, description="Calls a user may make at once."
    )
    control_calls_per_s: float = Field(
        10.0, gt=0, le=10_000, description="Calls a user may make a second, from then on."
    )
    control_live_most: int = Field(
        6, ge=1, le=100, description="Live answers a user may have open at once."
    )
    control_live_every_s: float = Field(
        1.0, gt=0, le=60, description="How often a live answer looks for what is new."
    )
    control_letters_through: int = Field(
        10_000,
        ge=1,
        le=100_000,
        description="Dead letters of a queue that are looked through to find those asked for.",
    )
    control_letters_s: float = Field(
        20.0,
        gt=0,
        le=90,
        description="The longest that is done; after two minutes SQS gives them to others.",
    )
    control_deletion_grace_days: int = Field(
        7,
        ge=1,
        le=90,
        description="Days for which the deletion of a workspace can be called off.",
    )
    control_max_body_bytes: int = Field(
        _MAX_BODY_BYTES, ge=1_024, description="The largest body a request may have; then 413."
    )

    @field_validator("supabase_jwt_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < _MIN_SECRET:
            raise ValueError(f"a secret for HS256 has {_MIN_SECRET} bytes or more")
        return secret

    @field_validator("control_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("each must be an origin, as https://dashboard.example, without /")
        return origins

    @model_validator(mode="after")
    def _is_fetched_safely(self) -> Self:
        if self.deploy_env != "local" and not self.supabase_url.startswith("https://"):
            raise ValueError("SUPABASE_URL must be https: whoever answers it decides who is who")
        return self

    @property
    def auth_url(self) -> str:
        """Where the project's Auth is."""
        return f"{self.supabase_url}/auth/v1"

    @property
    def token_issuer(self) -> str:
        """What tokens say of who issued them."""
        return self.control_token_issuer or self.auth_url

    @property
    def calls_interval(self) -> timedelta:
        """In which a user may make one more call."""
        return timedelta(seconds=1 / self.control_calls_per_s)
