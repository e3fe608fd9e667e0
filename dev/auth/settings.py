"""What the stand-in needs from its environment, and where it must not run."""

from __future__ import annotations

import ipaddress

from pydantic import Field, PostgresDsn, field_validator

from dev.auth.tokens import LIVES_S
from switchboard.settings import BaseUrl, Environment


class Settings(Environment):
    """The stand-in's environment."""

    auth_database_url: PostgresDsn = Field(repr=False, description="As the schema's owner.")
    auth_host: str = Field("127.0.0.1", description="A loopback address.")
    auth_port: int = Field(8003, ge=0, le=65_535, description="The port it listens on.")
    auth_site_url: BaseUrl = Field(
        "http://127.0.0.1:8000", description="Where letters' links lead, unless told otherwise."
    )
    auth_token_lives_s: int = Field(
        LIVES_S, ge=1, le=604_800, description="Seconds that an access token is good."
    )
    supabase_url: BaseUrl = Field(description="Where clients reach it.")
    deploy_env: str = Field("local", description="The installation's name; must be local.")

    @field_validator("auth_host")
    @classmethod
    def _stays_here(cls, host: str) -> str:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the stand-in lets anybody in: it listens on a loopback address only")
        return host

    @field_validator("deploy_env")
    @classmethod
    def _is_local(cls, deploy_env: str) -> str:
        if deploy_env != "local":
            raise ValueError("the stand-in lets anybody in: it is for local installations only")
        return deploy_env

    @property
    def issuer(self) -> str:
        """What its tokens say of who issued them."""
        return f"{self.supabase_url}/auth/v1"
