"""Keys that KMS has wrapped, against a server that speaks its language."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from aiobotocore.session import get_session

from switchboard import wrapping
from switchboard.db.credentials import Vault
from switchboard.settings import AwsSettings, VaultSettings
from switchboard.wrapping import CannotUnwrap, unwrapped
from tests.integration.cli.conftest import Switchboard, switchboard

__all__ = ["switchboard"]

ACCOUNT = UUID(int=1)


@pytest.fixture
def aws(sqs_endpoint_url: str) -> AwsSettings:
    """Where KMS is."""
    return AwsSettings(aws_endpoint_url=sqs_endpoint_url)


@pytest.fixture
async def kms_key(aws: AwsSettings) -> str:
    """A key of KMS's, which wraps others."""
    made = await call(aws, "create_key")
    return str(made["KeyMetadata"]["KeyId"])


async def call(aws: AwsSettings, name: str, **arguments: Any) -> Any:
    """Ask KMS as an operator does."""
    client = get_session().create_client(
        "kms", region_name=aws.aws_region, endpoint_url=aws.aws_endpoint_url
    )
    async with client as kms:
        return await getattr(kms, name)(**arguments)


def settings(aws: AwsSettings, *keys: str) -> VaultSettings:
    """Return the settings that have these keys."""
    return VaultSettings(aws_endpoint_url=aws.aws_endpoint_url, token_keys_kms=",".join(keys))


async def test_a_key_that_nobody_has_seen(aws: AwsSettings, kms_key: str) -> None:
    """What one process seals with it opens in another, whichever of several keys it is."""
    first, second = [await wrapping.new_key(aws, name, kms_key=kms_key) for name in ("a", "b")]
    sealing = await unwrapped(settings(aws, first))
    opening = await unwrapped(settings(aws, second, first))

    sealed = Vault(sealing.vault_keys()).seal("token", ACCOUNT)

    assert "token" == Vault(opening.vault_keys()).open(sealed, ACCOUNT)
    assert ["b", "a"] == list(opening.vault_keys())
    assert first not in repr(opening)


async def test_keys_that_are_not_wrapped(aws: AwsSettings) -> None:
    """Settings with other keys are left as they are, and KMS is not asked."""
    key = f"k:{base64.b64encode(bytes(32)).decode()}"
    plain = VaultSettings(aws_endpoint_url="http://127.0.0.1:9", token_keys=key)

    assert plain is await unwrapped(plain)
    assert aws is await unwrapped(aws)


async def test_what_does_not_open(aws: AwsSettings, kms_key: str) -> None:
    """What was wrapped for something else, what is no key, and a KMS that is away: each is told."""
    other = await call(aws, "encrypt", KeyId=kms_key, Plaintext=bytes(32))
    short = await call(
        aws, "encrypt", KeyId=kms_key, Plaintext=b"short", EncryptionContext=wrapping.CONTEXT
    )
    blobs = [base64.b64encode(one["CiphertextBlob"]).decode() for one in (other, short)]
    away = AwsSettings(aws_endpoint_url="http://127.0.0.1:9")
    said = [
        await refusal(settings(aws, f"a:{blobs[0]}")),
        await refusal(settings(aws, f"a:{blobs[1]}")),
        await refusal(settings(aws, "a:%%%")),
        await refusal(settings(away, f"a:{blobs[0]}")),
    ]

    assert all(one.startswith("TOKEN_KEYS_KMS: ") for one in said)
    assert [True] * 4 == [
        word in one
        for word, one in zip(
            ("InvalidCiphertext", "has 5 bytes", "not base64", "EndpointConnectionError"),
            said,
            strict=True,
        )
    ]


async def refusal(of: VaultSettings) -> str:
    """Return why these keys cannot be had."""
    with pytest.raises(CannotUnwrap) as caught:
        await unwrapped(of)
    return str(caught.value)


async def test_by_the_command_line(
    aws: AwsSettings, kms_key: str, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is made and used without anybody having seen it; one of nobody's is refused."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(aws.aws_endpoint_url))
    made = await switchboard("tokens", "new-key", "k", "--kms-key", kms_key)
    none = await switchboard("tokens", "new-key", "k", "--kms-key", str(UUID(int=9)))
    monkeypatch.setenv("TOKEN_KEYS_KMS", made.out.strip())
    rotated = await switchboard("tokens", "rotate")

    assert (0, 2) == (made.code, none.code)
    assert "NotFoundException" in none.err
    assert (0, "0 sealed again with k.\n") == (rotated.code, rotated.out)
