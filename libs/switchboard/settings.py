"""
What a process needs from its environment, by subject.

Each service's `settings.py` composes these; nothing else reads the environment. A value that
cannot be right stops the process with one line for each fault, and no line shows a value: a
database URL carries its password.
"""

from __future__ import annotations

import base64
import binascii
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, NoReturn, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from switchboard.topology import Queue

S = TypeVar("S", bound=BaseSettings)

EXIT_BAD_SETTINGS = 2
_KEY_BYTES: Final = 32  # AES-256

_HTTP_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _without_trailing_slash(url: str) -> str:
    _HTTP_URL.validate_python(url)
    return url.rstrip("/")


# Kept as written but for the trailing slash, because paths are appended to it.
BaseUrl = Annotated[str, AfterValidator(_without_trailing_slash)]


def split_list(value: object) -> object:
    """Read a comma-separated variable as a list; anything else is left as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


# Several values while one is being rotated out: the first is used, all are accepted.
SecretList = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(split_list), Field(min_length=1)
]


class Environment(BaseSettings):
    """The base of all settings: frozen, and silent about what it was given."""

    model_config = SettingsConfigDict(
        frozen=True, hide_input_in_errors=True, extra="ignore", env_ignore_empty=True
    )


class TelemetrySettings(Environment):
    """How the process is heard."""

    log_level: Annotated[str, StringConstraints(pattern="^(debug|info|warning|error)$")] = Field(
        "info", description="The least severe line that is logged: debug, info, warning or error."
    )
    sentry_dsn: SecretStr | None = Field(
        None, description="Where unexpected errors are reported. Unset: nowhere."
    )
    deploy_env: str = Field(
        "local",
        pattern=r"^[a-z][a-z0-9-]{0,30}$",
        description="The installation's name; a dimension of every metric.",
    )
    metrics_flush_s: float = Field(
        60.0, gt=0, description="Seconds between two metric lines; CloudWatch resolves minutes."
    )


class ProcessSettings(TelemetrySettings):
    """What every service's process needs."""

    drain_s: float = Field(
        25.0,
        gt=0,
        lt=110,
        description="Seconds to finish after SIGTERM; under the platform's stop timeout.",
    )
    loop_lag_limit_s: float = Field(
        5.0, gt=0, description="A loop that was blocked longer than this is reported unhealthy."
    )


class WorkerSettings(ProcessSettings):
    """What a service needs that serves nothing but its own health."""

    health_host: str = Field("127.0.0.1", description="The address health checks are served on.")
    health_port: int = Field(
        0, ge=0, le=65_535, description="The port of health checks. 0: the service's own default."
    )


class AwsSettings(Environment):
    """Where AWS, or what stands in for it, is."""

    aws_endpoint_url: BaseUrl | None = Field(
        None, description="An SQS-compatible server, and for keys a KMS. Unset: AWS itself."
    )
    aws_region: str = Field("us-east-1", min_length=1, description="The queues' AWS region.")


class QueueSettings(AwsSettings):
    """Where the queues are."""

    queue_prefix: str = Field(
        "switchboard-local",
        pattern=r"^[A-Za-z0-9_-]{1,50}$",
        description="What the queues' names begin with, so that installations do not meet.",
    )


class ConsumerSettings(Environment):
    """How much a consumer takes at once."""

    max_in_flight: int = Field(
        100, ge=1, le=10_000, description="Messages being worked on at once, at most."
    )
    receivers: int = Field(
        2, ge=1, le=20, description="Receive calls open at once; each brings up to 10 messages."
    )
    visibility_s: int | None = Field(
        None,
        ge=2,
        le=43_200,
        description="Seconds until what a killed process held is given to another; a living one"
        " extends them. Unset: as `topology.py` declares for the queue.",
    )

    def held(self, queue: Queue) -> Queue:
        """Return `queue` with this environment's visibility."""
        return replace(queue, visibility_s=self.visibility_s or queue.visibility_s)


class RedisSettings(Environment):
    """Where limits and conversation state are shared."""

    redis_url: RedisDsn = Field(
        repr=False, description="Redis 6.2 or later, or Valkey: redis:// or rediss://."
    )


class DatabaseSettings(Environment):
    """Where the truth is."""

    database_url: PostgresDsn = Field(
        repr=False,
        description="PostgreSQL 15 or later: control as switchboard_api, the others as "
        "switchboard_pipeline.",
    )
    database_pool_size: int = Field(4, ge=1, le=100, description="Connections kept, at most.")


class MetaSettings(Environment):
    """The Instagram app this installation acts as, and where Instagram is."""

    meta_graph_url: BaseUrl = Field(
        "https://graph.instagram.com", description="Messages, comments, accounts."
    )
    meta_api_url: BaseUrl = Field(
        "https://api.instagram.com", description="Exchanges a login's code for a token."
    )
    meta_www_url: BaseUrl = Field(
        "https://www.instagram.com", description="Where an owner logs in and grants access."
    )
    meta_api_version: str = Field(
        "v26.0", pattern=r"^v\d+\.\d+$", description="The Graph API version of every call."
    )
    meta_app_id: str = Field("", pattern=r"^\d*$", description="The Instagram app's id.")


class DeadlineSettings(Environment):
    """How close to a deadline of Meta's something is still sent."""

    sender_call_budget_s: float = Field(
        10.0,
        gt=0,
        description="The longest a call to Meta, or to an owner's server, may take; then its "
        "outcome is unknown.",
    )
    sender_window_margin_s: float = Field(
        300.0, ge=0, description="Nothing is sent later than this before Meta's own deadline."
    )

    def margin(self) -> timedelta:
        """Return how long before a deadline of Meta's a call is too late to begin."""
        return timedelta(seconds=self.sender_window_margin_s + self.sender_call_budget_s)


class WebhookSettings(Environment):
    """Whom owners' webhooks may reach."""

    webhooks_allow_private: bool = Field(
        default=False,
        description="Whether owners' webhooks may also go to private addresses and by plain http: "
        "for development, where the receiver is on your own machine.",
    )


class VaultSettings(AwsSettings):
    """The keys of what is sealed in the database: in a variable, in a file, or wrapped by KMS."""

    token_keys: Annotated[SecretList | None, NoDecode] = Field(
        None,
        description="The keys that seal access tokens and webhooks' secrets, each `id:base64` of "
        "32 bytes; the first seals, all open. This, TOKEN_KEYS_FILE or TOKEN_KEYS_KMS is needed.",
    )
    token_keys_file: Path | None = Field(
        None, description="A file with the same, a key in each line, in place of TOKEN_KEYS."
    )
    token_keys_kms: Annotated[SecretList | None, NoDecode] = Field(
        None,
        description="The same as AWS KMS has wrapped them (`switchboard tokens new-key`), in place "
        "of TOKEN_KEYS: unwrapped once, at the start.",
    )

    def vault_keys(self) -> dict[str, bytes]:
        """
        Return the keys that seal tokens, by name, the sealing one first.

        Those that KMS has wrapped are there once they are unwrapped (`wrapping`).
        """
        if self.token_keys_file is not None:
            return _keys_in(self.token_keys_file)
        return dict(_vault_key(key.get_secret_value()) for key in self.token_keys or ())

    @field_validator("token_keys")
    @classmethod
    def _keys_are_keys(cls, token_keys: SecretList | None) -> SecretList | None:
        for key in token_keys or ():
            _vault_key(key.get_secret_value())
        return token_keys

    @field_validator("token_keys_file")
    @classmethod
    def _file_has_keys(cls, file: Path | None) -> Path | None:
        if file is not None and not _keys_in(file):
            raise ValueError("there is no key in it")
        return file

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        places = (self.token_keys, self.token_keys_file, self.token_keys_kms)
        if sum(one is not None for one in places) != 1:
            raise ValueError("one of TOKEN_KEYS, TOKEN_KEYS_FILE and TOKEN_KEYS_KMS is needed")
        return self


def load(settings: type[S]) -> S:
    """Read `settings` from the environment, or end the process with one line for each fault."""
    try:
        return settings()
    except SettingsError as error:
        refuse(str(error))
    except ValidationError as error:
        refuse(
            *(f"{_variable(settings, fault['loc'])}: {fault['msg']}" for fault in error.errors())
        )


def refuse(*faults: str) -> NoReturn:
    """Say why the process cannot start, a line each, and end it."""
    for fault in faults:
        sys.stderr.write(f"cannot start: {fault}\n")
    raise SystemExit(EXIT_BAD_SETTINGS)


def _variable(settings: type[BaseSettings], loc: tuple[int | str, ...]) -> str:
    """Return the environment variable that a fault concerns (or the settings' name)."""
    if not loc:
        return settings.__name__
    prefix = settings.model_config.get("env_prefix", "")
    return ".".join([f"{prefix}{loc[0]}".upper(), *map(str, loc[1:])])


def _keys_in(file: Path) -> dict[str, bytes]:
    """Read a file of keys, one in each line; what is wrong is said without showing it."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read: {type(error).__name__}") from None
    return dict(_vault_key(line.strip()) for line in lines if line.strip())


def _vault_key(written: str) -> tuple[str, bytes]:
    """Read `id:base64`; what is wrong is said without showing the key."""
    key_id, colon, encoded = written.partition(":")
    if not (key_id and colon):
        raise ValueError("each key must be id:base64")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError(f"key {key_id!r} is not base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"key {key_id!r} has {len(key)} bytes and must have {_KEY_BYTES}")
    return key_id, key
