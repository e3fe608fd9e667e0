"""
Keys that AWS KMS has wrapped: unwrapped once, when a process starts, and never written down.

`TOKEN_KEYS_KMS` has what KMS made of each key. Whoever reads that has nothing without the right to
ask KMS, which it logs; and no message waits for KMS, which is asked at the start alone. Each is
bound to what it is for, so another thing that the same KMS key wrapped does not open here.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Final, TypeVar, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from switchboard.errors import Failure
from switchboard.settings import AwsSettings, VaultSettings

S = TypeVar("S", bound=BaseSettings)

# KMS: "encryption context". Part of what is authenticated, and in its log of who asked.
CONTEXT: Final = {"switchboard": "token-keys"}
_KEY_BYTES: Final = 32  # AES-256
_TIMEOUT_S: Final = 5


class CannotUnwrap(Failure):
    """KMS does not give a key: it is away, refuses, or never wrapped this. It says no secret."""

    reason: ClassVar[str] = "key_wrapped"


async def unwrapped(settings: S) -> S:
    """
    Return `settings` with the keys that KMS had wrapped, if they have any, as if they were given.

    Raises:
        CannotUnwrap: One of them cannot be had.
    """
    if not isinstance(settings, VaultSettings) or settings.token_keys_kms is None:
        return settings
    async with _open(settings) as kms:
        keys = [await _unwrap(kms, one.get_secret_value()) for one in settings.token_keys_kms]
    whole = settings.model_copy(update={"token_keys": tuple(keys), "token_keys_kms": None})
    return cast("S", whole)


async def new_key(settings: AwsSettings, name: str, *, kms_key: str) -> str:
    """
    Return a new key called `name`, as TOKEN_KEYS_KMS has it; nobody has seen it, and we neither.

    Raises:
        CannotUnwrap: KMS does not make one.
    """
    async with _open(settings) as kms:
        with _errors(name):
            made = await kms.generate_data_key_without_plaintext(
                KeyId=kms_key, NumberOfBytes=_KEY_BYTES, EncryptionContext=CONTEXT
            )
    return f"{name}:{base64.b64encode(made['CiphertextBlob']).decode()}"


async def _unwrap(kms: Any, written: str) -> SecretStr:
    name, _, wrapped = written.partition(":")
    try:
        blob = base64.b64decode(wrapped, validate=True)
    except binascii.Error:
        raise CannotUnwrap(f"TOKEN_KEYS_KMS: key {name!r} is not base64") from None
    with _errors(name):
        answer = await kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    key: bytes = answer["Plaintext"]
    if len(key) != _KEY_BYTES:
        raise CannotUnwrap(f"TOKEN_KEYS_KMS: key {name!r} has {len(key)} bytes and must have 32")
    return SecretStr(f"{name}:{base64.b64encode(key).decode()}")


@contextlib.asynccontextmanager
async def _open(settings: AwsSettings) -> AsyncIterator[Any]:
    config = AioConfig(
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        retries={"total_max_attempts": 3, "mode": "standard"},
    )
    async with get_session().create_client(
        "kms",
        region_name=settings.aws_region,
        endpoint_url=settings.aws_endpoint_url,
        config=config,
    ) as client:
        yield client


@contextlib.contextmanager
def _errors(name: str) -> Any:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "unknown")
        raise CannotUnwrap(f"TOKEN_KEYS_KMS: KMS refuses key {name!r}: {code}") from error
    except (TimeoutError, BotoCoreError, HTTPClientError, OSError) as error:
        raise CannotUnwrap(f"TOKEN_KEYS_KMS: KMS: {type(error).__name__}") from error
