"""What the simulator is told by its environment, once, at start."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "METASIM_"

_Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Settings(BaseSettings):
    """The simulator's environment: `METASIM_HOST`, `METASIM_PORT` and so on."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, hide_input_in_errors=True)

    host: _Name = "127.0.0.1"
    port: int = Field(8002, ge=0, le=65535)  # 0: the kernel chooses
    webhook_url: HttpUrl | None = None  # None: events are kept, none is delivered
    deauthorize_url: HttpUrl | None = None  # of the app, for `signed_request`
    data_deletion_url: HttpUrl | None = None
    app_id: _Name
    app_secret: SecretStr = Field(min_length=1)  # signs webhooks, proves the app in OAuth
    meta_app_secret: SecretStr | None = Field(None, min_length=1)  # signs those told to be
    verify_token: SecretStr = Field(min_length=1)
    api_version: str = Field("v26.0", pattern=r"^v\d+\.\d+$")


def complaint(error: ValidationError) -> str:
    """Say in one line which settings are wrong, by the names they have in the environment."""
    return "; ".join(
        f"{_PREFIX}{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )
